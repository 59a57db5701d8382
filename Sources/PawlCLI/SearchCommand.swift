internal import ArgumentParser
internal import Corpus
internal import Pawl

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Answer a file of queries and write a TREC run.",
    discussion: """
      The run has six columns, qid Q0 pid rank score tag, with scores that fall strictly as float32, \
      so that every program ranks it alike. It appears whole or not at all; - is standard output. \
      Vectors may have any length; without --ids their query ids are row numbers from 0.

      Example:
        pawl search demo.pawl --queries q.tsv -k 1000 --run out.trec
        pawl search demo.pawl --queries q.tsv -k 10 --recall 0.95 --run out.trec
        pawl search demo.pawl --vectors Q.npy --ids qids.txt -k 100 --run out.trec
      """)

  @OptionGroup var target: StoreArgument
  @Option(help: ArgumentHelp("qid<TAB>query a line.", valueName: "queries.tsv"))
  var queries: String?
  @Option(
    help: ArgumentHelp(
      "Vectors of queries instead, .npy or .fvecs, of the version's dimensions.",
      valueName: "Q.npy"))
  var vectors: String?
  @Option(
    help: ArgumentHelp("Ids of the vectors, one a line (default: 0, 1, …).", valueName: "file"))
  var ids: String?
  @Option(name: .customLong("run"), help: ArgumentHelp("The run to write.", valueName: "out.trec"))
  var runFile: String
  @Option(name: .short, parsing: .unconditional, help: "Hits of each query at most.")
  var k = 1_000
  @OptionGroup var effort: EffortOptions
  @Option(
    help: ArgumentHelp("Search with this version instead of the active one.", valueName: "vN"))
  var version: String?
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if (queries == nil) == (vectors == nil) {
      throw ValidationError("Give either --queries or --vectors.")
    }
    if ids != nil, vectors == nil { throw ValidationError("--ids belongs to --vectors.") }
    if k < 1 { throw ValidationError("-k must be at least 1.") }
    if output.json, OutputFile.isStandardOutput(runFile) {
      throw ValidationError("--json and a run on standard output would mix.")
    }
  }

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    let file: QueryFile =
      if let queries { .texts(queries) } else { .vectors(vectors ?? "", ids: ids) }
    // The run itself shows how far it is.
    let isShown = OutputFile.isStandardOutput(runFile) && Terminal.outputIsTerminal
    let summary = try CommandProgress.during(isQuiet: quiet || isShown) { line in
      try store.writeRun(of: file, to: runFile, k: k, effort.effort, version: version) {
        line.show($0)
      }
    }
    guard let summary else {
      Terminal.error("stopped; nothing was written")
      throw ExitStatus.failed.code
    }
    if output.json {
      Output.line(try JSONOutput.line(RunReport(run: runFile, summary)))
    } else {
      Terminal.error(sentence(summary))
      if summary.cost.listCount > 0 || effort.isGiven { Terminal.error(summary.costText.line) }
      EvaluationNotes.print(pending: summary.pendingCount, of: summary.version, in: target.store)
    }
  }

  private func sentence(_ summary: BatchSummary) -> String {
    let timing = summary.timing
    let place = OutputFile.isStandardOutput(runFile) ? "standard output" : runFile
    return "\(place): \(Figures.count(summary.queryCount, "query", "queries")), "
      + "\(Figures.count(summary.hitCount, "hit")) by \(summary.version) among "
      + "\(Figures.count(summary.searchedCount, "passage")); "
      + "encode \(Figures.fixed(timing.encode, 2)) s, search \(Figures.fixed(timing.search, 2)) s, "
      + "ids \(Figures.fixed(timing.fetch, 2)) s"
  }
}

/// The JSON of a batch search.
private struct RunReport: Encodable {
  let run: String
  let version: String
  let queries: Int
  let hits: Int
  let searched: Int
  let pending: Int
  let exact: Bool
  let meanProbes: Double
  let meanScanned: Double
  let seconds: [String: Double]

  init(run: String, _ summary: BatchSummary) {
    self.run = run
    version = summary.version
    queries = summary.queryCount
    hits = summary.hitCount
    searched = summary.searchedCount
    pending = summary.pendingCount
    exact = summary.cost.isExact
    meanProbes = summary.meanProbes
    meanScanned = summary.meanScanned
    seconds = [
      "encode": summary.timing.encode, "search": summary.timing.search,
      "ids": summary.timing.fetch,
    ]
  }
}
