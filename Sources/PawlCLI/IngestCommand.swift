internal import ArgumentParser
internal import Pawl

struct IngestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest", abstract: "Add or update passages and embed them.",
    discussion: """
      The file has one passage a line, pid<TAB>passage; .gz and .zst are unpacked, - is standard \
      input. It is checked as a whole before the first write. Stopped or killed, the same command \
      goes on where it was.

      A store that was made with --dimension takes vectors instead, .npy (float32 or float16) or \
      .fvecs, and their ids, one a line. A vector whose length is not 1, within 1 %, is brought to \
      unit length: the measure is the cosine.

      From \(Figures.grouped(Store.fewestClustered)) passages on they are clustered into lists at the \
      end, and again whenever there are four times as many (pawl reindex).

      Example:
        pawl ingest demo.pawl collection.tsv --limit 10000
        pawl ingest vectors.pawl --vectors X.npy --ids ids.txt
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: "The collection.")
  var collection: String?
  @Option(
    help: ArgumentHelp(
      "Vectors made elsewhere instead, .npy or .fvecs, a row a passage.", valueName: "X.npy"))
  var vectors: String?
  @Option(help: ArgumentHelp("Ids of the vectors, one a line.", valueName: "ids.txt"))
  var ids: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Read at most so many passages or vectors.", valueName: "n"))
  var limit: Int?
  @Flag(help: "Leave malformed lines out instead of refusing the file.")
  var skipMalformed = false
  @Flag(help: "Store the texts only; a later ingest embeds them.")
  var textOnly = false
  @Flag(help: "Embed for the active version alone, not for the one that a rollback would go to.")
  var onlyActive = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    if (collection == nil) == (vectors == nil) {
      throw ValidationError("Give either a collection or --vectors.")
    }
    if (vectors == nil) != (ids == nil) {
      throw ValidationError("--vectors and --ids belong together.")
    }
    if vectors != nil, skipMalformed || textOnly || onlyActive {
      throw ValidationError(
        "--skip-malformed, --text-only and --only-active belong to a collection of texts.")
    }
  }

  func run() throws {
    let store = try Store(path: target.store)
    if let collection { try ingest(collection, into: store) }
    if let vectors, let ids {
      try VectorIngest(store: store, isQuiet: quiet, isJSON: output.json)
        .run(vectors: vectors, ids: ids, limit: limit)
    }
  }

  /// The clustering or the measuring that an ingest ended with.
  static func tell(_ upkeep: IndexUpkeep, _ store: String) {
    var lines: [String] = []
    if let reindex = upkeep.reindex { lines = ReindexText(reindex).all }
    if let calibration = upkeep.calibration {
      let text = CalibrationText(CalibrationReport(calibration))
      lines = ["recall measured anew"] + (text.sentence(recall: 0.98, k: 10).map { [$0] } ?? [])
    }
    for line in lines { Output.line("\(store): \(line)") }
  }

  /// That a clustering or a measuring is due; ends the command where it was to stop.
  static func tellProblem(of upkeep: IndexUpkeep, _ store: String) throws {
    guard let problem = upkeep.problem else { return }
    Terminal.error("everything is stored and found, but its index is not in order yet: \(problem)")
    Terminal.error("the next ingest sees to it, or: pawl reindex \(store.quotedForShell)")
    if Interrupt.isAsked { throw ExitStatus.failed.code }
  }

  private func ingest(_ collection: String, into store: Store) throws {
    var options = IngestOptions()
    options.limit = limit
    options.skipsMalformed = skipMalformed
    options.textOnly = textOnly
    options.onlyActive = onlyActive
    let clock = ContinuousClock()
    let start = clock.now
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      try store.ingest(collection, options) { line.show($0) }
    }
    try report(summary, seconds: (clock.now - start) / .seconds(1))
  }

  private func tell(_ previous: PreviousSummary) {
    if previous.embedded.embeddedCount > 0 {
      Output.line(
        "\(target.store): \(Figures.grouped(previous.embedded.embeddedCount)) embedded for "
          + "\(previous.version), which served before")
    }
    if previous.pendingCount > 0 {
      Output.line(
        "\(target.store): \(previous.version), to which a rollback goes, lacks "
          + Figures.count(previous.pendingCount, "passage"))
    }
  }

  private func report(_ summary: IngestSummary, seconds: Double) throws {
    for reason in summary.firstSkipped { Terminal.error("skipped: \(reason)") }
    if let id = summary.firstRepeated {
      Terminal.error(
        Figures.count(summary.repeatedCount, "line has", "lines have")
          + " an id that came before with another text (\(Terminal.withoutControls(id))): the last one counts"
      )
    }
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
      if summary.embedded.awaitedCount > 0 {
        parts.append(
          "\(Figures.grouped(summary.embedded.awaitedCount)) by another process meanwhile")
      }
      Output.line(
        "\(target.store): " + parts.joined(separator: ", ")
          + " in \(Figures.fixed(seconds, 1)) s")
      if let previous = summary.previous { tell(previous) }
      Self.tell(summary.upkeep, target.store)
    }
    try Self.tellProblem(of: summary.upkeep, target.store)
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
  /// Of the updated ones, lines whose id came before in this file with another text.
  let repeated: Int
  let unchanged: Int
  let skipped: Int
  let embedded: Int
  let copied: Int
  /// Rows that another process embedded meanwhile.
  let awaited: Int
  /// Missing where no other version served before, or it has the same vectors.
  let previous: PreviousReport?
  let interrupted: Bool
  let seconds: Double
  /// Missing where the passages had not outgrown the last clustering.
  let reindex: ReindexReport?
  /// Recall, where it was measured anew.
  let calibration: CalibrationReport?
  /// Why a clustering or a measuring that is due was not done.
  let problem: String?

  init(_ summary: IngestSummary, seconds: Double) {
    read = summary.readCount
    new = summary.newCount
    updated = summary.updatedCount
    repeated = summary.repeatedCount
    unchanged = summary.unchangedCount
    skipped = summary.skippedCount
    embedded = summary.embedded.embeddedCount
    copied = summary.embedded.copiedCount
    awaited = summary.embedded.awaitedCount
    previous = summary.previous.map(PreviousReport.init)
    interrupted = summary.isInterrupted
    reindex = summary.upkeep.reindex.map { ReindexReport($0) }
    calibration = summary.upkeep.calibration.map(CalibrationReport.init)
    problem = summary.upkeep.problem
    self.seconds = seconds
  }
}

/// What an ingest did for the version that a rollback would go to.
private struct PreviousReport: Encodable {
  let version: String
  let embedded: Int
  let pending: Int

  init(_ summary: PreviousSummary) {
    version = summary.version
    embedded = summary.embedded.embeddedCount
    pending = summary.pendingCount
  }
}
