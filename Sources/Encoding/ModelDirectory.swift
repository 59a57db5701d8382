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

  /// What the model wants before queries and before passages: nothing, as a rule.
  package struct Prompts: Sendable, Equatable {
    package var query = ""
    package var passage = ""
  }

  package let prompts: Prompts

  /// Whether texts are lowercased before the tokenizer sees them.
  package let lowercasesText: Bool

  /// The pooling module's config.json relative to `path`, where modules.json names one.
  let poolingFile: String?

  /// The folder that holds config.json and the weights: `path`, or its part that modules.json names.
  package let transformerPath: String

  /// - Throws: `EncodingError` naming the file and the setting that is absent or unsupported.
  package init(path: String) throws(EncodingError) {
    self.path = path
    let modules = try Modules(directory: path)
    transformerPath = modules.transformer.isEmpty ? path : path + "/" + modules.transformer
    let shape = try TransformerConfiguration(directory: transformerPath)
    configuration = shape
    poolingFile = modules.pooling.map { $0 + "/config.json" }
    pooling =
      if let poolingFile {
        try Self.pooling(path: path + "/" + poolingFile, width: shape.width)
      } else { .mean }
    maxLength = try Self.maxLength(directory: transformerPath, shape)
    let settings = transformerPath + "/sentence_bert_config.json"
    lowercasesText =
      if MappedFile.exists(settings) {
        try ModelFile(path: settings).flag("do_lower_case")
      } else { false }
    prompts = try Self.prompts(path: path + "/config_sentence_transformers.json")
  }

  /// - Throws: `EncodingError.maxLength` for a number of tokens that the model does not take.
  package func require(maxLength: Int?) throws(EncodingError) {
    let most = configuration.positionCount
    if let maxLength, !(3...most).contains(maxLength) {
      throw .maxLength(maxLength, most: most)
    }
  }

  /// Those named "query", and "document" or "passage".
  private static func prompts(path: String) throws(EncodingError) -> Prompts {
    var prompts = Prompts()
    guard MappedFile.exists(path), case .object(let fields)? = try ModelFile(path: path)["prompts"]
    else { return prompts }
    for field in fields {
      guard case .string(let text) = field.value else {
        throw .malformed(path: path, problem: "the prompt \"\(field.key)\" is no text")
      }
      switch field.key {
      case "query": prompts.query = text
      case "document", "passage": prompts.passage = text
      default: break
      }
    }
    return prompts
  }

  private static func pooling(path: String, width: Int) throws(EncodingError) -> Pooling {
    let file = try ModelFile(path: path)
    // Older releases of sentence-transformers write the first name, newer ones the second.
    for key in ["word_embedding_dimension", "embedding_dimension"] {
      let dimension = try file.integer(key, in: 1...65_536, default: width)
      guard dimension == width else {
        throw .malformed(
          path: path, problem: "\"\(key)\" is \(dimension), config.json's hidden_size \(width)")
      }
    }
    guard try file.flag("include_prompt", default: true) else {
      throw .unsupported(path: path, feature: "\"include_prompt\" is false")
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
      let names = chosen.isEmpty ? "no mode at all" : chosen.joined(separator: " and ")
      throw .unsupported(path: path, feature: "pooling by \(names)")
    }
  }

  /// max_seq_length of sentence_bert_config.json, else model_max_length of tokenizer_config.json, where
  /// newer releases of sentence-transformers write it; never more than there are positions.
  private static func maxLength(
    directory: String, _ configuration: TransformerConfiguration
  ) throws(EncodingError) -> Int {
    let positionCount = configuration.positionCount
    let path = directory + "/sentence_bert_config.json"
    if MappedFile.exists(path) {
      let file = try ModelFile(path: path)
      if file["max_seq_length"] != nil {
        return try file.integer("max_seq_length", in: 3...positionCount)
      }
    }
    let usual = min(positionCount, 512)
    let tokenizerPath = directory + "/tokenizer_config.json"
    guard MappedFile.exists(tokenizerPath) else { return usual }
    // 10^30 stands for no limit.
    let length = try ModelFile(path: tokenizerPath).number(
      "model_max_length", in: 3...1e300, default: Double(usual))
    return Int(min(length, Double(positionCount)))
  }
}
