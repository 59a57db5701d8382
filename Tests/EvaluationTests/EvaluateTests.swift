import Corpus
import Testing

@testable import Evaluation

@Suite("Evaluation of runs")
struct EvaluateTests {
  private let qrels = makeQrels([
    "b": ["x": 1], "a": ["x": 1, "y": 0], "none": ["x": 0], "absent": ["x": 1],
  ])
  private let run = makeRun([("b", ["x"]), ("stray", ["x"]), ("none", ["x"]), ("a", ["y", "x"])])
  private let mrr = Metric.reciprocalRank()

  @Test("queries with hits and judgments count, by qid; one without relevant passages counts as 0")
  func common() {
    let scores = evaluate(run, qrels: qrels, metrics: [mrr])
    #expect(scores.queries == ["a", "b", "none"])
    #expect(scores[mrr] == [0.5, 1, 0])
    #expect(scores.mean(mrr) == 0.5)
    #expect(scores[.rPrecision].isEmpty)
  }

  @Test("all of the qrels count where that is wanted, or the ones that are listed, in their order")
  func others() {
    let all = evaluate(run, qrels: qrels, metrics: [mrr, .queryCount], queries: .judged)
    #expect(all.queries == ["a", "absent", "b", "none"])
    #expect(all[mrr] == [0.5, 0, 1, 0])
    #expect(all.summary(.queryCount) == 4)
    let listed = evaluate(run, qrels: qrels, metrics: [mrr], queries: .listed(["b", "absent"]))
    #expect(listed.queries == ["b", "absent"])
    #expect(listed[mrr] == [1, 0])
  }

  @Test("a geometric mean takes a zero for 0.00001, of a missing query too")
  func geometricMean() {
    let metric = Metric.geometricAveragePrecision
    #expect(abs(metric.summarize([1, 0]) - 0.00001.squareRoot()) < 1e-12)
    let scores = evaluate(run, qrels: qrels, metrics: [metric], queries: .listed(["b", "absent"]))
    #expect(abs(scores.summary(metric) - 0.00001.squareRoot()) < 1e-12)
    #expect(metric.summarize([]) == 0)
  }

  @Test("hits are ranked by score, ties by falling id, and zeros of both signs are equal")
  func order() {
    var run = Run()
    run.append(
      query: "q",
      hits: [("a", 0.0), ("c", -0.0), ("b", 0), ("best", 1), ("ab", 0)].map {
        RunHit(passage: Identifier($0.0), rank: 1, score: $0.1)
      })
    let hits = run.hits(of: "q")
    #expect(hits.rankedPositions().map { hits[$0].passage } == ["best", "c", "b", "ab", "a"])
  }

  @Test("depth and level say what is looked at; hits without a judgment can be left out")
  func options() {
    let qrels = makeQrels(["q": ["a": 1, "b": 2, "n": -1]])
    let run = makeRun([("q", ["x", "n", "a", "y", "b"])])
    var options = JudgingOptions()
    options.depth = 3
    var judge = Judge(run: run, qrels: qrels, options: options)
    #expect(judge.ranking(of: "q").retrievedCount == 3)
    #expect(judge.ranking(of: "q").relevantRanks == [3])
    options = JudgingOptions()
    options.minimumGrade = 2
    judge = Judge(run: run, qrels: qrels, options: options)
    #expect(judge.ranking(of: "q").relevantRanks == [5])
    options.judgedOnly = true
    judge = Judge(run: run, qrels: qrels, options: options)
    #expect(judge.ranking(of: "q").relevantRanks == [2])
    #expect(judge.ranking(of: "q").retrievedCount == 2)
  }

  @Test("judged passages are found among many, and no others")
  func lookup() {
    let judged = (0..<500).map { "passage \($0 * 3)" }
    let qrels = makeQrels(["q": Dictionary(uniqueKeysWithValues: judged.map { ($0, 1) })])
    let run = makeRun([("q", (0..<1_500).map { "passage \($0)" })])
    var judge = Judge(run: run, qrels: qrels)
    #expect(judge.ranking(of: "q").hits.map(\.rank) == (0..<500).map { $0 * 3 + 1 })
    #expect(judge.ranking(of: "none").hits.isEmpty)
  }
}
