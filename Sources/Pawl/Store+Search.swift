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
  /// Passages that the version has: those among which it searched.
  public let searchedCount: Int
  public let cost: SearchCost
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
  /// - Complexity: every code is scored where the index has no lists, or `effort` says so.
  public func query(
    _ text: String, k: Int, _ effort: SearchEffort = .usual, version name: String? = nil
  ) throws -> Answer {
    let snapshot = try environment.snapshot()
    let served = try served(name, in: snapshot)
    let encoder = try queryEncoder(of: served.version, served.space, in: snapshot)
    var timing = Answer.Timing()
    var watch = Stopwatch()
    let query = encoder.encode(text)
    timing.encode = watch.lap()
    var cost = SearchCost()
    let candidates = try search(served, query.span, k, effort, cost: &cost, in: snapshot)
    timing.search = watch.lap()
    let hits = try fetch(candidates, k: k, in: snapshot)
    timing.fetch = watch.lap()
    return Answer(
      version: served.version.name, hits: hits, searchedCount: served.index.count, cost: cost,
      pendingCount: try pendingCount(of: served.index, in: snapshot), timing: timing)
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

  /// Since the last step.
  var elapsed: Double { (clock.now - last) / .seconds(1) }

  mutating func lap() -> Double {
    let now = clock.now
    defer { last = now }
    return (now - last) / .seconds(1)
  }
}
