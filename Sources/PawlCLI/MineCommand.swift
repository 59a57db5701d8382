internal import ArgumentParser
internal import Corpus
internal import Pawl

struct MineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mine",
    abstract: "Write training triples with negatives that a version ranks near the answers.",
    discussion: """
      A line is qid, positive pid, negative pid, and where the negative was found: its rank, its score and \
      the version; with --texts, texts instead of ids, tabs in them as blanks. Of each pair there are 3 negatives \
      at most, of the ranks 1 to 50, below .95 of the answer's score, unless you say otherwise. Texts equal to an answer's are answers, too. \
      pawl train --triples reads what this writes, of ids beside the same --queries and --qrels.

      Example:
        pawl mine demo.pawl --queries q.tsv --qrels qrels.tsv --out triples.tsv
        pawl mine demo.pawl --queries q.tsv --qrels qrels.tsv --out hard.tsv \\
          --range-min 51 --range-max 200 --no-margin \\
          --sampling-strategy random --num-negatives 1
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var source: JudgedQueries
  @Option(help: ArgumentHelp("The file to write.", valueName: "triples.tsv"))
  var out: String
  @OptionGroup(title: "Mining") var mining: MiningOptions
  @Option(help: ArgumentHelp("A version instead of the active one.", valueName: "vN"))
  var version: String?
  @Option(help: ArgumentHelp("Of a random choice.", valueName: "n"))
  var seed: UInt64 = 1
  @Flag(help: "Write texts, not ids.")
  var texts = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    try source.requireGiven()
    if mining.numNegatives == 0 { throw ValidationError("--num-negatives must be at least 1.") }
    if output.json, OutputFile.isStandardOutput(out) {
      throw ValidationError("Only one result goes to standard output.")
    }
  }

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    var options = MineOptions()
    mining.apply(to: &options.mining)
    if let count = mining.numNegatives { options.negativeCount = count }
    options.version = version
    options.seed = seed
    options.minimumGrade = source.minGrade
    options.writesTexts = texts
    try source.requireNoGate(in: store)
    let set = try source.read(in: store)
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      try store.mine(set, options, to: out, apartFrom: source.files) { line.show($0) }
    }
    guard let summary else {
      Terminal.error("stopped; nothing was written")
      throw ExitStatus.failed.code
    }
    if output.json { return Output.line(try JSONOutput.line(MineReport(out, summary))) }
    Terminal.error(
      "\(out): \(Figures.count(summary.tripleCount, "triple")) of "
        + "\(Figures.count(summary.pairCount, "judged pair")), ranked by \(summary.version)")
    if summary.emptyCount > 0 {
      Terminal.error(
        Figures.count(summary.emptyCount, "pair has", "pairs have")
          + " no passage in that range and below the margin")
    }
  }
}

/// The JSON of a mining.
private struct MineReport: Encodable {
  let file: String
  let version: String
  let pairs: Int
  let triples: Int
  let pairsWithoutNegatives: Int

  init(_ file: String, _ summary: MineSummary) {
    self.file = file
    version = summary.version
    pairs = summary.pairCount
    triples = summary.tripleCount
    pairsWithoutNegatives = summary.emptyCount
  }
}
