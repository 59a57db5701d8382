internal import ArgumentParser
internal import IVF
internal import Pawl

struct ReindexCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reindex",
    abstract: "Cluster the vectors of a store into lists, for fast search.",
    discussion: """
      What is missing is embedded, for --version vN beside the version that serves; then lists are made from \
      the stored codes, and nothing is embedded again. Stopped, the same command goes on. The old index serves until the new one is whole, and one transaction exchanges them. \
      Recall is then measured against exact search (pawl calibrate), for pawl query --recall.

      Below \(Figures.grouped(Store.fewestClustered)) passages every search is exact, and no lists are \
      made unless --lists or another codec is given. An ingest that ends with that many for the first time, or with \
      more than four times as many as at the last clustering, does all this by itself.

      Example:
        pawl reindex demo.pawl --version v2 --dry-run
        pawl reindex demo.pawl
        pawl reindex demo.pawl --codec binary --lists 400
      """)

  @OptionGroup var target: StoreArgument
  @Option(help: ArgumentHelp("A version instead of the active one.", valueName: "vN"))
  var version: String?
  @Option(
    help: "int8, float16, float32 or binary (default: as it is).",
    transform: InitCommand.codec(named:))
  var codec: Codec?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Lists (default: about 4·√N).", valueName: "n"))
  var lists: Int?
  @Flag(help: "Say what there would be, and about what it would take; write nothing.")
  var dryRun = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let lists, !(1...65_000).contains(lists) {
      throw ValidationError("--lists takes 1 to 65000.")
    }
  }

  func run() throws {
    var options = ReindexOptions()
    options.listCount = lists
    options.codec = codec
    if dryRun { return try showPlan(options) }
    let store = try Store(path: target.store)
    let (embedded, summary) = try CommandProgress.during(isQuiet: quiet) { line in
      (
        try store.embedMissing(version: version) { line.show($0) }.embeddedCount,
        try store.reindex(version: version, options) { line.show($0) }
      )
    }
    if output.json {
      return Output.line(try JSONOutput.line(ReindexReport(summary, embedded: embedded)))
    }
    if embedded > 0 { Output.line("\(target.store): \(Figures.grouped(embedded)) embedded") }
    if summary.listCount == 0 { return Output.line(tooFew(summary.codeCount)) }
    let text = ReindexText(summary)
    for line in text.all { Output.line("\(target.store): \(line)") }
  }

  private func showPlan(_ options: ReindexOptions) throws {
    let plan = try Store(path: target.store, access: .reading)
      .reindexPlan(version: version, options)
    if output.json { return Output.line(try JSONOutput.line(plan)) }
    if plan.pendingCount > 0 {
      Output.line(
        "\(Figures.count(plan.pendingCount, "passage")) to embed: about "
          + "\(Figures.count(plan.pendingTokenCount, "token")), \(Figures.bytes(plan.embedSizeInBytes)), "
          + Self.seconds(plan.embedSeconds))
    }
    if !plan.isWanted { return Output.line(tooFew(plan.codeCount)) }
    var table = TextTable(header: ["", "now", "then"], right: [1, 2])
    table.add([
      "vectors", Figures.grouped(plan.codeCount - plan.pendingCount),
      Figures.grouped(plan.codeCount),
    ])
    table.add(["lists", Figures.grouped(plan.currentListCount), Figures.grouped(plan.listCount)])
    for line in table.lines { Output.line(line) }
    Output.line(
      "about \(Figures.bytes(plan.sizeInBytes)) as \(plan.codec), beside the old index until they are "
        + "exchanged" + (plan.seconds > 0 ? "; about \(Self.seconds(plan.seconds))" : ""))
  }

  private static func seconds(_ seconds: Double) -> String {
    seconds < 100 ? "\(Figures.fixed(max(1, seconds), 0)) s" : "\(Figures.duration(seconds)) min"
  }

  private func tooFew(_ count: Int) -> String {
    "\(target.store): \(Figures.count(count, "vector")), compared one by one: below "
      + "\(Figures.grouped(Store.fewestClustered)) that is as fast as lists, and finds everything. "
      + "--lists N makes lists all the same."
  }
}

/// What a clustering did, for people.
struct ReindexText {
  let summary: ReindexSummary

  init(_ summary: ReindexSummary) { self.summary = summary }

  /// What was made, and what the usual promise costs.
  private var lines: [String] {
    [head] + (calibration?.sentence(recall: 0.98, k: 10).map { [$0] } ?? [])
  }

  var all: [String] { lines + source }

  private var source: [String] {
    (summary.calibration.map { ["measured with \($0.source)"] } ?? [])
      + summary.lostQueryFiles.sorted { $0.key < $1.key }.map { version, file in
        "\(version) no longer with \(file): pawl calibrate STORE --version \(version) --queries \(file) does it again; "
          + "a set with the role calibration (pawl sets add) is used always"
      }
      + summary.unmeasured.sorted { $0.key < $1.key }.map { version, problem in
        "\(version) shares the index, and the recall of its queries is not measured: \(problem)"
      }
  }

  private var calibration: CalibrationText? {
    summary.calibration.map { CalibrationText(CalibrationReport($0)) }
  }

  private var head: String {
    "\(Figures.count(summary.codeCount, "vector")) in \(Figures.count(summary.listCount, "list")), "
      + "imbalance \(Figures.fixed(summary.imbalance, 2)), in "
      + "\(Figures.fixed(ReindexReport(summary).total, 1)) s"
  }
}

/// What a clustering did, as JSON.
struct ReindexReport: Encodable {
  let vectors: Int
  /// What had no vector before; missing in the report of an ingest.
  let embedded: Int?
  /// 0 where none were made.
  let lists: Int
  let imbalance: Double
  let seconds: [String: Double]
  let calibration: CalibrationReport?
  /// The files of queries of the calibrations that it replaces, by version.
  let lostQueryFiles: [String: String]
  /// Versions that share the index, and why their recall is not measured.
  let unmeasured: [String: String]

  init(_ summary: ReindexSummary, embedded: Int? = nil) {
    vectors = summary.codeCount
    self.embedded = embedded
    lists = summary.listCount
    imbalance = summary.imbalance
    seconds = [
      "train": summary.trainSeconds, "assign": summary.assignSeconds,
      "write": summary.writeSeconds, "calibrate": summary.calibrateSeconds,
    ]
    calibration = summary.calibration.map(CalibrationReport.init)
    lostQueryFiles = summary.lostQueryFiles
    unmeasured = summary.unmeasured
  }

  var total: Double { seconds.values.reduce(0, +) }
}
