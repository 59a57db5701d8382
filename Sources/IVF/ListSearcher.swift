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
  private var bits: BitQuery
  private var scores = [Float](repeating: 0, count: InvertedLists.blockCapacity)
  private var positions = [UInt32](repeating: 0, count: InvertedLists.blockCapacity)
  private var isProbed: [Bool]

  /// Lists whose centroids score so much less than the margin says are ranked at first; more are, where
  /// they do not suffice.
  private static let rankingReserve: Float = 0.02
  /// Standard deviations that a code's estimate may be too low. At 2.2 the recall of a list's scan is .999.
  private static let allowance: Float = 2.2

  package init(_ index: ClusteredIndex, kernels: Kernels) {
    self.index = index
    self.kernels = kernels
    let width = index.blocks.width
    rotation = Rotation(width: width, seed: index.seed)
    bits = BitQuery(width: width)
    isProbed = [Bool](repeating: false, count: index.listCount)
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
    var opened =
      try opened.take().flatMap { $0.view == snapshot.view ? $0 : nil }
      ?? OpenedLists(index, in: snapshot)
    defer { self.opened = opened }
    var top = TopK(k: k)
    // Taken out while they are in use.
    var (scores, positions, isProbed) = (self.scores, self.positions, self.isProbed)
    (self.scores, self.positions, self.isProbed) = ([], [], [])
    defer { (self.scores, self.positions, self.isProbed) = (scores, positions, isProbed) }
    try searchLists(
      query, probing, &opened, &scores, &positions, &isProbed, &top, &work, in: snapshot)
    searchFresh(query, opened.fresh, isProbed, &scores, &top, &work)
    return top.candidates()
  }

  private func searchLists(
    _ query: Span<Float>, _ probing: Probing, _ opened: inout OpenedLists,
    _ scores: inout [Float], _ positions: inout [UInt32], _ isProbed: inout [Bool],
    _ top: inout TopK, _ work: inout ListWork, in snapshot: borrowing Snapshot
  ) throws {
    let isBinary = index.blocks.codec == .binary
    if isBinary { bits.set(query, rotation: rotation, kernels: kernels) }
    let square = kernels.dot(query, query)
    for list in isProbed.indices { isProbed[list] = false }
    rank(query, opened, probing)
    var position = 0
    while let (list, score) = next(&position, probing, threshold: top.threshold) {
      isProbed[list] = true
      work.probeCount += 1
      // The distance from the centroid decides how far an estimate errs.
      let distance = max(0, square + 1 - 2 * score).squareRoot()
      let numbers = try opened.list(list, in: snapshot)
      if position < nearest.count { opened.fetchStart(of: nearest[position].place) }
      for number in numbers {
        let stretch = opened[number]
        work.scannedCount += stretch.count
        if isBinary {
          scanBits(
            of: stretch, query, centroidScore: score, distance, &scores, &positions, &top, &work)
        } else {
          scan(stretch, query, &scores, &positions, &top)
        }
      }
    }
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

// Codes. `scores` and `positions` are handed on, because the compiler sees two properties of one object as
// one.
extension ListSearcher {
  /// Scores all codes of a stretch.
  private func scan(
    _ stretch: OpenedLists.Stretch, _ query: Span<Float>, _ scores: inout [Float],
    _ positions: inout [UInt32], _ top: inout TopK
  ) {
    score(stretch, 0..<stretch.count, query, &scores)
    var selected = positions.mutableSpan
    let found = kernels.select(
      atLeast: top.threshold, of: scores.span.extracting(0..<stretch.count), into: &selected)
    for place in 0..<found {
      let position = Int(positions[place])
      if scores[position] >= top.threshold {
        top.insert(score: scores[position], row: stretch.row(position))
      }
    }
  }

  /// scores[i] ← the score of code range.lowerBound + i.
  private func score(
    _ stretch: OpenedLists.Stretch, _ range: Range<Int>, _ query: Span<Float>,
    _ scores: inout [Float]
  ) {
    let codec = index.blocks.codec
    let size = codec.codeSizeInBytes(width: query.count)
    let codes = unsafe UnsafeRawBufferPointer(
      start: stretch.codes + range.lowerBound * size, count: range.count * size)
    let scales = unsafe UnsafeRawBufferPointer(
      start: stretch.scales + range.lowerBound * codec.scaleSizeInBytes,
      count: range.count * codec.scaleSizeInBytes)
    var view = scores.mutableSpan
    unsafe codec.score(
      query, codes: RawSpan(_unsafeBytes: codes), scales: RawSpan(_unsafeBytes: scales),
      count: range.count, kernels: kernels, into: &view)
  }

  /// Scores the codes of a stretch whose 1-bit codes say that they may be among the best.
  private func scanBits(
    of stretch: OpenedLists.Stretch, _ query: Span<Float>, centroidScore: Float, _ distance: Float,
    _ scores: inout [Float], _ positions: inout [UInt32], _ top: inout TopK,
    _ work: inout ListWork
  ) {
    let count = stretch.count
    let bytes = unsafe UnsafeRawBufferPointer(
      start: stretch.bits, count: BitCodes.sizeInBytes(count: count, width: query.count))
    let codes = unsafe BitCodes(RawSpan(_unsafeBytes: bytes), count: count, width: query.count)
    var estimates = scores.mutableSpan
    codes.estimate(
      bits, centroidScore: centroidScore, allowance: Self.allowance * BitCodes.deviation * distance,
      kernels: kernels, into: &estimates)
    var selected = positions.mutableSpan
    let found = kernels.select(
      atLeast: top.threshold, of: scores.span.extracting(0..<count), into: &selected)
    work.rescoredCount += found
    var exact = scores.mutableSpan
    // Sound: positions are those of codes of the stretch.
    unsafe kernels.scoreInt8(
      query: query, codes: stretch.codes, scales: stretch.scales,
      positions: positions.span.extracting(0..<found), into: &exact)
    for place in 0..<found where scores[place] >= top.threshold {
      top.insert(score: scores[place], row: stretch.row(Int(positions[place])))
    }
  }

  /// Scores the fresh codes of lists that were looked into: runs of them, since they are sorted by list.
  private func searchFresh(
    _ query: Span<Float>, _ fresh: [OpenedLists.Stretch], _ isProbed: [Bool],
    _ scores: inout [Float], _ top: inout TopK, _ work: inout ListWork
  ) {
    for stretch in fresh {
      var start = 0
      while start < stretch.count {
        let list = stretch.list(start)
        var end = start + 1
        while end < stretch.count, stretch.list(end) == list { end += 1 }
        if list < isProbed.count, isProbed[list] {
          work.scannedCount += end - start
          score(stretch, start..<end, query, &scores)
          for position in start..<end where scores[position - start] >= top.threshold {
            top.insert(score: scores[position - start], row: stretch.row(position))
          }
        }
        start = end
      }
    }
  }
}
