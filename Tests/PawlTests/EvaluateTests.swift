import Corpus
import Evaluation
import Testing

@testable import Pawl

@Suite struct EvaluateTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private var sample: String { String(Fixture.sampleCollection.dropLast("collection.tsv".count)) }

  private func sampleSet() throws -> EvaluationSet {
    try EvaluationSet(queries: sample + "queries.tsv", qrels: sample + "qrels.tsv")
  }

  @Test("an evaluation gives what the metrics give for the run that a search writes")
  func evaluationEqualsRun() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    let set = try sampleSet()
    var options = EvaluationOptions()
    options.metrics = ["mrr@10", "ndcg@10", "recall@100", "map", "p@3", "success@1", "rprec"]
    let report = try #require(try store.evaluate(set, options))
    let out = folder.path + "/out.trec"
    _ = try store.writeRun(of: .texts(sample + "queries.tsv"), to: out, k: 1_000)
    let metrics = try options.metrics.map { try Metric(name: $0) }
    let scores = evaluate(
      try Run(path: out), qrels: set.qrels, metrics: metrics,
      queries: .listed(set.judged.map(\.id)))
    #expect(report.metrics.map(\.name) == options.metrics)
    #expect(report.metrics.map(\.value) == metrics.map { scores.mean($0) })
    #expect(report.queries.map(\.id) == set.judged.map(\.id.text))
    for (place, query) in report.queries.enumerated() {
      #expect(query.values == metrics.map { scores[$0][place] })
    }
    #expect(report.metrics.allSatisfy { $0.value > 0 }, "a random model still finds something")
  }

  @Test("a mean has its bootstrap interval, wider where queries hang together")
  func intervals() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    let alone = try #require(try store.evaluate(sampleSet()))
    let grouped = try #require(try store.evaluate(Fixture.sampleSet()))
    #expect(alone.groupCount == nil && grouped.groupCount == 22)
    #expect(alone.metrics.map(\.value) == grouped.metrics.map(\.value))
    for (place, metric) in alone.metrics.enumerated() {
      let interval = try #require(metric.interval)
      #expect(interval.contains(metric.value))
      let values = alone.queries.map { $0.values[place] }
      // Against nothing: the interval of a difference is that of a mean.
      let zeros = [Double](repeating: 0, count: values.count)
      #expect(interval == PairedComparison(zeros, values)?.interval, "\(metric.name)")
    }
    #expect(alone.metrics[0].interval != grouped.metrics[0].interval)
  }

  @Test("a query that nothing answers counts as 0")
  func unanswered() throws {
    let store = try Fixture.store(in: folder)
    let report = try #require(try store.evaluate(try sampleSet()))
    #expect(report.metrics.allSatisfy { $0.value == 0 })
    #expect(report.search.hitCount == 0 && report.search.queryCount == report.queries.count)
  }

  @Test("the grade from which a passage is relevant changes binary measures only")
  func minimumGrade() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    var options = EvaluationOptions()
    options.metrics = ["mrr", "ndcg@10"]
    let any = try #require(try store.evaluate(try sampleSet(), options)).metrics.map(\.value)
    options.minimumGrade = 3
    let best = try #require(try store.evaluate(try sampleSet(), options)).metrics.map(\.value)
    #expect(best[0] < any[0])
    #expect(best[1] == any[1])
  }

  @Test("an unknown metric is refused before anything is encoded")
  func unknownMetric() throws {
    let store = try Fixture.store(in: folder)
    var options = EvaluationOptions()
    options.metrics = ["ndgc@10"]
    #expect(throws: EvaluationError.unknownMetric(name: "ndgc@10")) {
      try store.evaluate(try sampleSet(), options)
    }
  }
}
