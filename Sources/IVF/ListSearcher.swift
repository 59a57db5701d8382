package import LMDB
package import LinearAlgebra

/// Searches a clustered index: one thread's memory, used again by its next query.
///
/// A query looks into the lists of near centroids, as `Probing` says, and into `fresh` for codes of the same
/// lists. Of a `binary` index the 1-bit codes are scanned first; codes whose estimate, with an
/// allowance for its error, reaches the kth best so far are scored as exact search scores them, to the bit.
package final class ListSearcher: @unchecked Sendable {
  // Sendable: `Store` gives a searcher to one thread at a time.

  package let index: ClusteredIndex
  private let kernels: Kernels
  private let rotation: Rotation
  private var opened: OpenedLists?
  private var walk: ListWalk

  package init(_ index: ClusteredIndex, kernels: Kernels) {
    self.index = index
    self.kernels = kernels
    rotation = Rotation(width: index.blocks.width, seed: index.seed)
    walk = ListWalk(index, rotation: rotation, kernels: kernels)
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
    return try walk.search(query, k: k, probing, &opened, work: &work, in: snapshot)
  }

  /// The same for each of Q queries, in their order.
  ///
  /// A list is read for all queries that look into it. An answer does not depend on what else is asked. By a
  /// margin a query looks at least into its eight nearest lists, and mostly into some more than alone.
  ///
  /// - Parameter queries: Q × D floats, row-major.
  package func search(
    all queries: Span<Float>, k: Int, _ probing: Probing, work: inout ListWork,
    in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    let width = index.blocks.width
    precondition(queries.count % width == 0, "\(queries.count) floats as queries of \(width)")
    let count = queries.count / width
    guard count > 0 else { return [] }
    var found: [[TopK.Candidate]] = []
    found.reserveCapacity(count)
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
