import Corpus
import Testing

@testable import Evaluation

@Suite(
  "trec_eval's own test files",
  .enabled(if: !Fixtures.dataPath.isEmpty, "needs PAWL_TEST_DATA"))
struct TrecEvalFilesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let expected: String
    var qrels = "qrels.test"
    var run = "results.test"
    var measures: [String] = []
    var isComplete = false
    var showsQueries = true
    var level: Int32 = 1
    var depth = Int.max
    var testDescription: String { "\(expected) \(qrels)" }
  }

  static let cases = [
    Case(expected: "out.test", showsQueries: false),
    Case(expected: "out.test", qrels: "qrels.test.with-comments", showsQueries: false),
    Case(
      expected: "out.comment.test", qrels: "qrels.comment.test", run: "results.comment.test",
      showsQueries: false),
    Case(expected: "out.test.a", measures: ["all_trec"], showsQueries: false),
    Case(expected: "out.test.aq", measures: ["all_trec"]),
    Case(
      expected: "out.test.aqc", run: "results.trunc", measures: ["all_trec"], isComplete: true),
    Case(
      expected: "out.test.aqcM", run: "results.trunc", measures: ["all_trec"], isComplete: true,
      depth: 100),
    Case(
      expected: "out.test.aql", qrels: "qrels.rel_level", measures: ["all_trec", "relstring.20"],
      level: 2),
    Case(
      expected: "out.test.meas_params",
      measures: [
        "iprec_at_recall..10,.20,.25,.75,.50", "P.5,7,3", "recall.20,2000",
        "Rprec_mult.5.0,0.2,0.35", "utility.2,-1,0,0", "11pt_avg..25,.5,.75",
        "ndcg.1=3,2=9,4=4.5", "ndcg_cut.10,20,23.4", "success.2,5,20",
      ]),
  ]

  @Test("its output is met to the last byte", arguments: cases)
  func output(_ test: Case) throws {
    let folder = "\(Fixtures.dataPath)/trec_eval/test"
    var options = JudgingOptions()
    options.minimumGrade = test.level
    options.depth = test.depth
    let report = try #require(
      TrecReport(
        run: try Run(path: "\(folder)/\(test.run)"),
        qrels: try Qrels(path: "\(folder)/\(test.qrels)"),
        lines: try test.measures.isEmpty ? TrecLine.official() : TrecLine.parse(test.measures),
        queries: test.isComplete ? .judged : .common, options: options))
    var text = ""
    if test.showsQueries {
      for place in report.queries.indices { text += report.text(query: place) }
    }
    text += report.summaryText
    #expect(text == (try Fixtures.text("\(folder)/\(test.expected)")))
  }

  @Test(
    "nDCG@10 of real runs of TREC DL 2019 is what their makers published",
    arguments: [
      ("run-dl19-BM25.txt", "0.5058"), ("run-dl19-D_BERT_KD_TASB.txt", "0.7210"),
      ("run-dl19-REP_LLAMA.msmarco.tsv", "0.7384"),
    ])
  func published(name: String, value: String) throws {
    let folder = "\(Fixtures.dataPath)/msmarco_dl19"
    let metric = try Metric(name: "ndcg@10")
    let scores = evaluate(
      try Run(path: "\(folder)/\(name)"), qrels: try Qrels(path: "\(folder)/full-qrels-dl19.txt"),
      metrics: [metric])
    #expect(scores.queries.count == 43)
    #expect(Decimals.text(scores.mean(metric), 4) == value)
  }
}
