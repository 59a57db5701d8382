internal import ArgumentParser
internal import Pawl

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "Measure recall against exact search, for --recall.",
    discussion: """
      Queries are answered by exact search and through the lists, with more and more effort, for the \
      best 1, 10, 100 and 1,000 passages, as far as they are at most a quarter of all. What was found of \
      them is stored for the version's queries: a search takes from it what it has to do for the recall \
      that is asked of it. \
      \(Store.calibrationSize) queries at most are taken, by a seed. What is promised is less than what was \
      measured: as much as other queries of this kind will find by all odds. So a few queries promise \
      little; give some hundreds.

      Without a file they are those of a stored set with the role calibration (pawl sets), which a training \
      makes of queries that it keeps back; where there is none, words in a row from stored passages; in a \
      store of vectors, stored vectors.

      Example:
        pawl calibrate demo.pawl
        pawl calibrate demo.pawl --queries queries.tsv
        pawl calibrate vectors.pawl --vectors Q.npy
      """)

  @OptionGroup var target: StoreArgument
  @Option(help: ArgumentHelp("A version instead of the active one.", valueName: "vN"))
  var version: String?
  @Option(help: ArgumentHelp("qid<TAB>query a line.", valueName: "queries.tsv"))
  var queries: String?
  @Option(
    help: ArgumentHelp(
      "Vectors of queries instead, .npy or .fvecs, of the version's dimensions.",
      valueName: "Q.npy"))
  var vectors: String?
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  /// Fewer leave so much to chance that most promises take exact search.
  private static let fewQueries = 200

  func validate() throws {
    if queries != nil, vectors != nil {
      throw ValidationError("Give --queries or --vectors, not both.")
    }
  }

  func run() throws {
    let store = try Store(path: target.store)
    let file = queries.map { QueryFile.texts($0) } ?? vectors.map { .vectors($0, ids: nil) }
    let calibration = try CommandProgress.during(isQuiet: quiet) { line in
      try store.calibrate(version: version, with: file) { line.show($0) }
    }
    if calibration.queryCount < Self.fewQueries {
      Terminal.error(
        "\(Figures.count(calibration.queryCount, "query", "queries")) promise little: searches will be "
          + "slower than they need be; some hundreds are better")
    }
    let report = CalibrationReport(calibration)
    if output.json { return Output.line(try JSONOutput.line(report)) }
    let text = CalibrationText(report)
    Output.line("\(target.store): \(text.head)")
    for line in text.table.lines { Output.line(line) }
  }
}
