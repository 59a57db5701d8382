package import Corpus

/// Which queries count.
package enum QuerySelection: Sendable {
  /// Those that have both judgments and hits (trec_eval's default). A query that the qrels name
  /// counts, even where none of its passages is relevant: its measures are 0.
  case common
  /// All that the qrels name (trec_eval's -c). One that the run lacks counts with an empty answer,
  /// whose measures are 0.
  case judged
  /// These, in this order. One that the run lacks counts with an empty answer.
  case listed([Identifier])
}

/// The values of some metrics for each of some queries: what means and paired tests are made of.
package struct QueryScores: Sendable {
  /// The queries that count, by the bytes of their ids where they were not listed.
  package let queries: [Identifier]
  package let metrics: [Metric]
  // A row a metric, a column a query.
  private let values: [[Double]]

  init(queries: [Identifier], metrics: [Metric], values: [[Double]]) {
    self.queries = queries
    self.metrics = metrics
    self.values = values
  }

  /// The values of a metric, one a query; empty for a metric that was not asked for.
  package subscript(metric: Metric) -> [Double] {
    metrics.firstIndex(of: metric).map { values[$0] } ?? []
  }

  /// The value for all queries: as a rule the mean, for counts the sum.
  package func summary(_ metric: Metric) -> Double { metric.summarize(self[metric]) }

  /// The arithmetic mean; 0 without queries.
  package func mean(_ metric: Metric) -> Double {
    let values = self[metric]
    return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}

extension QuerySelection {
  /// The queries that count, in the order in which they are added up.
  package func queries(run: Run, qrels: Qrels) -> [Identifier] {
    switch self {
    case .common: qrels.queries.filter { run.contains($0) }.sorted()
    case .judged: qrels.queries.sorted()
    case .listed(let queries): queries
    }
  }
}

/// Judges the answers of a run and computes metrics for each query.
///
/// Hits are ranked by score, not by their ranks: see `Judge`.
/// Cost: O(hits) and a step a metric and judged hit; 8 bytes a metric and query.
package func evaluate(
  _ run: Run, qrels: Qrels, metrics: [Metric], queries selection: QuerySelection = .common,
  options: JudgingOptions = JudgingOptions()
) -> QueryScores {
  let queries = selection.queries(run: run, qrels: qrels)
  var judge = Judge(run: run, qrels: qrels, options: options)
  var values = metrics.map { _ in [Double]() }
  for row in values.indices { values[row].reserveCapacity(queries.count) }
  for query in queries {
    let ranking = judge.ranking(of: query)
    for (row, metric) in metrics.enumerated() { values[row].append(metric.value(of: ranking)) }
  }
  return QueryScores(queries: queries, metrics: metrics, values: values)
}
