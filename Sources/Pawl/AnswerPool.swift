internal import Corpus
internal import Encoding
internal import Evaluation
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// The judged passages of a set and what one version finds for it: enough to rank another version before all
/// passages are embedded for it.
struct AnswerPool {
  private let store: Store
  private let rows: [UInt32]

  /// Passages that the version is asked for.
  private static let depth = 100

  /// - Returns: nil where it was stopped.
  init?(
    _ store: Store, _ set: EvaluationSet, of version: String, progress: @escaping ProgressHandler
  ) throws {
    var found: Set<UInt32> = []
    var search = try BatchSearch(store, .usual, version: version)
    let size = search.batchSize(k: Self.depth)
    let total = set.judged.count
    for start in stride(from: 0, to: total, by: size) {
      let queries = set.judged[start..<min(start + size, total)]
      let answers = try search.run(
        QueryBatch(ids: queries.map(\.id), content: .texts(queries.map(\.text))), k: Self.depth)
      let snapshot = try store.environment.snapshot()
      for (query, hits) in zip(queries, answers) {
        for id in hits.map(\.passage) + set.qrels[query.id].map(\.id) {
          if let row = try store.checkedRow(of: id, in: snapshot) { found.insert(row) }
        }
      }
      let told = Progress(stage: .searching, done: queries.endIndex, total: total)
      if !progress(told) { return nil }
    }
    self.store = store
    rows = found.sorted()
  }

  var count: Int { rows.count }

  /// How a version ranks the pool for each query: by its codes where it has them all, else by vectors that are
  /// made here.
  ///
  /// - Returns: nil where it was stopped.
  /// - Complexity: memory for the pool's vectors.
  func answers(
    of version: VersionRecord, _ set: EvaluationSet, _ metrics: [Metric], minimumGrade: Int,
    progress: @escaping ProgressHandler
  ) throws -> VersionAnswers? {
    let snapshot = try store.environment.snapshot()
    let space = try store.space(version.space, in: snapshot)
    guard let vectors = try vectors(of: version, space, progress) else { return nil }
    let queries = try store.queryEncoder(of: version, space, in: snapshot)
      .encode(set.judged.map(\.text))
    let D = space.width
    var linear = Linear(inputWidth: D, outputWidth: rows.count)
    linear.append(
      weight: vectors.span, bias: [Float](repeating: 0, count: rows.count).span)
    let kernels = try store.kernels()
    let judge = AnswerJudge(set, metrics, minimumGrade: minimumGrade)
    var values = metrics.map { _ in [Double]() }
    var top: [[RunHit]] = []
    var scores = [Float](repeating: 0, count: rows.count)
    var ids = PassageIDs(store)
    for (number, query) in set.judged.enumerated() {
      var view = scores.mutableSpan
      kernels.apply(
        linear, to: queries.span.extracting(number * D..<(number + 1) * D), rows: 1, into: &view)
      var best = TopK(k: VersionAnswers.deepestRank)
      for (row, score) in zip(rows, scores) { best.insert(score: score, row: row) }
      let ranked = try ids.ranked(
        best.candidates(), k: VersionAnswers.deepestRank, in: snapshot)
      var falling = FallingScores()
      let hits = ranked.enumerated().map { rank, found in
        RunHit(passage: found.id, rank: Int32(rank + 1), score: falling.next(found.score))
      }
      judge.add([hits], of: [query], to: &values)
      top.append(Array(hits.prefix(VersionAnswers.depth)))
    }
    return VersionAnswers(values: values, top: top, summary: BatchSummary())
  }

  private func vectors(
    of version: VersionRecord, _ space: SpaceRecord, _ progress: @escaping ProgressHandler
  ) throws -> [Float]? {
    let snapshot = try store.environment.snapshot()
    let codes = try IndexCodes(store, version.index, in: snapshot)
    let found = try codes.codes(of: rows, in: snapshot)
    if found.count == rows.count { return found.decoded() }
    return try store.encode(
      rows, by: store.encoder(for: space), prefix: space.passagePrefix, in: snapshot,
      progress: progress)
  }
}

extension Store {
  /// Texts in memory at once.
  private static let encodedAtOnce = 512

  /// The vectors of rows, in their order.
  ///
  /// - Returns: nil where it was stopped.
  func encode(
    _ rows: [UInt32], by encoder: TextEncoder, prefix: String, in snapshot: borrowing Snapshot,
    progress: ProgressHandler
  ) throws -> [Float]? {
    var reader = try RowReader(self, in: snapshot)
    var vectors: [Float] = []
    for start in stride(from: 0, to: rows.count, by: Self.encodedAtOnce) {
      let end = min(start + Self.encodedAtOnce, rows.count)
      let texts = try rows[start..<end].map {
        String(decoding: try reader.text(of: $0, in: snapshot), as: UTF8.self)
      }
      vectors += encoder.encode(texts, prefix: prefix, workerCount: Process.processorCount)
      if !progress(Progress(stage: .embedding, done: end, total: rows.count)) { return nil }
    }
    return vectors
  }
}
