import Corpus
import Testing

@testable import Evaluation

@Suite("trec_eval's output")
struct TrecReportTests {
  private let qrels = makeQrels(["q1": ["a": 12, "b": 0, "n": -1], "q2": ["a": 1]])
  private let run = makeRun([("q1", ["b", "x", "a", "n"]), ("q2", ["a"])])

  @Test("single queries have no counts of queries, geometric means or tags; the summary no grades")
  func lines() throws {
    let lines = try TrecLine.parse(["runid", "num_q", "num_ret", "map", "gm_map", "relstring"])
    let report = try #require(TrecReport(run: run, qrels: qrels, lines: lines))
    #expect(
      report.text(query: 0) == """
        num_ret               \tq1\t4
        map                   \tq1\t0.3333
        relstring             \tq1\t'0->.'

        """)
    #expect(
      report.summaryText == """
        runid                 \tall\ttest
        num_q                 \tall\t2
        num_ret               \tall\t5
        map                   \tall\t0.6667
        gm_map                \tall\t0.5774

        """)
    #expect(report.values(query: 1) == ["num_ret": 1, "map": 1])
    #expect(report.summaryValues["num_q"] == 2)
  }

  @Test("a name longer than its column is not cut; a run without a tag has no line for it")
  func odd() throws {
    let lines = try TrecLine.parse(["runid", "utility.1,-1,0.125,0.0625"])
    let report = try #require(
      TrecReport(run: Run(tag: ""), qrels: qrels, lines: lines, queries: .judged))
    #expect(report.summaryText.hasPrefix("utility_1,-1,0.125,0.0625\tall\t"))
  }

  @Test("there is no report where no query is left")
  func nothing() {
    let report = TrecReport(run: makeRun([("q3", ["a"])]), qrels: qrels, lines: TrecLine.official())
    #expect(report == nil)
  }

  @Test(
    "numbers are rounded from their exact value, as printf does",
    arguments: [
      (0.00005, "0.0001"), (0.00015, "0.0001"), (2.5, "2.5000"), (-0.00001, "-0.0000"),
      (-412.66666, "-412.6667"), (1e22, "10000000000000000000000.0000"),
    ])
  func rounding(value: Double, text: String) {
    #expect(Decimals.text(value, 4) == text)
  }
}
