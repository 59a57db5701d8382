/// A sentence-transformers directory: what its modules say about turning a text into a vector.
package struct ModelDirectory: Sendable {
  package enum Pooling: String, Sendable {
    case mean, cls
  }

  package let path: String
  package let configuration: TransformerConfiguration
  package let pooling: Pooling
  /// Tokens of the longest text, [CLS] and [SEP] included; what is longer is cut.
  package let maxLength: Int

  /// The pooling module's config.json relative to `path`, where modules.json names one.
  let poolingFile: String?

  /// The folder that holds config.json and the weights: `path`, or its part that modules.json names.
  package let transformerPath: String

  /// - Throws: `EncodingError` naming the file and the setting that is absent or unsupported.
  package init(path: String) throws(EncodingError) {
    self.path = path
    let modules = try ModuleList(directory: path)
    transformerPath = modules.transformer.isEmpty ? path : path + "/" + modules.transformer
    let shape = try TransformerConfiguration(directory: transformerPath)
    configuration = shape
    poolingFile = modules.pooling.map { $0 + "/config.json" }
    pooling =
      if let poolingFile {
        try Self.pooling(path: path + "/" + poolingFile, width: shape.width)
      } else { .mean }
    maxLength = try Self.maxLength(directory: transformerPath, shape)
  }

  private static func pooling(path: String, width: Int) throws(EncodingError) -> Pooling {
    let file = try ModelFile(path: path)
    let dimension = try file.integer("word_embedding_dimension", in: 1...65_536, default: width)
    guard dimension == width else {
      throw .malformed(
        path: path, problem: "pools \(dimension) dimensions of a model that has \(width)")
    }
    // Newer releases write one key, older ones a flag a mode.
    if file["pooling_mode"] != nil {
      let mode = try file.require("pooling_mode", toBeOneOf: ["mean", "cls"], default: "mean")
      return Pooling(rawValue: mode) ?? .mean
    }
    let modes = [
      "cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens",
      "lasttoken",
    ]
    var chosen: [String] = []
    for mode in modes where try file.flag("pooling_mode_" + mode) { chosen.append(mode) }
    switch chosen {
    case ["mean_tokens"]: return .mean
    case ["cls_token"]: return .cls
    default:
      throw .unsupported(path: path, feature: "pooling by \(chosen.joined(separator: " and "))")
    }
  }

  /// sentence_bert_config.json's limit, and never more than there are positions.
  private static func maxLength(
    directory: String, _ configuration: TransformerConfiguration
  ) throws(EncodingError) -> Int {
    let path = directory + "/sentence_bert_config.json"
    guard MappedFile.exists(path) else { return min(configuration.positionCount, 512) }
    return try ModelFile(path: path).integer(
      "max_seq_length", in: 3...configuration.positionCount,
      default: min(configuration.positionCount, 512))
  }
}

/// The steps that modules.json lists, of the kinds that Pawl runs.
private struct ModuleList {
  private(set) var transformer = ""
  private(set) var pooling: String?

  init(directory: String) throws(EncodingError) {
    let path = directory + "/modules.json"
    // A plain transformers directory has none; sentence-transformers then takes the mean.
    guard MappedFile.exists(path) else { return }
    let file = try MappedFile(path: path)
    let list: JSON
    do throws(JSONError) { list = try JSON.parse(file.copy(0..<file.count)) } catch {
      throw .malformed(path: path, problem: "\(error)")
    }
    guard case .array(let modules) = list else {
      throw .malformed(path: path, problem: "expected a JSON array of modules")
    }
    for module in modules {
      guard let type = module["type"]?.string, let folder = module["path"]?.string,
        !folder.utf8.elementsEqual("..".utf8), !folder.utf8.contains(UInt8(ascii: "/"))
      else { throw .malformed(path: path, problem: "a module needs a type and a folder's name") }
      switch type.utf8.split(separator: UInt8(ascii: ".")).last.map({ String($0) ?? "" }) {
      case "Transformer": transformer = folder
      case "Pooling": pooling = folder
      // Embeddings are always brought to unit length, so this step changes nothing.
      case "Normalize": break
      default: throw .unsupported(path: path, feature: "the module \"\(type)\"")
      }
    }
  }
}
