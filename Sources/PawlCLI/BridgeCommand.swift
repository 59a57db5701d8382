internal import ArgumentParser
internal import Pawl

struct BridgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bridge",
    abstract: "Make a version that asks the vectors that are there with another's queries.",
    discussion: """
      A new encoder serves when all passages are embedded anew, which takes as long as they are many. Until \
      then a bridge gives a part of what it gains, within seconds: queries are encoded by the new version and \
      turned into the old one's space, by a rotation that is learned from some passages embedded by both. Like \
      every version it goes through the gate, and when the new one is embedded, that is promoted over it.

      Told is how near the new vectors of other passages come to the stored ones; what it is worth to searches is \
      what compare, and the gate, measure.

      Example:
        pawl bridge demo.pawl v2
        pawl compare demo.pawl v1 v3 --queries queries.dev.tsv --qrels qrels.dev.tsv
        pawl promote demo.pawl v3
        pawl reindex demo.pawl --version v2
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: ArgumentHelp("Whose queries.", valueName: "vN"))
  var source: String
  @Option(help: ArgumentHelp("Whose vectors (default: the active version's).", valueName: "vN"))
  var to: String?
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try Store(path: target.store)
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      try store.bridge(from: source, to: to) { line.show($0) }
    }
    guard let summary else {
      Terminal.error("stopped; no version was made")
      throw ExitStatus.failed.code
    }
    let sharing = SharedIndexText(summary.upkeep, version: summary.version, store: target.store)
    if output.json {
      Output.line(try JSONOutput.line(BridgeReport(summary)))
      return try sharing.tellProblem()
    }
    let figures = summary.figures
    Output.line(
      "\(target.store): \(source)'s queries, turned to the vectors of \(summary.target); learned from "
        + Figures.count(figures.learnedCount, "passage"))
    Output.line(
      "\(target.store): of \(Figures.count(figures.triedCount, "other passage")) the vectors come to a cosine of "
        + "\(Figures.fixed(figures.cosine, 4)) to the stored ones; \(Figures.fixed(figures.plainCosine, 4)) unturned"
    )
    sharing.tell()
    Output.line(summary.version)
    try sharing.tellProblem()
  }
}

private struct BridgeReport: Encodable {
  let version: String
  let target: String
  let bridge: BridgeFigures
  let calibration: CalibrationReport?
  let problem: String?

  init(_ summary: BridgeSummary) {
    (version, target, bridge) = (summary.version, summary.target, summary.figures)
    calibration = summary.upkeep.calibration.map { CalibrationReport($0) }
    problem = summary.upkeep.problem
  }
}
