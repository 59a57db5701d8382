internal import ArgumentParser
internal import Encoding
internal import IVF
internal import Pawl

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a new store; version v1 is the given model.",
    discussion: """
      With --dimension the store has no model: it takes vectors that are made elsewhere (pawl ingest \
      --vectors) and answers vectors (pawl search --vectors), by the cosine.

      Example:
        pawl init demo.pawl --model models/all-MiniLM-L6-v2
        pawl init vectors.pawl --dimension 768
      """)

  @OptionGroup var target: StoreArgument
  @Option(
    help: ArgumentHelp(
      "A sentence-transformers directory (default: $PAWL_MODEL, then models/all-MiniLM-L6-v2).",
      valueName: "dir"))
  var model: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("For vectors of so many floats, made elsewhere.", valueName: "d"))
  var dimension: Int?
  @Option(
    help: ArgumentHelp(
      "How embeddings are stored: int8 (default), float16, float32, or binary: one bit a dimension to "
        + "find candidates fast, with int8 to score them.", valueName: "codec"),
    transform: InitCommand.codec(named:))
  var codec = Codec.int8
  @Option(
    help: ArgumentHelp(
      "The numeric path that makes vectors: int12 (default: products of 12 bits, twice as fast, cosine "
        + "above .9999 to float32) or float32.", valueName: "path"),
    transform: InitCommand.numericPath(named:))
  var numeric: NumericPath?
  @Option(help: ArgumentHelp("Put before every query.", valueName: "text"))
  var queryPrefix: String?
  @Option(help: ArgumentHelp("Put before every passage.", valueName: "text"))
  var passagePrefix: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Tokens of the longest text (default: the model's).", valueName: "n"))
  var maxLength: Int?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let maxLength, maxLength < 3 {
      throw ValidationError("--max-length must be at least 3: [CLS], [SEP] and a token.")
    }
    guard let dimension else { return }
    guard (1...Store.maximumDimension).contains(dimension) else {
      throw ValidationError("--dimension must be 1 to \(Store.maximumDimension).")
    }
    let given = [
      ("--model", model != nil), ("--numeric", numeric != nil),
      ("--query-prefix", queryPrefix != nil), ("--passage-prefix", passagePrefix != nil),
      ("--max-length", maxLength != nil),
    ]
    if let (name, _) = given.first(where: { $0.1 }) {
      throw ValidationError(
        "\(name) belongs to a text encoder, and a store with --dimension has none: its vectors are "
          + "made elsewhere.")
    }
  }

  func run() throws {
    let store =
      if let dimension {
        try Store.create(at: target.store, dimension: dimension, codec: codec)
      } else {
        try Store.create(at: target.store, settings())
      }
    guard let version = try store.versions().first else { return }
    if output.json {
      Output.line(try JSONOutput.line(version))
      return
    }
    Output.line(
      "\(target.store): version \(version.name), \(version.width) dimensions as \(version.codec), "
        + (version.hasEncoder
          ? "texts up to \(version.maxLength) tokens" : "vectors made elsewhere"))
    Terminal.error(
      "next: pawl ingest \(target.store.quotedForShell) "
        + (version.hasEncoder ? "collection.tsv" : "--vectors X.npy --ids ids.txt"))
  }

  private func settings() throws -> StoreSettings {
    var settings = StoreSettings(model: try DefaultModel.path(model))
    settings.codec = codec
    if let numeric { settings.numericPath = numeric }
    settings.queryPrefix = queryPrefix
    settings.passagePrefix = passagePrefix
    settings.maxLength = maxLength
    return settings
  }

  private static func numericPath(named name: String) throws -> NumericPath {
    guard let path = NumericPath(rawValue: name) else {
      let names = NumericPath.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no numeric path \"\(name)\"; there is: \(names).")
    }
    return path
  }

  static func codec(named name: String) throws -> Codec {
    guard let codec = Codec(rawValue: name) else {
      let names = Codec.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no codec \"\(name)\"; there is: \(names).")
    }
    return codec
  }
}
