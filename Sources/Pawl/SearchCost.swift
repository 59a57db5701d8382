internal import IVF

/// What it took to find the hits of a query, or of all queries of a batch.
public struct SearchCost: Sendable, Equatable {
  /// Why a search compares every passage.
  public enum Exactness: Sendable, Equatable {
    case asked
    /// The index is not clustered.
    case noLists
    /// Nothing less was measured to reach that recall of the best k.
    case promise(recall: Double, k: Int)
  }

  /// Nil where only the passages of some lists were compared.
  public internal(set) var exactness: Exactness?
  /// Lists that the index has; 0 where it is not clustered.
  public internal(set) var listCount = 0
  /// Lists that the queries looked into, all queries together.
  public internal(set) var probeCount = 0
  /// Passages that the queries were compared with, all queries together.
  public internal(set) var scannedCount = 0

  public var isExact: Bool { exactness != nil }

  mutating func add(_ work: ListWork) {
    probeCount += work.probeCount
    scannedCount += work.scannedCount
  }

  /// Takes over how the latest queries were searched, and adds what they took.
  mutating func add(_ other: SearchCost) {
    exactness = other.exactness
    listCount = other.listCount
    probeCount += other.probeCount
    scannedCount += other.scannedCount
  }
}

/// How a search goes about an effort.
enum SearchRoute: Equatable {
  /// `k` is the one that the probing was measured for, which the search has to take.
  case lists(Probing, k: Int)
  case exact(SearchCost.Exactness)
}

extension Served {
  /// The way that keeps what an effort promises.
  func route(_ effort: SearchEffort, k: Int) -> SearchRoute {
    if effort == .exact { return .exact(.asked) }
    guard let clustering = index.clustering else { return .exact(.noLists) }
    switch effort {
    case .exact: return .exact(.asked)
    case .probes(let count): return .lists(.lists(max(1, min(count, clustering.listCount))), k: k)
    case .recall(let recall): return route(recall: recall, k: k)
    case .usual: return route(recall: settings.usualRecall, k: k)
    }
  }

  private func route(recall: Double, k: Int) -> SearchRoute {
    // A promise of everything is kept by looking at everything.
    if recall >= 1 { return .exact(.asked) }
    guard let found = calibration?.probing(k: k, recall: recall) else {
      return .exact(.promise(recall: recall, k: k))
    }
    return .lists(found.probing, k: found.k)
  }
}
