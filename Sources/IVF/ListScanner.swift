internal import LinearAlgebra

/// A query on its way through lists.
struct ListQuery {
  /// The best codes so far.
  var top: TopK
  /// ⟨q, q⟩.
  let square: Float
  /// The score of its nearest centroid.
  var highest: Float = -.infinity
  /// Whether it passes by lists that it does not want any more; the nearest it never does in batches.
  var isStopping = false

  init(_ query: Span<Float>, k: Int, kernels: Kernels) {
    top = TopK(k: k)
    square = kernels.dot(query, query)
  }

  /// What a centroid has to score for its list to be looked into, as long as nothing better is found.
  func least(margin: Float) -> Float {
    Probing.least(highest: highest, kthBest: top.threshold, margin: margin)
  }
}

/// A query that looks into a list.
struct ListVisit {
  let list: UInt16
  /// The query's place among others.
  let place: UInt16
  /// The query's inner product with the list's centroid.
  let score: Float

  init(list: Int, query: Int, score: Float) {
    self.list = UInt16(list)
    place = UInt16(query)
    self.score = score
  }

  var query: Int { Int(place) }
}

/// Looks through the codes of lists, in memory that is used again and again.
///
/// 1-bit codes are scanned first. Those codes whose estimate, with an allowance for its error, reaches the
/// kth best so far are asked from the memory, and scored when the next block of codes has been scanned: until
/// then they have come.
struct ListScanner: ~Copyable {
  private let codec: Codec
  private let width: Int
  private let kernels: Kernels
  private var scores: [Float]
  private var exactScores: [Float]
  private var chosen = Shortlist()
  private var waiting = Shortlist()
  /// The query whose shortlist waits.
  private(set) var waitingQuery: Int?

  /// Standard deviations that a code's estimate may be too low. At 2.2 the recall of a list's scan is .999.
  private static let allowance: Float = 2.2
  /// Codes that are scored before there is anything to measure others by.
  private static let firstCount = 32

  init(_ index: ClusteredIndex, kernels: Kernels) {
    codec = index.blocks.codec
    width = index.blocks.width
    self.kernels = kernels
    scores = [Float](repeating: 0, count: InvertedLists.blockCapacity)
    exactScores = scores
  }

  /// Looks through all codes of a list, fresh ones included; some may wait to be scored.
  ///
  /// - Parameters:
  ///   - stretches: those of the list.
  ///   - queries: Q of them; floats: theirs, Q × D; bits: theirs, where the codec has 1-bit codes.
  mutating func look(
    _ visit: ListVisit, _ stretches: Range<Int>, of opened: OpenedLists,
    _ queries: inout [ListQuery], _ floats: Span<Float>, _ bits: borrowing BitQueries,
    work: inout ListWork
  ) {
    work.probeCount += 1
    let query = row(visit.query, of: floats)
    for number in stretches {
      work.scannedCount += opened[number].count
      if codec != .binary {
        scan(opened[number], query, into: &queries[visit.query].top)
        continue
      }
      estimate(opened[number], bits, visit, square: queries[visit.query].square)
      if queries[visit.query].top.isFull {
        let threshold = queries[visit.query].top.threshold
        choose(from: opened[number], atLeast: threshold)
        finish(&queries, floats, work: &work)
        swap(&chosen, &waiting)
        waitingQuery = visit.query
      } else {
        scoreSome(of: opened[number], query, into: &queries[visit.query].top, work: &work)
      }
    }
    for run in opened.freshRuns(of: Int(visit.list)) {
      let stretch = opened.fresh(run: run)
      work.scannedCount += stretch.count
      scan(stretch, query, into: &queries[visit.query].top)
    }
  }

  /// Forgets codes that wait, after an error.
  mutating func forget() { waitingQuery = nil }

  /// Scores the codes that wait.
  mutating func finish(
    _ queries: inout [ListQuery], _ floats: Span<Float>, work: inout ListWork
  ) {
    guard let query = waitingQuery else { return }
    waitingQuery = nil
    work.rescoredCount += waiting.count
    waiting.score(
      row(query, of: floats), kernels, &exactScores, into: &queries[query].top)
  }

  @_lifetime(copy floats)
  private func row(_ query: Int, of floats: Span<Float>) -> Span<Float> {
    floats.extracting(query * width..<(query + 1) * width)
  }
}

