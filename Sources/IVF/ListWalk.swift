internal import LMDB
internal import LinearAlgebra

/// One query's way through lists, from that of the nearest centroid on.
struct ListWalk: ~Copyable {
  private let index: ClusteredIndex
  private let kernels: Kernels
  private let rotation: Rotation
  private var rounded: RoundedQueries
  private var bits: BitQueries
  private var scanner: ListScanner
  private var nearest = BestScores()
  /// Down to which score lists are ranked.
  private var lowest: Float = 0
  /// The next of `nearest`.
  private var position = 0

  /// Lists whose centroids score so much less than the margin says are ranked at first; more are, where
  /// they do not suffice.
  private static let rankingReserve: Float = 0.02

  init(_ index: ClusteredIndex, rotation: Rotation, kernels: Kernels) {
    self.index = index
    self.kernels = kernels
    self.rotation = rotation
    rounded = RoundedQueries(width: index.blocks.width)
    bits = BitQueries(width: index.blocks.width)
    scanner = ListScanner(index, kernels: kernels)
  }

  /// The best k rows for a query of D floats.
  mutating func search(
    _ query: Span<Float>, k: Int, _ probing: Probing, _ opened: inout OpenedLists,
    work: inout ListWork, in snapshot: borrowing Snapshot
  ) throws -> [TopK.Candidate] {
    if index.blocks.codec == .binary { bits.set(query, rotation: rotation, kernels: kernels) }
    scanner.forget()
    rank(query, opened, probing)
    var queries = [ListQuery(query, k: k, kernels: kernels)]
    queries[0].highest = nearest.highest
    while let (list, score) = next(probing, queries[0]) {
      let stretches = try opened.list(list, in: snapshot)
      if position < nearest.count { opened.fetchStart(of: nearest[position].place) }
      scanner.look(
        ListVisit(list: list, query: 0, score: score), stretches, of: opened, &queries, query,
        bits, work: &work)
    }
    scanner.finish(&queries, query, work: &work)
    return queries[0].top.candidates()
  }

  private mutating func rank(_ query: Span<Float>, _ opened: OpenedLists, _ probing: Probing) {
    rounded.removeAll()
    rounded.append(query)
    opened.scoreCentroids(rounded, kernels: kernels, into: &nearest)
    position = 0
    switch probing {
    case .lists(let count):
      nearest.findBest(count)
      lowest = -.infinity
    case .margin(let margin):
      // Where the kth best code scores as the nearest centroid does, as it mostly does.
      lowest = nearest.highest - margin - Self.rankingReserve
      nearest.find(from: lowest, below: .infinity)
    }
  }

  /// The next list to look into; nil where there is none.
  private mutating func next(
    _ probing: Probing, _ query: ListQuery
  ) -> (place: Int, score: Float)? {
    guard case .margin(let margin) = probing else {
      guard position < nearest.count else { return nil }
      defer { position += 1 }
      return nearest[position]
    }
    // Written so that a NaN stops. Without k codes yet the threshold is −∞.
    let least = query.least(margin: margin)
    if position == nearest.count {
      guard least < lowest else { return nil }
      nearest.find(from: least, below: lowest)
      (lowest, position) = (least, 0)
      if nearest.count == 0 { return nil }
    }
    let next = nearest[position]
    guard next.score >= least else { return nil }
    position += 1
    return next
  }
}
