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
  private var nearest = BestScores()
  /// The score of the nearest centroid, and down to which score lists are ranked.
  private var highest: Float = 0
  private var lowest: Float = 0
  private var bits: BitQueries
  private var scanner: StretchScanner

  /// Lists whose centroids score so much less than the margin says are ranked at first; more are, where
  /// they do not suffice.
  private static let rankingReserve: Float = 0.02
  /// Fewer queries are answered one by one: hardly any two would look into the same list.
  private static let fewestQueries = 16

  package init(_ index: ClusteredIndex, kernels: Kernels) {
    self.index = index
    self.kernels = kernels
    rotation = Rotation(width: index.blocks.width, seed: index.seed)
    bits = BitQueries(width: index.blocks.width)
    scanner = StretchScanner(index, kernels: kernels)
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
    var top = TopK(k: k)
    let isBinary = index.blocks.codec == .binary
    if isBinary { bits.set(query, rotation: rotation, kernels: kernels) }
    let square = kernels.dot(query, query)
    rank(query, opened, probing)
    var position = 0
    while let (list, score) = next(&position, probing, threshold: top.threshold) {
      work.probeCount += 1
      let numbers = try opened.list(list, in: snapshot)
      if position < nearest.count { opened.fetchStart(of: nearest[position].place) }
      for number in numbers {
        if isBinary {
          scanner.scanBits(
            of: opened[number], query, bits, centroidScore: score,
            distance: Self.distance(square: square, score: score), into: &top, work: &work)
        } else {
          scanner.scan(opened[number], query, into: &top, work: &work)
        }
      }
      for run in opened.freshRuns(of: list) {
        scanner.scan(opened.fresh(run: run), query, into: &top, work: &work)
      }
    }
    return top.candidates()
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

  /// How far a query is from a unit vector, which decides how far an estimate errs.
  static func distance(square: Float, score: Float) -> Float {
    max(0, square + 1 - 2 * score).squareRoot()
  }
}

// Which lists.
extension ListSearcher {
  private func rank(_ query: Span<Float>, _ opened: OpenedLists, _ probing: Probing) {
    var rounded = [Int16](repeating: 0, count: query.count)
    var view = rounded.mutableSpan
    let scale = Kernels.roundToInt16(query, into: &view)
    opened.withCentroids { table in
      table.fill(&nearest, roundedQuery: rounded.span, scale: scale, kernels: kernels)
    }
    highest = nearest.highest
    switch probing {
    case .lists(let count):
      nearest.findBest(count)
      lowest = -.infinity
    case .margin(let margin):
      // Where the kth best code scores as the nearest centroid does, as it mostly does.
      lowest = highest - margin - Self.rankingReserve
      nearest.find(from: lowest, below: .infinity)
    }
  }

  /// The next list to look into; nil where there is none.
  private func next(
    _ position: inout Int, _ probing: Probing, threshold: Float
  ) -> (place: Int, score: Float)? {
    guard case .margin(let margin) = probing else {
      guard position < nearest.count else { return nil }
      defer { position += 1 }
      return nearest[position]
    }
    // Written so that a NaN stops. Without k codes yet the threshold is −∞.
    let least = Probing.least(highest: highest, kthBest: threshold, margin: margin)
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
