import Corpus
import Testing

@testable import Evaluation

@Suite("MS MARCO's MRR@10")
struct MarcoTests {
  private let qrels = makeQrels([
    "1": ["a": 1], "2": ["b": 1, "c": 0], "3": ["a": 1], "4": ["a": 1],
  ])

  private func run(_ hits: [(query: String, passage: String, rank: Int32)]) -> Run {
    var run = Run(tag: "")
    for hit in hits {
      // Scores that say the opposite of the ranks.
      let hitOfRun = RunHit(
        passage: Identifier(hit.passage), rank: hit.rank, score: Float(hit.rank))
      run.append(query: Identifier(hit.query), hits: [hitOfRun])
    }
    return run
  }

  private func evaluate(_ run: Run) throws -> MarcoReciprocalRank {
    try MarcoReciprocalRank(run: run, qrels: qrels, runPath: "run.tsv", qrelsPath: "qrels.tsv")
  }

  @Test("ranks decide, not scores, to rank 10; all queries of the qrels are the denominator")
  func value() throws {
    let result = try evaluate(
      run([
        ("1", "x", 1), ("1", "a", 2), ("2", "b", 10), ("2", "c", 1), ("3", "a", 11),
        ("unknown", "a", 1),
      ]))
    #expect(result.mean == (1.0 / 2 + 1.0 / 10) / 4)
    #expect(result.rankedQueryCount == 4)
    #expect(
      result.text == """
        #####################
        MRR @10: 0.15
        QueriesRanked: 4
        #####################

        """)
  }

  @Test("ranks above 1,000 and two passages at one rank above 10 do not matter")
  func deep() throws {
    #expect(try evaluate(run([("1", "a", 1), ("1", "x", 2_000), ("1", "y", 2_000)])).mean == 0.25)
  }

  @Test("two passages at one of the first ranks, ranks below 1 and foreign queries are refused")
  func refused() {
    func message(_ hits: [(query: String, passage: String, rank: Int32)]) -> String {
      do {
        _ = try evaluate(run(hits))
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(
      message([("1", "x", 3), ("1", "a", 3)]) == """
        run.tsv: qid "1" has two passages at rank 3, "x" and "a". Give each passage of a query a \
        rank of its own, or leave --protocol out to go by score.
        """)
    #expect(
      message([("1", "x", 0)]) == """
        run.tsv: qid "1" has pid "x" at rank 0, but ranks count from 1. Number the ranks from 1, or \
        leave --protocol out to go by score.
        """)
    #expect(
      message([("5", "x", 1)]) == """
        run.tsv: no query of the run is judged in qrels.tsv. Check that both are of one set of \
        queries, or pass -c to count what is missing as 0.
        """)
  }
}
