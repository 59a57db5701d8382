internal import ArgumentParser
internal import Corpus
internal import Evaluation

struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Measure a run against qrels, as trec_eval does.",
    discussion: """
      Prints what trec_eval (version 10) prints, to the last digit. Hits are ranked by score as \
      float32, equal scores by falling pid; the rank column is not looked at, unless --protocol \
      msmarco asks for MS MARCO's MRR@10, which goes by it. Runs have TREC's six columns or MS \
      MARCO's three or four; .gz and .zst are unpacked, - is standard input.

      Measures are named as trec_eval names them, with parameters behind a point (P.5,10, \
      ndcg_cut.10, ndcg.1=3,2=9), in groups (official, all_trec, set), or as pawl evaluate names \
      them (mrr@10, ndcg@10, recall@100).

      Example:
        pawl metrics --qrels qrels.tsv --run out.trec
        pawl metrics --qrels qrels.tsv --run out.trec -m map -m ndcg_cut.10 -q
        pawl metrics --qrels qrels.dev.tsv --run top1000.dev.tsv --protocol msmarco
      """)

  enum RankProtocol: String, ExpressibleByArgument, CaseIterable { case trec, msmarco }

  @Option(help: "The judgments: qid 0 pid grade.")
  var qrels: String
  @Option(
    name: .customLong("run"),
    help: "The answers: qid Q0 pid rank score tag, qid pid rank or qid pid rank score.")
  var runFile: String
  @Option(
    name: .customShort("m", allowingJoined: true), parsing: .singleValue,
    help: ArgumentHelp(
      "What to measure; may be repeated (default: official).", valueName: "measure"))
  var measures: [String] = []
  @Flag(name: .customShort("q"), help: "Print each query's values too, by qid.")
  var eachQuery = false
  @Flag(name: .customShort("n"), help: "Leave the lines for all queries out.")
  var noSummary = false
  @Flag(
    name: .customShort("c"),
    help: "Count queries of the qrels that the run lacks as 0, instead of leaving them out.")
  var complete = false
  @Flag(name: .customShort("J"), help: "Leave hits out that the qrels do not judge.")
  var judgedOnly = false
  @Option(
    name: .customShort("l", allowingJoined: true), parsing: .unconditional,
    help: ArgumentHelp("The grade from which a passage is relevant.", valueName: "level"))
  var level: Int32 = 1
  @Option(
    name: .customShort("M", allowingJoined: true), parsing: .unconditional,
    help: ArgumentHelp("Look at so many hits of a query (default: all).", valueName: "depth"))
  var depth: Int?
  @Option(
    name: .customShort("N", allowingJoined: true), parsing: .unconditional,
    help: ArgumentHelp("Passages in the collection, for utility.", valueName: "count"))
  var collectionSize = 0
  @Option(
    name: .customLong("protocol"),
    help: ArgumentHelp("trec, or msmarco: MRR@10 by the rank column.", valueName: "name"))
  var rankProtocol = RankProtocol.trec
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if level < 0 { throw ValidationError("-l must be at least 0.") }
    if let depth, depth < 1 { throw ValidationError("-M must be at least 1.") }
    if collectionSize < 0 { throw ValidationError("-N must be at least 0.") }
    if rankProtocol == .msmarco,
      !measures.isEmpty || eachQuery || noSummary || complete || judgedOnly || depth != nil
    {
      throw ValidationError("--protocol msmarco is one measure: it goes with -l and --json only.")
    }
    _ = try lines()
  }

  func run() throws {
    let judgments = try Qrels(path: qrels)
    let answers = try Run(path: runFile)
    switch rankProtocol {
    case .msmarco: try printMarco(answers, judgments)
    case .trec: try printTrec(answers, judgments)
    }
  }

  private func lines() throws -> [TrecLine] {
    do {
      return measures.isEmpty
        ? TrecLine.official() : try TrecLine.parse(measures, collectionSize: collectionSize)
    } catch {
      throw ValidationError("\(error)")
    }
  }

  private func printTrec(_ answers: Run, _ judgments: Qrels) throws {
    var options = JudgingOptions()
    options.minimumGrade = level
    options.depth = depth ?? .max
    options.judgedOnly = judgedOnly
    guard
      let report = TrecReport(
        run: answers, qrels: judgments, lines: try lines(),
        queries: complete ? .judged : .common, options: options)
    else { throw EvaluationError.noCommonQuery(run: runFile, qrels: qrels) }
    for place in report.queries.indices where eachQuery {
      if output.json {
        Output.line(
          try JSONOutput.line(
            QueryReport(query: report.queries[place].text, metrics: report.values(query: place))))
      } else {
        Output.write(report.text(query: place))
      }
    }
    if noSummary {
      if !eachQuery {
        Terminal.error("-n leaves out all that there is to print; -q adds the queries")
      }
      return
    }
    if output.json {
      let summary = RunReport(
        run: report.tag, queries: report.queries.count, metrics: report.summaryValues)
      Output.line(try JSONOutput.line(summary))
    } else {
      Output.write(report.summaryText)
    }
  }

  private func printMarco(_ answers: Run, _ judgments: Qrels) throws {
    let result = try MarcoReciprocalRank(
      run: answers, qrels: judgments, minimumGrade: level, runPath: runFile, qrelsPath: qrels)
    if output.json {
      let report = MarcoReport(
        queries: judgments.queries.count, ranked: result.rankedQueryCount,
        metrics: ["mrr@10": result.mean])
      Output.line(try JSONOutput.line(report))
    } else {
      Output.write(result.text)
    }
  }
}

/// The JSON of one query.
private struct QueryReport: Encodable {
  let query: String
  let metrics: [String: Double]
}

/// The JSON of all queries together.
private struct RunReport: Encodable {
  let run: String
  let queries: Int
  let metrics: [String: Double]
}

/// The JSON of MS MARCO's measure: queries of the qrels, and of the run.
private struct MarcoReport: Encodable {
  let queries: Int
  let ranked: Int
  let metrics: [String: Double]
}
