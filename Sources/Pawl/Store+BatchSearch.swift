internal import Corpus
internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// What a batch of searches did.
public struct BatchSummary: Sendable, Equatable {
  /// The version that answered all queries.
  public internal(set) var version = ""
  public internal(set) var queryCount = 0
  public internal(set) var hitCount = 0
  /// Passages that the version had when the last query was answered: those among which it searched.
  public internal(set) var searchedCount = 0
  /// Of all queries together.
  public internal(set) var cost = SearchCost()
  /// Passages that the version did not have yet.
  public internal(set) var pendingCount = 0
  /// Seconds of all queries together; `fetch` is the reading of ids.
  public internal(set) var timing = Answer.Timing()
}

/// Searches batch after batch with one version, whatever is promoted meanwhile.
struct BatchSearch {
  /// Enough to make a pass over the codes worth while, few enough that progress moves and Ctrl-C is soon
  /// heard.
  private static let largestBatch = 1_024
  /// Hits in memory at once: 32 bytes each, a candidate and what becomes of it, 32 MiB in all.
  private static let hitLimit = 1 << 20

  private let store: Store
  private let effort: SearchEffort
  private let version: VersionRecord
  private let space: SpaceRecord
  private let kernels: Kernels
  /// Passages of the version when the search began.
  private let passageCount: Int
  private var ids: PassageIDs
  private(set) var summary = BatchSummary()

  /// D, the floats of a query.
  var width: Int { space.width }

  /// - Parameter version: nil: the active one.
  init(_ store: Store, _ effort: SearchEffort = .usual, version name: String?) throws {
    let snapshot = try store.environment.snapshot()
    self.store = store
    self.effort = effort
    version = try store.version(name, in: snapshot)
    space = try store.space(version.space, in: snapshot)
    passageCount = try store.index(version.index, in: snapshot).count
    kernels = try store.kernels()
    ids = PassageIDs(store)
    summary.version = version.name
  }

  /// How many queries to run at once: as many as leave memory for their hits.
  func batchSize(k: Int) -> Int {
    let hitsOfQuery = max(1, min(k, passageCount))
    return max(1, min(Self.largestBatch, Self.hitLimit / hitsOfQuery))
  }

  /// The best k passages of each query, with scores that fall strictly. All queries of a batch see one
  /// snapshot.
  ///
  /// - Parameter progress: told, on any thread, how many queries of the batch are encoded.
  mutating func run(
    _ batch: QueryBatch, k: Int, progress: @Sendable (Int) -> Void = { _ in }
  ) throws -> [[RunHit]] {
    let vectors =
      switch batch.content {
      case .vectors(let vectors): vectors
      case .texts(let texts): try encode(texts, progress)
      }
    var watch = Stopwatch()
    let snapshots = try HeldSnapshots(store.environment, count: Process.processorCount)
    let candidates = try search(vectors, k, snapshots)
    summary.timing.search += watch.lap()
    let hits = try hits(candidates, k, snapshots)
    summary.timing.fetch += watch.lap()
    summary.queryCount += batch.ids.count
    summary.hitCount += hits.reduce(0) { $0 + $1.count }
    return hits
  }

  /// The candidates of each of Q queries, and some more where they were measured for a greater k.
  private mutating func search(
    _ queries: [Float], _ k: Int, _ snapshots: HeldSnapshots
  ) throws -> [[TopK.Candidate]] {
    guard let held = snapshots.take() else { return [] }
    let served = try store.served(version.name, in: held.snapshot)
    summary.searchedCount = served.index.count
    summary.pendingCount = try store.pendingCount(of: served.index, in: held.snapshot)
    var cost = SearchCost()
    cost.listCount = served.index.clustering?.listCount ?? 0
    defer { summary.cost.add(cost) }
    switch served.route(effort, k: k) {
    case .exact(let reason):
      defer { snapshots.giveBack(held) }
      cost.exactness = reason
      cost.scannedCount = served.index.count * (queries.count / width)
      return try exactly(queries, k, served, in: held.snapshot)
    case .lists(let probing, let k):
      snapshots.giveBack(held)
      let width = width
      let batch = ListBatch(store: store, indexID: served.indexID, snapshots: snapshots)
      let found = try batch.search(queries.count / width) { range, searcher, work, snapshot in
        try searcher.search(
          all: queries.span.extracting(range.lowerBound * width..<range.upperBound * width), k: k,
          probing, work: &work, in: snapshot)
      }
      cost.add(found.work)
      return found.results
    }
  }

  private func exactly(
    _ queries: [Float], _ k: Int, _ served: Served, in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    let blocks = IndexCodes.blocks(store, served.indexID, served.index, width: width)
    do {
      return try BatchScan(blocks: blocks).search(
        queries: queries.span, k: k, kernels: kernels, workerCount: Process.processorCount,
        in: snapshot)
    } catch { throw store.named(error, index: served.indexID) }
  }

  private mutating func hits(
    _ candidates: [[TopK.Candidate]], _ k: Int, _ snapshots: HeldSnapshots
  ) throws -> [[RunHit]] {
    guard let held = snapshots.take() else { return [] }
    defer { snapshots.giveBack(held) }
    var hits: [[RunHit]] = []
    hits.reserveCapacity(candidates.count)
    for candidates in candidates {
      hits.append(try self.hits(ids.ranked(candidates, k: k, in: held.snapshot)))
    }
    return hits
  }

  /// - Throws: `StoreError.damaged` for a score that is no number: a code holds infinity, say.
  private func hits(_ ranked: [RankedRow]) throws(StoreError) -> [RunHit] {
    var scores = FallingScores()
    var hits: [RunHit] = []
    hits.reserveCapacity(ranked.count)
    for ranked in ranked {
      guard ranked.score.isFinite else {
        throw store.damaged("the code of row \(ranked.row)", "its score is \(ranked.score)")
      }
      hits.append(
        RunHit(
          passage: ranked.id, rank: Int32(hits.count + 1), score: scores.next(ranked.score)))
    }
    return hits
  }

  /// Loads the encoder, so that what is wrong with it is known before the work.
  ///
  /// - Throws: `StoreError.noEncoder` where queries have to be vectors.
  func loadEncoder() throws {
    _ = try store.queryEncoder(of: version, space, in: store.environment.snapshot())
  }

  /// The vectors of queries, one after another.
  ///
  /// - Parameter progress: told, on any thread, how many are done.
  mutating func encode(
    _ texts: [String], _ progress: @Sendable (Int) -> Void = { _ in }
  ) throws -> [Float] {
    var watch = Stopwatch()
    defer { summary.timing.encode += watch.lap() }
    return try store.queryEncoder(of: version, space, in: store.environment.snapshot()).encode(
      texts, progress: progress)
  }
}
