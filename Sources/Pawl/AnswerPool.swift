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
  /// made here. Passages that were deleted meanwhile are not ranked.
  ///
  /// - Returns: nil where it was stopped.
  /// - Complexity: memory for the pool's vectors, twice while they are packed.
  func answers(
    of version: String, _ set: EvaluationSet, _ metrics: [Metric], minimumGrade: Int,
    progress: @escaping ProgressHandler
  ) throws -> VersionAnswers? {
    let snapshot = try store.environment.snapshot()
    let version = try store.version(version, in: snapshot)
    let space = try store.space(version.space, in: snapshot)
    let rows = try self.rows.filter { try store.tables.rows.contains(Key($0), in: snapshot) }
    guard let packed = try packed(rows, version, space, in: snapshot, progress) else { return nil }
    let queries = try store.queryEncoder(of: version, space, in: snapshot)
      .encode(set.judged.map(\.text))
    let D = space.width
    let question = VersionAnswers.Question(.exact, metrics, keeping: Comparing.overlapDepth)
    let kernels = try store.kernels()
    let judge = AnswerJudge(set, metrics, minimumGrade: minimumGrade)
    var values = metrics.map { _ in [Double]() }
    var top: [[RunHit]] = []
    var scores = [Float](repeating: 0, count: rows.count)
    var ids = PassageIDs(store)
    for (number, query) in set.judged.enumerated() {
      var view = scores.mutableSpan
      kernels.apply(
        packed, to: queries.span.extracting(number * D..<(number + 1) * D), rows: 1, into: &view)
      var best = TopK(k: question.k)
      for (row, score) in zip(rows, scores) { best.insert(score: score, row: row) }
      let ranked = try ids.ranked(best.candidates(), k: question.k, in: snapshot)
      var falling = FallingScores()
      let hits = ranked.enumerated().map { rank, found in
        RunHit(passage: found.id, rank: Int32(rank + 1), score: falling.next(found.score))
      }
      judge.add([hits], of: [query], to: &values)
      top.append(Array(hits.prefix(question.keptCount)))
    }
    return VersionAnswers(values: values, top: top, summary: BatchSummary())
  }

  /// The vectors of rows as the weights of a product.
  ///
  /// - Returns: nil where it was stopped.
  private func packed(
    _ rows: [UInt32], _ version: VersionRecord, _ space: SpaceRecord,
    in snapshot: borrowing Snapshot, _ progress: @escaping ProgressHandler
  ) throws -> Linear? {
    let codes = try IndexCodes(store, version.index, in: snapshot).codes(of: rows, in: snapshot)
    let vectors =
      try codes.count == rows.count
      ? codes.decoded()
      : store.encode(
        rows, by: store.encoder(for: space), prefix: space.passagePrefix, in: snapshot,
        progress: progress)
    guard let vectors else { return nil }
    var packed = Linear(inputWidth: space.width, outputWidth: rows.count)
    packed.append(weight: vectors.span, bias: [Float](repeating: 0, count: rows.count).span)
    return packed
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
