import Corpus
import Glibc
import Testing

@testable import Evaluation

@Suite("trec_eval's values")
struct GoldenTests {
  struct Expected {
    let level: Int32
    let query: String
    let measure: String
    let value: Double
  }

  private func expected() throws -> [Expected] {
    try Fixtures.text(Fixtures.golden("expected.tsv")).split(separator: "\n").map { line in
      let columns = line.split(separator: "\t").map(String.init)
      return Expected(
        level: try #require(Int32(columns[0])), query: columns[1], measure: columns[2],
        value: try #require(Double(columns[3])))
    }
  }

  @Test("every value of a small hard case is pytrec_eval's", arguments: [Int32(1), 2])
  func values(level: Int32) throws {
    let run = try Run(path: Fixtures.golden("tiny.run"))
    let qrels = try Qrels(path: Fixtures.golden("tiny.qrels"))
    var options = JudgingOptions()
    options.minimumGrade = level
    let lines = try TrecLine.parse(["all_trec"])
    let metrics: [(name: String, metric: Metric)] = lines.compactMap { line in
      if case .metric(let metric) = line.value { (line.name, metric) } else { nil }
    }
    let scores = evaluate(run, qrels: qrels, metrics: metrics.map(\.metric), options: options)
    var found: [String: Double] = [:]
    for (name, metric) in metrics {
      for (query, value) in zip(scores.queries, scores[metric]) {
        // trec_eval gives the logarithm of what it will take the geometric mean of.
        let isLogarithm = metric.summary == .geometricMean
        found["\(query) \(name)"] = isLogarithm ? log(max(value, 0.00001)) : value
      }
    }
    let expected = try expected().filter { $0.level == level }
    #expect(expected.count > 1_600)
    #expect(Set(expected.map(\.query)) == Set(scores.queries.map(\.text)))
    for golden in expected {
      let value = try #require(found["\(golden.query) \(golden.measure)"], "\(golden)")
      // Sums in another order: a few units in the last place.
      #expect(abs(value - golden.value) <= 1e-14 * max(1, abs(golden.value)), "\(golden): \(value)")
    }
  }
}
