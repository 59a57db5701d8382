package import LMDB
package import LinearAlgebra

/// Searches a clustered index: one thread's memory, used again by its next query.
///
/// A query looks into lists from the nearest centroid on, as `Probing` says, and into `fresh` for codes of
/// the same lists. Of a `binary` index the 1-bit codes are scanned first; codes whose estimate, with an
/// allowance for its error, reaches the kth best so far are scored as exact search scores them, to the bit.
package final class ListSearcher: @unchecked Sendable {
  // Sendable: `Store` gives a searcher to one thread at a time.

  package let index: ClusteredIndex
  private let kernels: Kernels
  private let rotation: Rotation
  private var opened: OpenedLists?
  private var rounded: RoundedQueries
  private var nearest = BestScores()
  /// Down to which score lists are ranked.
  private var lowest: Float = 0
  private var bits: BitQueries
  private var scanner: ListScanner

  /// Lists whose centroids score so much less than the margin says are ranked at first; more are, where
  /// they do not suffice.
  private static let rankingReserve: Float = 0.02
  /// Fewer queries are answered one by one: hardly any two would look into the same list.
  private static let fewestQueries = 16

  package init(_ index: ClusteredIndex, kernels: Kernels) {
    self.index = index
    self.kernels = kernels
    rotation = Rotation(width: index.blocks.width, seed: index.seed)
    rounded = RoundedQueries(width: index.blocks.width)
    bits = BitQueries(width: index.blocks.width)
    scanner = ListScanner(index, kernels: kernels)
  }

  /// The best k rows for a query among the lists that it looks into, and those that tie with the last.
  ///
  /// - Parameter query: D floats.
  /// - Throws: `LMDBError.damaged`, `ListError`, `CodeBlockError` for what is not as it should be.
  package func search(
    _ query: Span<Float>, k: Int, _ probing: Probing, work: inout ListWork,
    in snapshot: borrowing Snapshot
  ) throws -> [TopK.Candidate] {
    precondition(query.count == index.blocks.width, "a query of \(query.count)")
    var opened = try takeOpened(in: snapshot)
    defer { self.opened = opened }
    if index.blocks.codec == .binary { bits.set(query, rotation: rotation, kernels: kernels) }
    rank(query, opened, probing)
    var queries = [ListQuery(query, k: k, kernels: kernels)]
    queries[0].highest = nearest.highest
    var position = 0
    while let (list, score) = next(&position, probing, queries[0]) {
      let stretches = try opened.list(list, in: snapshot)
      if position < nearest.count { opened.fetchStart(of: nearest[position].place) }
      scanner.look(
        .init(list: list, query: 0, score: score), stretches, of: opened, &queries, query, bits,
        work: &work)
    }
    scanner.finish(&queries, query, work: &work)
    return queries[0].top.candidates()
  }

  /// The same for each of Q queries, in their order.
  ///
  /// Many read each list once for all queries that look into it. An answer does not depend on what else is
  /// asked; beside that to a query alone it may hold passages of a list or two more.
  ///
  /// - Parameter queries: Q × D floats, row-major.
  package func search(
    all queries: Span<Float>, k: Int, _ probing: Probing, work: inout ListWork,
    in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    let width = index.blocks.width
    precondition(queries.count % width == 0, "\(queries.count) floats as queries of \(width)")
    let count = queries.count / width
    var found: [[TopK.Candidate]] = []
    found.reserveCapacity(count)
    if count < Self.fewestQueries {
      for start in stride(from: 0, to: queries.count, by: width) {
        found.append(
          try search(
            queries.extracting(start..<start + width), k: k, probing, work: &work, in: snapshot))
      }
      return found
    }
    var opened = try takeOpened(in: snapshot)
    defer { self.opened = opened }
    let capacity = min(count, ListPass.capacity(listCount: index.listCount))
    var pass = ListPass(
      index, k: k, probing, capacity: capacity, rotation: rotation, kernels: kernels)
    while found.count < count {
      let part = found.count..<min(found.count + capacity, count)
      found += try pass.search(
        queries.extracting(part.lowerBound * width..<part.upperBound * width), &opened,
        work: &work, in: snapshot)
    }
    return found
  }

  /// What was opened in an earlier call, if it shows this commit.
  private func takeOpened(in snapshot: borrowing Snapshot) throws -> OpenedLists {
    try opened.take().flatMap { $0.view == snapshot.view ? $0 : nil }
      ?? OpenedLists(index, in: snapshot)
  }
}

// Which lists.
extension ListSearcher {
  private func rank(_ query: Span<Float>, _ opened: OpenedLists, _ probing: Probing) {
    rounded.removeAll()
    rounded.append(query)
    opened.withCentroids { table in
      let (rounded, kernels, lists) = (rounded, kernels, 0..<table.listCount)
      nearest.fill(lists.count) { scores in
        table.score(lists, rounded, stride: lists.count, kernels: kernels, into: &scores)
      }
    }
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
  private func next(
    _ position: inout Int, _ probing: Probing, _ query: ListQuery
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
