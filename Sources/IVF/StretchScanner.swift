internal import LinearAlgebra

/// Scores codes that lie behind each other, in memory that is used again and again.
struct StretchScanner: ~Copyable {
  private let codec: Codec
  private let width: Int
  private let kernels: Kernels
  private var scores: AlignedBuffer<Float>
  private var positions: AlignedBuffer<UInt32>

  /// Standard deviations that a code's estimate may be too low. At 2.2 the recall of a list's scan is .999.
  private static let allowance: Float = 2.2

  init(_ index: ClusteredIndex, kernels: Kernels) {
    codec = index.blocks.codec
    width = index.blocks.width
    self.kernels = kernels
    scores = AlignedBuffer(repeating: 0, count: InvertedLists.blockCapacity)
    positions = AlignedBuffer(repeating: 0, count: InvertedLists.blockCapacity)
  }

  /// Scores all codes of a stretch.
  mutating func scan(
    _ stretch: OpenedLists.Stretch, _ query: Span<Float>, into top: inout TopK,
    work: inout ListWork
  ) {
    precondition(query.count == width, "a query of \(query.count), not \(width)")
    work.scannedCount += stretch.count
    score(stretch, query)
    let found = select(atLeast: top.threshold, of: stretch.count)
    for place in 0..<found {
      let position = Int(positions[place])
      if scores[position] >= top.threshold {
        top.insert(score: scores[position], row: stretch.row(position))
      }
    }
  }

  /// Scores the codes of a stretch whose 1-bit codes say that they may be among the best.
  ///
  /// - Parameters:
  ///   - place: that of the query among those of `bits`.
  ///   - centroidScore: the query's inner product with the list's centroid; distance: that from it.
  mutating func scanBits(
    of stretch: OpenedLists.Stretch, _ query: Span<Float>, _ bits: borrowing BitQueries,
    at place: Int = 0, centroidScore: Float, distance: Float, into top: inout TopK,
    work: inout ListWork
  ) {
    precondition(query.count == width, "a query of \(query.count), not \(width)")
    work.scannedCount += stretch.count
    estimate(stretch, bits, place, centroidScore, distance)
    let found = select(atLeast: top.threshold, of: stretch.count)
    work.rescoredCount += found
    scoreSelected(found, of: stretch, query)
    for place in 0..<found where scores[place] >= top.threshold {
      top.insert(score: scores[place], row: stretch.row(Int(positions[place])))
    }
  }
}

// The steps. What two buffers are needed for is handed both, because spans of two properties of one value
// would overlap.
extension StretchScanner {
  /// scores[i] ← the score of code i.
  private mutating func score(_ stretch: OpenedLists.Stretch, _ query: Span<Float>) {
    let codes = unsafe UnsafeRawBufferPointer(
      start: stretch.codes, count: stretch.count * codec.codeSizeInBytes(width: width))
    let scales = unsafe UnsafeRawBufferPointer(
      start: stretch.scales, count: stretch.count * codec.scaleSizeInBytes)
    let (codec, kernels) = (codec, kernels)
    var view = scores.mutableSpan
    unsafe codec.score(
      query, codes: RawSpan(_unsafeBytes: codes), scales: RawSpan(_unsafeBytes: scales),
      count: stretch.count, kernels: kernels, into: &view)
  }

  /// scores[i] ← what code i may score, from its 1-bit code.
  private mutating func estimate(
    _ stretch: OpenedLists.Stretch, _ bits: borrowing BitQueries, _ place: Int,
    _ centroidScore: Float, _ distance: Float
  ) {
    let count = stretch.count
    let bytes = unsafe UnsafeRawBufferPointer(
      start: stretch.bits, count: BitCodes.sizeInBytes(count: count, width: width))
    let codes = unsafe BitCodes(RawSpan(_unsafeBytes: bytes), count: count, width: width)
    let kernels = kernels
    var view = scores.mutableSpan
    codes.estimate(
      bits, query: place, centroidScore: centroidScore,
      allowance: Self.allowance * BitCodes.deviation * distance, kernels: kernels, into: &view)
  }

  /// positions ← where the first scores are at least the threshold.
  private mutating func select(atLeast threshold: Float, of count: Int) -> Int {
    Self.select(atLeast: threshold, of: count, scores, &positions, kernels)
  }

  private static func select(
    atLeast threshold: Float, of count: Int, _ scores: borrowing AlignedBuffer<Float>,
    _ positions: inout AlignedBuffer<UInt32>, _ kernels: Kernels
  ) -> Int {
    var selected = positions.mutableSpan
    return kernels.select(
      atLeast: threshold, of: scores.span.extracting(0..<count), into: &selected)
  }

  /// scores[i] ← the score of the code at positions[i].
  private mutating func scoreSelected(
    _ count: Int, of stretch: OpenedLists.Stretch, _ query: Span<Float>
  ) {
    Self.scoreSelected(count, of: stretch, query, positions, &scores, kernels)
  }

  private static func scoreSelected(
    _ count: Int, of stretch: OpenedLists.Stretch, _ query: Span<Float>,
    _ positions: borrowing AlignedBuffer<UInt32>, _ scores: inout AlignedBuffer<Float>,
    _ kernels: Kernels
  ) {
    var exact = scores.mutableSpan
    // Sound: positions are those of codes of the stretch.
    unsafe kernels.scoreInt8(
      query: query, codes: stretch.codes, scales: stretch.scales,
      positions: positions.span.extracting(0..<count), into: &exact)
  }
}
