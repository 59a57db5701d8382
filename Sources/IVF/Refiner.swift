internal import LinearAlgebra

/// Scores a query's candidates exactly: one thread's scratch memory.
struct Refiner: ~Copyable {
  /// Codes that are copied together and scored at once. Each is asked for when it is chosen, so that the
  /// others hide the wait for memory; more would not fit beside each other into the first cache.
  private static let batchSize = 32

  private let stored: StoredCodes
  private let kernels: Kernels
  private var codes: [UInt8]
  private var scales = [Float](repeating: 0, count: batchSize)
  private var scores = [Float](repeating: 0, count: batchSize)
  private var numbers: [UInt32] = []
  /// Codes that were scored.
  private(set) var scoredCount = 0

  init(_ stored: StoredCodes, kernels: Kernels) {
    self.stored = stored
    self.kernels = kernels
    codes = [UInt8](
      repeating: 0, count: Self.batchSize * stored.codec.codeSizeInBytes(width: stored.width))
    numbers.reserveCapacity(Self.batchSize)
  }

  /// The best k of a query's candidates, by exact score.
  ///
  /// The k with the greatest lower bounds come first, so that of the rest only those whose upper bound
  /// reaches the kth exact score need one.
  mutating func best(
    _ k: Int, of index: Int, in queries: FilterQueries
  ) -> TopK {
    let query = queries.floats(of: index)
    var top = TopK(k: k)
    let first = queries.selectBest(k, of: index) == nil ? 0 : k
    for position in 0..<queries.candidateCount(of: index) {
      let (number, _, upper) = queries.candidate(position, of: index)
      if position >= first, upper < top.threshold { continue }
      numbers.append(number)
      stored.fetchAhead(number)
      if numbers.count == Self.batchSize { score(query, into: &top) }
    }
    score(query, into: &top)
    return top
  }

  /// Scores the codes of `numbers`.
  private mutating func score(_ query: Span<Float>, into top: inout TopK) {
    for (position, number) in numbers.enumerated() {
      stored.copyCode(number, to: position, of: &codes, scale: &scales)
    }
    Self.score(
      query, codes, scales, count: numbers.count, codec: stored.codec, kernels: kernels,
      into: &scores)
    for (position, number) in numbers.enumerated() {
      let score = scores[position]
      if score >= top.threshold { top.insert(score: score, row: stored.row(number)) }
    }
    scoredCount += numbers.count
    numbers.removeAll(keepingCapacity: true)
  }

  /// Apart, because spans of two properties of one value would overlap.
  private static func score(
    _ query: Span<Float>, _ codes: [UInt8], _ scales: [Float], count: Int, codec: Codec,
    kernels: Kernels, into scores: inout [Float]
  ) {
    var view = scores.mutableSpan
    // Sound: bytes and floats are read as what was copied there.
    unsafe codec.score(
      query, codes: codes.span.bytes, scales: scales.span.bytes, count: count, kernels: kernels,
      into: &view)
  }
}
