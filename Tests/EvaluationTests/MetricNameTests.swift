import Testing

@testable import Evaluation

@Suite("Pawl's names of metrics")
struct MetricNameTests {
  @Test("a name in any case is read and comes back in lower case")
  func roundTrip() throws {
    let names = "mrr,mrr@10,ndcg,ndcg@10,map,map@100,recall@100,p@5,success@1,rprec,bpref"
    #expect(try Metric.list(names).compactMap(\.name).joined(separator: ",") == names)
    #expect(
      try Metric.list("MRR@10, nDCG@5,MAP").compactMap(\.name) == ["mrr@10", "ndcg@5", "map"])
    #expect(try Metric.list("map,MAP,map").count == 1)
  }

  @Test(
    "what is no name is refused with all that there is",
    arguments: [
      "", "mrr@", "mrr@0", "mrr@-1", "mrr@+5", "p", "rprec@5", "recall", "mrr@10@5", "err@5",
      "mrr@١",
    ])
  func unknown(name: String) {
    #expect(throws: EvaluationError.unknownMetric(name: name)) { try Metric.list("map,\(name)") }
    let message = "\(EvaluationError.unknownMetric(name: "err@5"))"
    #expect(
      message == """
        there is no metric "err@5". Known are mrr, mrr@K, ndcg, ndcg@K, map, map@K, recall@K, p@K, \
        success@K, rprec, bpref, where K is a rank from 1.
        """)
  }
}
