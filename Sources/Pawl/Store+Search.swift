internal import Corpus
internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// One passage that was found.
public struct Hit: Sendable, Equatable {
  /// From 1.
  public let rank: Int
  /// Inner product of the query's vector and the passage's code: the cosine, up to the code's rounding.
  public let score: Float
  public let id: String
  public let text: String
}

/// The answer to one query, wholly of one version.
public struct Answer: Sendable, Equatable {
  /// The version that answered.
  public let version: String
  public let hits: [Hit]
  /// Passages that were searched.
  public let searchedCount: Int
  /// Passages that the version does not have yet.
  public let pendingCount: Int
  public let timing: Timing

  /// Seconds of each step.
  public struct Timing: Sendable, Equatable {
    public internal(set) var encode = 0.0
    public internal(set) var search = 0.0
    public internal(set) var fetch = 0.0
  }
}

extension Store {
  /// The k passages nearest to a text, best first, equal scores by id.
  ///
  /// Everything is read from one snapshot: which version serves, its index, its passages.
  /// - Parameter version: nil: the active one.
  /// - Complexity: every code is scored.
  public func query(_ text: String, k: Int, version name: String? = nil) throws -> Answer {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    let space = try space(version.space, in: snapshot)
    let index = try index(version.index, in: snapshot)
    let encoder = try encoder(for: space)
    var timing = Answer.Timing()
    var watch = Stopwatch()
    let query = encoder.encode(version.queryPrefix + text)
    timing.encode = watch.lap()
    let candidates = try search(version.index, index, query, k, encoder.kernels, in: snapshot)
    timing.search = watch.lap()
    let hits = try fetch(candidates, k: k, in: snapshot)
    timing.fetch = watch.lap()
    return Answer(
      version: version.name, hits: hits, searchedCount: index.count,
      pendingCount: try tables.rows.count(in: snapshot) - index.count, timing: timing)
  }

  private func search(
    _ id: UInt32, _ index: IndexRecord, _ query: [Float], _ k: Int, _ kernels: Kernels,
    in snapshot: borrowing Snapshot
  ) throws -> [TopK.Candidate] {
    do {
      return try FlatScan(blocks: tables.fresh).search(
        index: id, codec: index.codec, query: query.span, k: k, kernels: kernels, in: snapshot)
    } catch let error as CodeBlockError {
      throw damaged("index \(id)", "\(error)")
    }
  }

  /// Puts ties in the order of their ids, cuts at k and reads the texts.
  private func fetch(
    _ candidates: [TopK.Candidate], k: Int, in snapshot: borrowing Snapshot
  ) throws -> [Hit] {
    var ids = PassageIDs(self)
    var reader = try RowReader(self, in: snapshot)
    var hits: [Hit] = []
    for ranked in try ids.ranked(candidates, k: k, in: snapshot) {
      let text = try reader.text(of: ranked.row, in: snapshot)
      hits.append(
        Hit(
          rank: hits.count + 1, score: ranked.score, id: ranked.id.text,
          text: String(decoding: text, as: UTF8.self)))
    }
    return hits
  }
}

/// Seconds from one step to the next.
struct Stopwatch {
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant

  init() { last = clock.now }

  mutating func lap() -> Double {
    let now = clock.now
    defer { last = now }
    return (now - last) / .seconds(1)
  }
}
