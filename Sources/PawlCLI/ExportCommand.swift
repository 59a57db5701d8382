internal import ArgumentParser
internal import Corpus
internal import Pawl

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a version's encoder, or its vectors and their ids.",
    discussion: """
      --model writes a sentence-transformers directory with a model card, and beside it an adapter of queries \
      where the version has one; pawl init --model and pawl import --model read both. The vectors are what the \
      codes stand for, float32, N × D, in the order in which the passages were stored; the ids are one a line. A store of the same codec that ingests both gives the same answers. \
      Each file or folder appears whole or not at all.

      Example:
        pawl export demo.pawl --version v2 --model models/v2
        pawl export demo.pawl --vectors X.npy --ids ids.txt
        pawl export demo.pawl --version v2 --vectors X.npy --ids ids.txt
      """)

  @OptionGroup var target: StoreArgument
  @Option(help: ArgumentHelp("The folder to write the encoder to.", valueName: "dir"))
  var model: String?
  @Option(help: ArgumentHelp("The vectors to write.", valueName: "X.npy"))
  var vectors: String?
  @Option(help: ArgumentHelp("The ids to write.", valueName: "ids.txt"))
  var ids: String?
  @Option(help: ArgumentHelp("Of this version instead of the active one.", valueName: "vN"))
  var version: String?
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if model != nil {
      if vectors != nil || ids != nil {
        throw ValidationError("Give --model, or --vectors and --ids.")
      }
      return
    }
    guard let vectors, let ids else {
      throw ValidationError("Give --model, or --vectors and --ids: what to write.")
    }
    let onOutput = [vectors, ids].filter(OutputFile.isStandardOutput)
    if onOutput.count + (output.json ? 1 : 0) > 1 {
      throw ValidationError("Only one result goes to standard output.")
    }
    if OutputFile.isStandardOutput(vectors), Terminal.outputIsTerminal {
      throw ValidationError(
        "A matrix is nothing to read on a terminal: name a file, or redirect the output.")
    }
  }

  func run() throws {
    if let model { return try exportModel(to: model) }
    guard let vectors, let ids else { return }
    let store = try Store(path: target.store, access: .reading)
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      try store.exportVectors(to: vectors, ids: ids, version: version) { line.show($0) }
    }
    guard let summary else {
      Terminal.error("stopped; nothing was written")
      throw ExitStatus.failed.code
    }
    if output.json {
      Output.line(
        try JSONOutput.line(ExportReport(vectors: vectors, ids: ids, summary)))
    } else {
      Terminal.error(
        "\(vectors): \(Figures.grouped(summary.vectorCount)) × \(summary.width) float32 "
          + "of \(summary.version); \(ids): their ids")
    }
    if summary.pendingCount > 0 {
      Terminal.error(
        Figures.count(summary.pendingCount, "passage is", "passages are")
          + " not embedded yet and left out")
    }
  }
}

extension ExportCommand {
  private func exportModel(to folder: String) throws {
    let store = try Store(path: target.store, access: .reading)
    let name = try store.exportModel(to: folder, version: version)
    if output.json {
      return Output.line(try JSONOutput.line(ModelExportReport(model: folder, version: name)))
    }
    Terminal.error(
      "\(folder): the encoder of \(name), for sentence-transformers and pawl init --model")
  }
}

private struct ModelExportReport: Encodable {
  let model: String
  let version: String
}

/// The JSON of an export.
private struct ExportReport: Encodable {
  let vectors: String
  let ids: String
  let version: String
  let count: Int
  let dimension: Int
  let pending: Int

  init(vectors: String, ids: String, _ summary: VectorExportSummary) {
    (self.vectors, self.ids) = (vectors, ids)
    version = summary.version
    count = summary.vectorCount
    dimension = summary.width
    pending = summary.pendingCount
  }
}
