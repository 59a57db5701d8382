internal import Corpus
internal import Evaluation
internal import LMDB

/// How well a version answers the queries of an evaluation set.
public struct EvaluationReport: Sendable, Equatable {
  public struct Metric: Sendable, Equatable {
    /// In lower case, with its cut-off: "ndcg@10".
    public let name: String
    public let value: Double
  }

  public struct Query: Sendable, Equatable {
    public let id: String
    /// In the order of the report's metrics.
    public let values: [Double]
  }

  /// Means over all judged queries; a query without a hit counts as 0.
  public let metrics: [Metric]
  public let queries: [Query]
  /// Who answered, and in what time.
  public let search: BatchSummary
}

/// What an evaluation computes.
public struct EvaluationOptions: Sendable {
  public var metrics = ["mrr@10", "ndcg@10", "recall@100", "map"]
  /// The grade from which a passage counts as relevant in binary measures.
  public var minimumGrade = 1
  /// nil: the active one.
  public var version: String?
  public var effort = SearchEffort.usual

  public init() {}
}

extension Store {
  /// Hits that a metric without a cut-off looks at: what TREC's runs have.
  private static let deepestRank = 1_000

  /// Answers the judged queries of a set and computes metrics as trec_eval does.
  ///
  /// - Parameter progress: answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Throws: `EvaluationError` for a metric that there is not, what the search throws.
  /// - Complexity: memory for 1,024 queries and a million hits.
  public func evaluate(
    _ set: EvaluationSet, _ options: EvaluationOptions = EvaluationOptions(),
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> EvaluationReport? {
    let metrics = try options.metrics.map { try Evaluation.Metric(name: $0) }
    let k = metrics.map { $0.depth ?? Self.deepestRank }.max() ?? 1
    var judging = JudgingOptions()
    judging.minimumGrade = Int32(clamping: options.minimumGrade)
    var search = try BatchSearch(self, options.effort, version: options.version)
    try search.loadEncoder()
    var values = metrics.map { _ in [Double]() }
    let total = set.judged.count
    let batchSize = search.batchSize(k: k)
    var done = 0
    while done < total {
      let queries = set.judged[done..<min(done + batchSize, total)]
      let before = done
      let answers = try search.run(
        QueryBatch(ids: queries.map(\.id), content: .texts(queries.map(\.text))), k: k
      ) { _ = progress(Progress(stage: .searching, done: before + $0, total: total)) }
      var run = Run()
      for (query, hits) in zip(queries, answers) { run.append(query: query.id, hits: hits) }
      let scores = Evaluation.evaluate(
        run, qrels: set.qrels, metrics: metrics, queries: .listed(queries.map(\.id)),
        options: judging)
      for (place, metric) in metrics.enumerated() { values[place] += scores[metric] }
      done = queries.endIndex
      if !progress(Progress(stage: .searching, done: done, total: total)) { return nil }
    }
    return EvaluationReport(set, metrics, values, search.summary)
  }
}

extension EvaluationReport {
  /// - Parameter values: a row a metric, a column a judged query.
  fileprivate init(
    _ set: EvaluationSet, _ metrics: [Evaluation.Metric], _ values: [[Double]],
    _ search: BatchSummary
  ) {
    self.metrics = zip(metrics, values).map { metric, values in
      Metric(name: metric.name ?? "", value: metric.summarize(values))
    }
    queries = set.judged.indices.map { place in
      Query(id: set.judged[place].id.text, values: values.map { $0[place] })
    }
    self.search = search
  }
}
