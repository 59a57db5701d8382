internal import IVF
internal import LMDB
internal import LinearAlgebra

/// Measures recall against effort: exact search first, then the same queries through the lists, all in one
/// commit, whatever others write meanwhile.
struct CalibrationRun {
  let store: Store
  let indexID: UInt32
  let snapshots: HeldSnapshots
  /// Q × D.
  let queries: [Float]
  /// The queries' own rows, where they are stored vectors: that a vector finds itself says nothing.
  let ownRows: [UInt32]?
  let width: Int
  let source: Calibration.Source
  let progress: ProgressHandler

  /// The shares of wanted passages that the efforts of a ladder reach, all lists being scanned exactly.
  /// Beyond the last one a search through lists costs about as much as an exact one.
  private static let levels = [0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998]
  /// One-sided, 95 %.
  private static let deviations = 1.645

  /// Queries whose answers show whether those of all fit into memory.
  private static let firstQueries = 16
  /// Up to this k all queries are asked; of more, a few hundred queries say as much as all of the best ten.
  private static let allQueriesLimit = 10
  private static let fewQueries = 300

  /// The k's of an index of so many codes: who wants more than a quarter of them compares all as fast.
  private static func ks(of count: Int) -> [Int] {
    Calibration.ks.filter { $0 == 1 || $0 <= count / 4 }
  }

  private var queryCount: Int { queries.count / width }

  /// Queries that a curve is measured with.
  private func queryCount(k: Int) -> Int {
    k <= Self.allQueriesLimit ? queryCount : min(queryCount, Self.fewQueries)
  }

  private var ownCount: Int { ownRows == nil ? 0 : 1 }

  /// All but the query's own row.
  private func others(_ found: [TopK.Candidate], _ query: Int) -> [TopK.Candidate] {
    guard let own = ownRows?[query] else { return found }
    return found.filter { $0.row != own }
  }

  func run() throws -> Calibration {
    let few = queryCount(k: .max)
    let kernels = try store.kernels()
    guard let held = snapshots.take() else { preconditionFailure("all snapshots are taken") }
    let ks = Self.ks(of: try store.index(indexID, in: held.snapshot).count)
    let truth =
      try exact(0..<few, k: ks.last ?? 1, in: held.snapshot)
      + exact(few..<queryCount, k: Self.allQueriesLimit, in: held.snapshot)
    let needed = try neededMargins(truth, ks, kernels, in: held.snapshot)
    let rowEnd = try store.index(indexID, in: held.snapshot).nextRow
    snapshots.giveBack(held)
    var curves: [Calibration.Curve] = []
    for k in ks where k <= (truth.first?.count ?? 0) {
      var points: [Calibration.Point] = []
      for margin in Self.ladder(needed, k) {
        guard
          progress(Progress(stage: .calibrating, done: curves.count, total: ks.count))
        else { throw StoreError.stopped(path: store.path) }
        points.append(try measure(margin, k: k, truth, kernels))
      }
      curves.append(.init(k: k, points: Self.ascending(points)))
    }
    return Calibration(
      source: source, queryCount: queryCount, created: timestamp(), curves: curves,
      rowEnd: rowEnd)
  }

  /// The best k of each of these queries by exact search.
  private func exact(
    _ range: Range<Int>, k: Int, in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    let record = try store.index(indexID, in: snapshot)
    let k = max(1, min(k, record.count - ownCount))
    let scan = BatchScan(blocks: IndexCodes.blocks(store, indexID, record, width: width))
    var best: [[TopK.Candidate]] = []
    var size = Self.firstQueries
    while best.count < range.count {
      let start = range.lowerBound + best.count
      let part = start..<min(range.upperBound, start + size)
      let found: [[TopK.Candidate]]
      do {
        found = try scan.search(
          queries: queries.span.extracting(part.lowerBound * width..<part.upperBound * width),
          k: k + ownCount, kernels: store.kernels(), workerCount: Process.processorCount,
          in: snapshot)
      } catch { throw store.named(error, index: indexID) }
      // All that tie with the last come along: where many vectors are equal, that may be most of the index.
      if found.allSatisfy({ $0.count <= 2 * (k + ownCount) }) { size *= 8 }
      for (query, candidates) in zip(part, found) {
        best.append(Array(others(candidates, query).prefix(k)))
      }
    }
    return best
  }

  /// For each query and place of its best, for each k, the margin at which its list is looked into.
  private func neededMargins(
    _ truth: [[TopK.Candidate]], _ ks: [Int], _ kernels: Kernels, in snapshot: borrowing Snapshot
  ) throws -> [Int: [Float]] {
    let codes = try IndexCodes(store, indexID, in: snapshot)
    guard let quantizer = codes.lists?.quantizer else { return [:] }
    var needed: [Int: [Float]] = [:]
    for (query, best) in truth.enumerated() {
      let scores = quantizer.scores(
        queries.span.extracting(query * width..<(query + 1) * width), kernels: kernels)
      let highest = scores.max() ?? 0
      for k in ks where k <= best.count {
        for candidate in best.prefix(k) {
          guard let list = try codes.places.list(of: candidate.row, in: snapshot) else { continue }
          let most = Probing.least(highest: highest, kthBest: best[k - 1].score, margin: 0)
          needed[k, default: []].append(most - scores[list])
        }
      }
    }
    return needed
  }

  private static func ladder(_ needed: [Int: [Float]], _ k: Int) -> [Float] {
    let sorted = (needed[k] ?? []).sorted()
    if sorted.isEmpty { return [] }
    return Array(Set(levels.map { sorted[Int(Double(sorted.count) * $0)] })).sorted()
  }

  /// Searches all queries with one effort.
  private func measure(
    _ margin: Float, k: Int, _ truth: [[TopK.Candidate]], _ kernels: Kernels
  ) throws -> Calibration.Point {
    let batch = ListBatch(store: store, indexID: indexID, snapshots: snapshots)
    // One by one, though a batch is faster: it mostly finds a little more, and the promise is for both.
    let outcomes = try batch.search(queryCount(k: k)) { range, searcher, work, snapshot in
      try range.map { query in
        let found = try searcher.search(
          queries.span.extracting(query * width..<(query + 1) * width), k: k + ownCount,
          .margin(margin), work: &work, in: snapshot)
        // Among equal scores any passage is as good.
        let least = truth[query][k - 1].score
        return Double(min(k, others(found, query).count { $0.score >= least })) / Double(k)
      }
    }
    let count = Double(max(1, outcomes.results.count))
    let low = Self.lowerBound(outcomes.results, k: k)
    return Calibration.Point(
      margin: margin, recall: outcomes.results.reduce(0, +) / count,
      promised: max(0, 1 - (1 - low) / source.missShare),
      meanProbes: Double(outcomes.work.probeCount) / count,
      meanScanned: Double(outcomes.work.scannedCount) / count)
  }

  /// What the mean of other queries of this kind reaches, by all odds.
  ///
  /// One query more that finds less, nothing of k = 1: a few that all do well promise little, and nobody
  /// promises everything.
  static func lowerBound(_ recalls: [Double], k: Int) -> Double {
    let recalls = recalls + [1 - 1 / Double(k).squareRoot()]
    let count = Double(recalls.count)
    let mean = recalls.reduce(0, +) / count
    let variance = recalls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return mean - deviations * (variance / count).squareRoot()
  }

  /// Measured recall may fall by chance where the effort grows; a promise does not.
  private static func ascending(_ points: [Calibration.Point]) -> [Calibration.Point] {
    var kept: [Calibration.Point] = []
    for point in points where point.promised > kept.last?.promised ?? -1 { kept.append(point) }
    return kept
  }
}
