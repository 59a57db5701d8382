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
  /// Passages that the last query was compared with.
  public internal(set) var searchedCount = 0
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
  private let version: VersionRecord
  private let space: SpaceRecord
  private let encoder: TextEncoder
  /// Passages of the version when the search began.
  private let passageCount: Int
  private var ids: PassageIDs
  private(set) var summary = BatchSummary()

  /// D, the floats of a query.
  var width: Int { space.width }

  /// - Parameter version: nil: the active one.
  init(_ store: Store, version name: String?) throws {
    let snapshot = try store.environment.snapshot()
    self.store = store
    version = try store.version(name, in: snapshot)
    space = try store.space(version.space, in: snapshot)
    passageCount = try store.index(version.index, in: snapshot).count
    encoder = try store.encoder(for: space)
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
    var watch = Stopwatch()
    let vectors =
      switch batch.content {
      case .vectors(let vectors): vectors
      case .texts(let texts): encode(texts, progress)
      }
    summary.timing.encode += watch.lap()
    let snapshot = try store.environment.snapshot()
    let index = try store.index(version.index, in: snapshot)
    let candidates = try store.search(
      version.index, index, vectors.span, width, k, encoder.kernels, in: snapshot)
    summary.timing.search += watch.lap()
    var hits: [[RunHit]] = []
    hits.reserveCapacity(candidates.count)
    for candidates in candidates {
      hits.append(try self.hits(ids.ranked(candidates, k: k, in: snapshot)))
    }
    summary.timing.fetch += watch.lap()
    summary.queryCount += batch.ids.count
    summary.hitCount += hits.reduce(0) { $0 + $1.count }
    summary.searchedCount = index.count
    summary.pendingCount = try store.tables.rows.count(in: snapshot) - index.count
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

  private func encode(_ texts: [String], _ progress: @Sendable (Int) -> Void) -> [Float] {
    var vectors = [Float](repeating: 0, count: texts.count * encoder.width)
    var view = vectors.mutableSpan
    encoder.encode(
      version.queryPrefix.isEmpty ? texts : texts.map { version.queryPrefix + $0 },
      workerCount: Process.processorCount, into: &view, progress: progress)
    return vectors
  }
}

extension Store {
  /// The candidates of each of Q queries.
  ///
  /// - Parameter queries: Q × D.
  fileprivate func search(
    _ id: UInt32, _ index: IndexRecord, _ queries: Span<Float>, _ width: Int, _ k: Int,
    _ kernels: Kernels, in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    do {
      return try BatchScan(blocks: tables.fresh).search(
        index: id, codec: index.codec, queries: queries, width: width, k: k, kernels: kernels,
        workerCount: Process.processorCount, in: snapshot)
    } catch let error as CodeBlockError {
      throw damaged("index \(id)", "\(error)")
    }
  }
}
