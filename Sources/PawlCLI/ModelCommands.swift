internal import ArgumentParser
internal import Corpus
internal import Encoding
internal import Pawl

struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A sentence-transformers directory (default: $PAWL_MODEL, then models/all-MiniLM-L6-v2).",
      valueName: "dir"))
  var model: String?
}

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Print the token ids of each line of a file.",
    discussion: """
      [CLS] and [SEP] are included; texts are cut at the model's limit.

      Example:
        pawl tokenize --model models/all-MiniLM-L6-v2 texts.txt
      """)

  @OptionGroup var options: ModelOptions
  @Argument(help: "One text a line.")
  var file: String

  func run() throws {
    var tokenizer = try TextTokenizer(directory: DefaultModel.path(options.model))
    var lines = try LineReader(path: file, kind: .texts)
    var output = BufferedOutput()
    var ids: [Int32] = []
    while let text = try lines.nextText() {
      ids.removeAll(keepingCapacity: true)
      tokenizer.encode(text, into: &ids)
      for (index, id) in ids.enumerated() {
        if index > 0 { output.append(UInt8(ascii: " ")) }
        output.append(decimal: id)
      }
      output.append(UInt8(ascii: "\n"))
    }
    output.flush()
  }
}

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Write the vectors of the lines of a file.",
    discussion: """
      Writes float32, N × D, unit rows, as a new store would make them (path int12).

      Example:
        pawl embed --model models/all-MiniLM-L6-v2 texts.txt --out vectors.npy
      """)

  @OptionGroup var options: ModelOptions
  @Argument(help: "One text a line.")
  var file: String
  @Option(help: ArgumentHelp("The .npy file to write.", valueName: "file"))
  var out: String
  @Flag(help: "Take the path float32 throughout, not the faster int12.")
  var exactFloat = false
  @Flag(help: "No progress.")
  var quiet = false

  /// Texts encoded between two looks at the clock.
  private static let batchSize = 512

  func run() throws {
    let model = try Model(
      directory: DefaultModel.path(options.model), numericPath: exactFloat ? .float32 : .standard)
    var lines = try LineReader(path: file, kind: .texts)
    var total = 0
    while try lines.nextText() != nil { total += 1 }
    try lines.rewind()
    Interrupt.watch()
    var progress = ProgressLine(unit: "texts", isQuiet: quiet)
    var writer = try VectorWriter(path: out, rowCount: total, dimension: model.width)
    var done = 0
    while done < total {
      var batch: [String] = []
      while batch.count < Self.batchSize, let text = try lines.nextText() { batch.append(text) }
      try writer.append(model.embed(batch).span)
      done += batch.count
      progress.update("embedding", done: done, total: total)
      if Interrupt.isAsked {
        progress.finish()
        Terminal.error("stopped; nothing was written")
        throw ExitStatus.failed.code
      }
    }
    progress.finish()
    try writer.commit()
    Terminal.error("\(out): \(Figures.grouped(total)) × \(model.width) float32")
  }
}
