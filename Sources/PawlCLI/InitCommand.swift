internal import ArgumentParser
internal import IVF
internal import Pawl

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a new store; version v1 is the given model.",
    discussion: """
      Example:
        pawl init demo.pawl --model models/all-MiniLM-L6-v2
      """)

  @OptionGroup var target: StoreArgument
  @Option(
    help: ArgumentHelp(
      "A sentence-transformers directory (default: $PAWL_MODEL, then models/all-MiniLM-L6-v2).",
      valueName: "dir"))
  var model: String?
  @Option(
    help: "How embeddings are stored: int8 (default), float16 or float32.",
    transform: InitCommand.codec(named:))
  var codec = Codec.int8
  @Option(
    help: "The numeric path that makes vectors: float32 (the only one of this release).",
    transform: InitCommand.numericPath(named:))
  var numeric = NumericPath.float32
  @Option(help: ArgumentHelp("Put before every query.", valueName: "text"))
  var queryPrefix = ""
  @Option(help: ArgumentHelp("Put before every passage.", valueName: "text"))
  var passagePrefix = ""
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Tokens of the longest text (default: the model's).", valueName: "n"))
  var maxLength: Int?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let maxLength, maxLength < 3 {
      throw ValidationError("--max-length must be at least 3: [CLS], [SEP] and a token.")
    }
  }

  func run() throws {
    var settings = StoreSettings(model: try DefaultModel.path(model))
    settings.codec = codec
    settings.numericPath = numeric
    settings.queryPrefix = queryPrefix
    settings.passagePrefix = passagePrefix
    settings.maxLength = maxLength
    let store = try Store.create(at: target.store, settings)
    guard let version = try store.versions().first else { return }
    if output.json {
      Output.line(try JSONOutput.line(version))
      return
    }
    Output.line(
      "\(target.store): version \(version.name), \(version.width) dimensions as \(version.codec), "
        + "texts up to \(version.maxLength) tokens")
    Terminal.error("next: pawl ingest \(target.store) collection.tsv")
  }

  private static func numericPath(named name: String) throws -> NumericPath {
    guard let path = NumericPath(rawValue: name) else {
      throw ValidationError(
        "There is no numeric path \"\(name)\" in this release; there is: float32.")
    }
    return path
  }

  private static func codec(named name: String) throws -> Codec {
    guard let codec = Codec(rawValue: name) else {
      let names = Codec.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no codec \"\(name)\"; there is: \(names).")
    }
    return codec
  }
}
