internal import Corpus
internal import Evaluation
internal import LMDB

/// How well a version answers the queries of an evaluation set.
public struct EvaluationReport: Sendable, Equatable {
  public struct Metric: Sendable, Equatable {
    /// In lower case, with its cut-off: "ndcg@10".
    public let name: String
    public let value: Double
    /// 95 %, by resampling queries, or groups of them where the set has groups; nil for what is no mean of
    /// queries, and for fewer than two of them.
    public let interval: ClosedRange<Double>?
  }

  public struct Query: Sendable, Equatable {
    public let id: String
    /// In the order of the report's metrics.
    public let values: [Double]
  }

  /// Means over all judged queries; a query without a hit counts as 0.
  public let metrics: [Metric]
  public let queries: [Query]
  /// Groups that queries hang together in; nil where each is taken by itself.
  public let groupCount: Int?
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
  /// Answers the judged queries of a set and computes metrics as trec_eval does.
  ///
  /// - Parameter progress: answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Throws: `EvaluationError` for a metric that there is not, `StoreError.notEmbedded`, what the search throws.
  /// - Complexity: memory for 1,024 queries and a million hits.
  public func evaluate(
    _ set: EvaluationSet, _ options: EvaluationOptions = EvaluationOptions(),
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> EvaluationReport? {
    let metrics = try options.metrics.map { try Evaluation.Metric(name: $0) }
    try requireCodes(version: options.version)
    let answers = try VersionAnswers.all(
      self, set, [.init(options.effort, metrics)], version: options.version,
      minimumGrade: options.minimumGrade, progress: progress)
    return answers?.first.map { EvaluationReport(set, metrics, $0.values, $0.summary) }
  }
}

extension EvaluationReport {
  /// - Parameter values: a row a metric, a column a judged query.
  fileprivate init(
    _ set: EvaluationSet, _ metrics: [Evaluation.Metric], _ values: [[Double]],
    _ search: BatchSummary
  ) {
    let groups = set.groupNumbers
    groupCount = groups.map { Set($0).count }
    self.metrics = zip(metrics, values).map { metric, values in
      let value = metric.summarize(values)
      let mean = values.reduce(0, +) / Double(max(1, values.count))
      let interval =
        abs(value - mean) < 1e-9
        ? PairedComparison.interval(
          ofMean: values, groups: groups, Self.resampling(of: values.count)) : nil
      return Metric(name: metric.name ?? "", value: value, interval: interval)
    }
    queries = set.judged.indices.map { place in
      Query(id: set.judged[place].id.text, values: values.map { $0[place] })
    }
    self.search = search
  }

  /// Draws of all resamples together: a second or so.
  private static let mostDraws = 400_000_000

  /// As many resamples as usual, fewer of very many queries: their intervals are narrow.
  private static func resampling(of queryCount: Int) -> PairedComparison.Settings {
    var settings = PairedComparison.Settings()
    settings.resampleCount = min(
      settings.resampleCount, max(1_000, mostDraws / max(1, queryCount)))
    return settings
  }
}
