internal import ArgumentParser
internal import Corpus
internal import Pawl

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure how good a version's answers are.",
    discussion: """
      Queries are answered as pawl query answers them; --exact leaves out what the index costs. The \
      deepest metric decides how many hits a query gets: with --metrics mrr@10 it is 10. \
      All judged queries count, one without a hit as 0. Metrics are trec_eval's: mrr, ndcg, map, \
      recall, p, success, each with @K, rprec and bpref; without @K they look at 1,000 hits. Their 95 % \
      intervals are of the bootstrap over queries; with groups whole groups are drawn.

      Example:
        pawl evaluate demo.pawl --queries q.dev.tsv --qrels qrels.dev.tsv
        pawl evaluate demo.pawl --queries q.dev.tsv --qrels qrels.dev.tsv --exact
        pawl evaluate demo.pawl --set dev --metrics ndcg@10 --per-query dev.tsv
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var source: GroupedQueries
  @Option(help: ArgumentHelp("Evaluate this version instead of the active one.", valueName: "vN"))
  var version: String?
  @OptionGroup var effort: EffortOptions
  @Option(help: ArgumentHelp("Separated by commas.", valueName: "names"))
  var metrics = "mrr@10,ndcg@10,recall@100,map"
  @Option(help: ArgumentHelp("Also write each query's values, tab-separated.", valueName: "file"))
  var perQuery: String?
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if output.json, perQuery.map(OutputFile.isStandardOutput) ?? false {
      throw ValidationError("--json and --per-query on standard output would mix.")
    }
    try source.judged.requireGiven()
  }

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    var options = EvaluationOptions()
    options.metrics = metrics.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.drop { $0 == " " })
    }
    options.minimumGrade = Int(source.judged.minGrade)
    options.version = version
    options.effort = effort.effort
    let set = try source.read(in: store)
    if let perQuery {
      try store.requireOutput(perQuery, apartFrom: source.files)
      // Made and dropped: a file that cannot be written is better told before the work than after it.
      _ = try OutputFile(path: perQuery)
    }
    let report = try CommandProgress.during(isQuiet: quiet) { line in
      try store.evaluate(set, options) { line.show($0) }
    }
    guard let report else {
      Terminal.error("stopped before all queries were answered")
      throw ExitStatus.failed.code
    }
    if let perQuery { try write(report, to: perQuery) }
    try show(report)
  }

  private func show(_ report: EvaluationReport) throws {
    if output.json { return Output.line(try JSONOutput.line(EvaluationJSON(report))) }
    var table = TextTable(header: ["metric", report.search.version, "95 %"], right: [1])
    for metric in report.metrics {
      let interval = metric.interval.map {
        "[\(Figures.fixed($0.lowerBound, 4)), \(Figures.fixed($0.upperBound, 4))]"
      }
      table.add([metric.name, Figures.fixed(metric.value, 4), interval ?? ""])
    }
    for line in table.lines { Output.line(line) }
    let search = report.search
    let groups = report.groupCount.map { " in \(Figures.count($0, "group"))" } ?? ""
    Terminal.error(
      "\(Figures.count(search.queryCount, "query", "queries"))\(groups), "
        + "\(Figures.count(search.searchedCount, "passage")); "
        + "encode \(Figures.fixed(search.timing.encode, 2)) s, "
        + "search \(Figures.fixed(search.timing.search, 2)) s")
    if search.cost.listCount > 0 || effort.isGiven { Terminal.error(search.costText.line) }
    EvaluationNotes.print(pending: search.pendingCount, of: search.version, in: target.store)
  }

  /// A line of names, then a line a query.
  private func write(_ report: EvaluationReport, to path: String) throws {
    var file = try OutputFile(path: path)
    try file.write((["qid"] + report.metrics.map(\.name)).joined(separator: "\t") + "\n")
    for query in report.queries {
      let values = query.values.map { Figures.fixed($0, 6) }
      try file.write(([query.id] + values).joined(separator: "\t") + "\n")
    }
    try file.commit()
  }
}

/// The JSON of an evaluation.
private struct EvaluationJSON: Encodable {
  let version: String
  let queries: Int
  let metrics: [String: Double]
  /// 95 %, low and high.
  let intervals: [String: [Double]]
  let groups: Int?
  let searched: Int
  let pending: Int
  let exact: Bool
  let meanProbes: Double
  let meanScanned: Double
  let seconds: [String: Double]

  init(_ report: EvaluationReport) {
    version = report.search.version
    queries = report.search.queryCount
    metrics = Dictionary(report.metrics.map { ($0.name, $0.value) }) { first, _ in first }
    intervals = Dictionary(
      report.metrics.compactMap { metric in
        metric.interval.map { (metric.name, [$0.lowerBound, $0.upperBound]) }
      }
    ) { first, _ in first }
    groups = report.groupCount
    searched = report.search.searchedCount
    pending = report.search.pendingCount
    exact = report.search.cost.isExact
    meanProbes = report.search.meanProbes
    meanScanned = report.search.meanScanned
    seconds = ["encode": report.search.timing.encode, "search": report.search.timing.search]
  }
}
