internal import Corpus
internal import Encoding
internal import Evaluation
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// What rounding a version's vectors to codes costs: the first answers of some queries ranked again, by codes and
/// by vectors of float32.
struct CodecCost {
  let queryCount: Int
  /// MRR@10 of the vectors less that of the codes.
  let difference: Double
  /// 95 %, by the bootstrap: of 300 queries one that falls from the first rank to the second is .0017.
  let interval: ClosedRange<Double>

  /// Queries that are looked at, and passages of each beside its answers.
  private static let (mostQueries, depth) = (300, 20)
}

extension CodecCost {
  /// - Returns: nil where it was stopped.
  init?(
    _ store: Store, _ name: String, _ set: EvaluationSet, minimumGrade: Int,
    progress: @escaping ProgressHandler
  ) throws {
    let snapshot = try store.environment.snapshot()
    let version = try store.version(name, in: snapshot)
    let space = try store.space(version.space, in: snapshot)
    var random = SplitMix64(seed: 3)
    let places = set.judged.indices.shuffled(using: &random).prefix(Self.mostQueries).sorted()
    let chosen = places.map { set.judged[$0] }
    let groups = set.groupNumbers.map { numbers in places.map { numbers[$0] } }
    var search = try BatchSearch(store, .exact, version: name)
    let answers = try search.run(
      QueryBatch(ids: chosen.map(\.id), content: .texts(chosen.map(\.text))), k: Self.depth)
    // Rows of each query's pool, its answers first.
    var pools: [(answers: Set<UInt32>, rows: [UInt32])] = []
    for (query, hits) in zip(chosen, answers) {
      var relevant: Set<UInt32> = []
      for judgment in set.qrels[query.id] where judgment.grade >= Int32(clamping: minimumGrade) {
        if let row = try store.checkedRow(of: judgment.id, in: snapshot) { relevant.insert(row) }
      }
      var rows = relevant.sorted()
      for hit in hits {
        if let row = try store.checkedRow(of: hit.passage, in: snapshot), !relevant.contains(row) {
          rows.append(row)
        }
      }
      pools.append((relevant, rows))
    }
    let rows = Array(Set(pools.flatMap(\.rows))).sorted()
    let vectorPlaces = Dictionary(uniqueKeysWithValues: zip(rows, rows.indices))
    let codes = try IndexCodes(store, version.index, in: snapshot).codes(of: rows, in: snapshot)
    let codePlaces = Dictionary(uniqueKeysWithValues: zip(codes.rows, codes.rows.indices))
    let D = space.width
    let exact = try store.exactEncoder(of: space)
    let vectors = try store.encode(
      rows, by: exact, prefix: space.passagePrefix, in: snapshot, progress: progress)
    guard let vectors else { return nil }
    let queries = try store.queryEncoder(of: version, space, in: snapshot) {
      try $0 == space ? exact : store.exactEncoder(of: $0)
    }.encode(chosen.map(\.text))
    let kernels = exact.kernels
    // Only passages that have codes are ranked, by either.
    let matrices = [
      (vectors: codes.decoded(), places: codePlaces), (vectors: vectors, places: vectorPlaces),
    ]
    var differences = [Double](repeating: 0, count: chosen.count)
    for (number, pool) in pools.enumerated() {
      let query = queries.span.extracting(number * D..<(number + 1) * D)
      for (kind, matrix) in matrices.enumerated() {
        let scores = pool.rows.compactMap { row -> (row: UInt32, score: Float)? in
          guard codePlaces[row] != nil, let place = matrix.places[row] else { return nil }
          return (
            row, kernels.dot(query, matrix.vectors.span.extracting(place * D..<(place + 1) * D))
          )
        }
        let ranked = scores.sorted { ($1.score, $0.row) < ($0.score, $1.row) }
        if let rank = ranked.prefix(10).firstIndex(where: { pool.answers.contains($0.row) }) {
          differences[number] += (kind == 0 ? -1 : 1) / Double(rank + 1)
        }
      }
    }
    let mean = differences.reduce(0, +) / Double(max(1, differences.count))
    self.init(
      queryCount: chosen.count, difference: mean,
      interval: PairedComparison.interval(ofMean: differences, groups: groups)
        // Queries of one group say nothing of others.
        ?? -1...1)
  }
}

extension Store {
  /// A space's encoder without rounded weights; not kept.
  fileprivate func exactEncoder(of space: SpaceRecord) throws -> TextEncoder {
    guard let checkpoint = space.checkpoint else { throw StoreError.noEncoder(path: path) }
    return try TextEncoder(
      ModelDirectory(path: checkpointPath(checkpoint)), maxLength: space.maxLength,
      numericPath: .float32, environment: Process.environment)
  }
}