// The steps.
extension ListScanner {
  /// Scores all codes of a stretch.
  private mutating func scan(
    _ stretch: OpenedLists.Stretch, _ query: Span<Float>, into top: inout TopK
  ) {
    let (codec, kernels) = (codec, kernels)
    // Sound: the bytes are those of the stretch's codes, in the map while the snapshot is open.
    let codes = unsafe UnsafeRawBufferPointer(
      start: stretch.codes, count: stretch.count * codec.codeSizeInBytes(width: width))
    let scales = unsafe UnsafeRawBufferPointer(
      start: stretch.scales, count: stretch.count * codec.scaleSizeInBytes)
    var view = scores.mutableSpan
    unsafe codec.score(
      query, codes: RawSpan(_unsafeBytes: codes), scales: RawSpan(_unsafeBytes: scales),
      count: stretch.count, kernels: kernels, into: &view)
    chosen.take(
      from: stretch, 0..<stretch.count, of: scores, atLeast: top.threshold, kernels: kernels)
    for place in 0..<chosen.count {
      let position = chosen[place]
      if scores[position] >= top.threshold {
        top.insert(score: scores[position], row: stretch.row(position))
      }
    }
  }

  /// scores[i] ← what code i may score, by its 1-bit code.
  private mutating func estimate(
    _ stretch: OpenedLists.Stretch, _ bits: borrowing BitQueries, _ visit: ListVisit, square: Float
  ) {
    let (count, kernels) = (stretch.count, kernels)
    // Sound: `OpenedLists` takes only blocks that have 1-bit codes for an index that has them.
    let bytes = unsafe UnsafeRawBufferPointer(
      start: stretch.bits, count: BitCodes.sizeInBytes(count: count, width: width))
    let codes = unsafe BitCodes(RawSpan(_unsafeBytes: bytes), count: count, width: width)
    // The distance from the centroid decides how far an estimate errs.
    let distance = max(0, square + 1 - 2 * visit.score).squareRoot()
    var view = scores.mutableSpan
    codes.estimate(
      bits, query: visit.query, centroidScore: visit.score,
      allowance: Self.allowance * BitCodes.deviation * distance, kernels: kernels, into: &view)
  }

  /// Before k are known every code is one of the best: a few show which are not.
  private mutating func scoreSome(
    of stretch: OpenedLists.Stretch, _ query: Span<Float>, into top: inout TopK,
    work: inout ListWork
  ) {
    var (start, size) = (0, Self.firstCount)
    while start < stretch.count {
      let end = top.isFull ? stretch.count : min(start + size, stretch.count)
      chosen.take(
        from: stretch, start..<end, of: scores, atLeast: top.threshold, kernels: kernels)
      work.rescoredCount += chosen.count
      chosen.fetch(width: width)
      chosen.score(query, kernels, &exactScores, into: &top)
      (start, size) = (end, 2 * size)
    }
  }

  private mutating func choose(from stretch: OpenedLists.Stretch, atLeast threshold: Float) {
    chosen.take(
      from: stretch, 0..<stretch.count, of: scores, atLeast: threshold, kernels: kernels)
    chosen.fetch(width: width)
  }
}

/// Codes of a stretch that are to be scored.
private struct Shortlist: ~Copyable {
  private var stretch: OpenedLists.Stretch?
  private var positions = [UInt32](repeating: 0, count: InvertedLists.blockCapacity)
  private(set) var count = 0

  /// Where in the stretch.
  subscript(place: Int) -> Int { Int(positions[place]) }

  /// Takes codes of a range whose scores are at least the threshold.
  ///
  /// - Parameter scores: of all codes of the stretch.
  mutating func take(
    from stretch: OpenedLists.Stretch, _ range: Range<Int>, of scores: [Float],
    atLeast threshold: Float, kernels: Kernels
  ) {
    precondition(range.upperBound <= stretch.count, "codes \(range) of \(stretch.count)")
    var view = positions.mutableSpan
    let found = kernels.select(
      atLeast: threshold, of: scores.span.extracting(range), into: &view)
    if range.lowerBound > 0 {
      for place in 0..<found { view[place] += UInt32(range.lowerBound) }
    }
    self.stretch = stretch
    count = found
  }

  /// Asks the memory for the int8 codes and their scales.
  func fetch(width: Int) {
    guard let stretch else { return }
    // Sound: positions are those of codes of the stretch.
    unsafe Kernels.fetchCodes(
      at: positions.span.extracting(0..<count), of: stretch.codes, scales: stretch.scales,
      width: width)
  }

  /// Scores int8 codes as exact search does.
  ///
  /// - Parameter query: as wide as the codes.
  borrowing func score(
    _ query: Span<Float>, _ kernels: Kernels, _ scores: inout [Float], into top: inout TopK
  ) {
    guard let stretch else { return }
    var view = scores.mutableSpan
    // Sound: positions are those of codes of the stretch.
    unsafe kernels.scoreInt8(
      query: query, codes: stretch.codes, scales: stretch.scales,
      positions: positions.span.extracting(0..<count), into: &view)
    for place in 0..<count where view[place] >= top.threshold {
      top.insert(score: view[place], row: stretch.row(self[place]))
    }
  }
}
