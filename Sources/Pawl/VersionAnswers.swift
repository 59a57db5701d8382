internal import Corpus
internal import Evaluation
internal import LMDB

/// What a version answers to the judged queries of a set, and how good that is.
struct VersionAnswers {
  /// A row a metric, a column a judged query.
  var values: [[Double]]
  /// Of each query the best that its question keeps.
  private(set) var top: [[RunHit]] = []
  private(set) var summary: BatchSummary

  /// Hits that a metric without a cut-off looks at: what TREC's runs have.
  static let deepestRank = 1_000

  /// A search, and what is computed of it.
  struct Question {
    let effort: SearchEffort
    let metrics: [Metric]
    /// Hits that are kept of each query.
    let keptCount: Int
    /// Hits that each query gets: as many, or more where a metric looks deeper.
    let k: Int

    init(_ effort: SearchEffort, _ metrics: [Metric], keeping keptCount: Int = 0) {
      self.effort = effort
      self.metrics = metrics
      self.keptCount = keptCount
      k = max(1, keptCount, metrics.map { $0.depth ?? VersionAnswers.deepestRank }.max() ?? 1)
    }
  }

  /// What a version answers to each of some questions, in their order.
  ///
  /// - Parameters:
  ///   - version: nil: the active one.
  ///   - progress: answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Complexity: each query is encoded once; memory for the hits that are kept, and for those of one batch.
  static func all(
    _ store: Store, _ set: EvaluationSet, _ questions: [Question], version: String?,
    minimumGrade: Int, progress: @escaping ProgressHandler
  ) throws -> [VersionAnswers]? {
    let judges = questions.map { AnswerJudge(set, $0.metrics, minimumGrade: minimumGrade) }
    var searches = try questions.map { try BatchSearch(store, $0.effort, version: version) }
    guard !searches.isEmpty else { return [] }
    try searches[0].loadEncoder()
    var found = zip(questions, searches).map { question, search in
      VersionAnswers(
        values: question.metrics.map { _ in [] }, top: [], summary: search.summary)
    }
    let total = set.judged.count
    let size = searches[0].batchSize(k: questions.map(\.k).max() ?? 1)
    for start in stride(from: 0, to: total, by: size) {
      let queries = set.judged[start..<min(start + size, total)]
      let vectors = try searches[0].encode(queries.map(\.text)) {
        _ = progress(Progress(stage: .searching, done: start + $0, total: total))
      }
      let batch = QueryBatch(ids: queries.map(\.id), content: .vectors(vectors))
      for place in searches.indices {
        let answers = try searches[place].run(batch, k: questions[place].k)
        judges[place].add(answers, of: queries, to: &found[place].values)
        found[place].top += answers.map { Array($0.prefix(questions[place].keptCount)) }
      }
      if !progress(Progress(stage: .searching, done: queries.endIndex, total: total)) {
        return nil
      }
    }
    for place in searches.indices { found[place].summary = searches[place].summary }
    return found
  }

  init(values: [[Double]], top: [[RunHit]], summary: BatchSummary) {
    self.values = values
    self.top = top
    self.summary = summary
  }
}

/// Computes the metrics of answers.
struct AnswerJudge {
  private let set: EvaluationSet
  private let metrics: [Metric]
  private var options = JudgingOptions()

  init(_ set: EvaluationSet, _ metrics: [Metric], minimumGrade: Int) {
    self.set = set
    self.metrics = metrics
    options.minimumGrade = Int32(clamping: minimumGrade)
  }

  /// - Parameter values: a row a metric, which gets a column a query.
  func add(_ answers: [[RunHit]], of queries: some Collection<Query>, to values: inout [[Double]]) {
    var run = Run()
    for (query, hits) in zip(queries, answers) { run.append(query: query.id, hits: hits) }
    let scores = Evaluation.evaluate(
      run, qrels: set.qrels, metrics: metrics, queries: .listed(queries.map(\.id)),
      options: options)
    for (place, metric) in metrics.enumerated() { values[place] += scores[metric] }
  }
}
