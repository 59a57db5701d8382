internal import ArgumentParser
internal import Pawl

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make the next version of an outside model, of adapters, or of other settings.",
    discussion: """
      --model takes a sentence-transformers directory. --adapter takes low-rank adapters in PEFT's format and \
      merges them into a version's encoder. --version alone takes that version's encoder with other prefixes or \
      another maximum length. The new version serves nobody until it is embedded, compared and promoted.

      Example:
        pawl import demo.pawl --model models/other
        pawl import demo.pawl --adapter runs/lora --version v1
        pawl import demo.pawl --version v1 --max-length 128
      """)

  @OptionGroup var target: StoreArgument
  @Option(help: ArgumentHelp("A sentence-transformers directory.", valueName: "dir"))
  var model: String?
  @Option(help: ArgumentHelp("A folder of adapters in PEFT's format.", valueName: "dir"))
  var adapter: String?
  @Option(help: ArgumentHelp("Whose child it is (default: the active one's).", valueName: "vN"))
  var version: String?
  @Option(help: ArgumentHelp("Put before every query.", valueName: "text"))
  var queryPrefix: String?
  @Option(help: ArgumentHelp("Put before every passage.", valueName: "text"))
  var passagePrefix: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Tokens of the longest text.", valueName: "n"))
  var maxLength: Int?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if model != nil, adapter != nil { throw ValidationError("Give --model or --adapter.") }
    if model == nil, adapter == nil, version == nil {
      throw ValidationError("Give --model, --adapter, or --version with other settings.")
    }
    let hasSettings = queryPrefix != nil || passagePrefix != nil || maxLength != nil
    if model == nil, adapter == nil, !hasSettings {
      throw ValidationError(
        "What shall be other than in \(version ?? "it")? Give --query-prefix, --passage-prefix or "
          + "--max-length.")
    }
    if let maxLength, maxLength < 3 {
      throw ValidationError("--max-length must be at least 3: [CLS], [SEP] and a token.")
    }
  }

  func run() throws {
    let store = try Store(path: target.store)
    let source: ImportOptions.Source =
      if let model { .model(model) } else if let adapter { .adapter(adapter) } else { .version }
    var options = ImportOptions(source)
    options.version = version
    options.queryPrefix = queryPrefix
    options.passagePrefix = passagePrefix
    options.maxLength = maxLength
    let summary = try CommandProgress.during(isQuiet: false) { line in
      try store.importVersion(options) { line.show($0) }
    }
    let name = summary.version
    let sharing = SharedIndexText(summary.upkeep, version: name, store: target.store)
    guard let made = try store.versions().first(where: { $0.name == name }) else { return }
    if output.json {
      Output.line(try JSONOutput.line(made))
      return try sharing.tellProblem()
    }
    Output.line(
      "\(target.store): \(made.origin), \(made.width) dimensions, texts up to \(made.maxLength) tokens"
    )
    sharing.tell()
    Output.line(name)
    try sharing.tellProblem()
  }
}
