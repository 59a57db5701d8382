internal import ArgumentParser
internal import Pawl

struct IngestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest", abstract: "Add or update passages and embed them.",
    discussion: """
      The file has one passage a line, pid<TAB>passage; .gz and .zst are unpacked, - is standard \
      input. It is checked as a whole before the first write. Stopped or killed, the same command \
      goes on where it was.

      Example:
        pawl ingest demo.pawl collection.tsv --limit 10000
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: "The collection.")
  var collection: String
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Read at most so many passages.", valueName: "n"))
  var limit: Int?
  @Flag(help: "Leave malformed lines out instead of refusing the file.")
  var skipMalformed = false
  @Flag(help: "Store the texts only; a later ingest embeds them.")
  var textOnly = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
  }

  func run() throws {
    let store = try Store(path: target.store)
    var options = IngestOptions()
    options.limit = limit
    options.skipsMalformed = skipMalformed
    options.textOnly = textOnly
    let clock = ContinuousClock()
    let start = clock.now
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      try store.ingest(collection, options) { line.show($0) }
    }
    try report(summary, seconds: (clock.now - start) / .seconds(1))
  }

  private func report(_ summary: IngestSummary, seconds: Double) throws {
    for reason in summary.firstSkipped { Terminal.error("skipped: \(reason)") }
    if output.json {
      Output.line(try JSONOutput.line(IngestReport(summary, seconds: seconds)))
    } else {
      var parts = ["\(Figures.grouped(summary.newCount)) new"]
      if summary.updatedCount > 0 {
        parts.append("\(Figures.grouped(summary.updatedCount)) updated")
      }
      if summary.unchangedCount > 0 {
        parts.append("\(Figures.grouped(summary.unchangedCount)) unchanged")
      }
      if summary.skippedCount > 0 {
        parts.append("\(Figures.grouped(summary.skippedCount)) skipped")
      }
      var embedded = "\(Figures.grouped(summary.embedded.embeddedCount)) embedded"
      if summary.embedded.copiedCount > 0 {
        embedded +=
          " (\(Figures.grouped(summary.embedded.copiedCount)) with the vector of an equal text)"
      }
      parts.append(embedded)
      Output.line(
        "\(target.store): " + parts.joined(separator: ", ")
          + " in \(Figures.fixed(seconds, 1)) s")
    }
    if summary.isInterrupted {
      Terminal.error("stopped after a whole batch; the same command goes on from here")
      throw ExitStatus.failed.code
    }
  }
}

/// The JSON of an ingest.
private struct IngestReport: Encodable {
  let read: Int
  let new: Int
  let updated: Int
  let unchanged: Int
  let skipped: Int
  let embedded: Int
  let copied: Int
  let interrupted: Bool
  let seconds: Double

  init(_ summary: IngestSummary, seconds: Double) {
    read = summary.readCount
    new = summary.newCount
    updated = summary.updatedCount
    unchanged = summary.unchangedCount
    skipped = summary.skippedCount
    embedded = summary.embedded.embeddedCount
    copied = summary.embedded.copiedCount
    interrupted = summary.isInterrupted
    self.seconds = seconds
  }
}
