import CKernels
import Testing

@testable import LinearAlgebra

/// The doors to the loops of search by inverted lists; tools/test-kernels compares the loops themselves.
@Suite struct ListKernelTests {
  private static let all = Kernels.twins + [.portable]

  /// The score of each code by a query of 16 bits.
  private func scores(
    _ kernels: Kernels, _ query: [Float], _ codes: [Int8], _ scales: [Float]
  ) -> [Float] {
    scores(kernels, [query], codes, scales, stride: scales.count)
  }

  /// The same for several queries, each row of scores followed by 7s up to `stride`.
  private func scores(
    _ kernels: Kernels, _ queries: [[Float]], _ codes: [Int8], _ scales: [Float], stride: Int
  ) -> [Float] {
    var rounded = RoundedQueries(width: codes.count / scales.count)
    for query in queries { rounded.append(query.span) }
    var scores = [Float](repeating: 7, count: queries.count * stride)
    var view = scores.mutableSpan
    unsafe kernels.scanInt8(
      rounded, codes: codes.span.bytes, scales: scales.span.bytes, rows: scales.count,
      stride: stride, into: &view)
    return scores
  }

  @Test("many queries at once score what each does alone, nothing between rows", arguments: all)
  func manyQueries(kernels: Kernels) {
    for (count, rows, D) in [(1, 1, 1), (2, 3, 16), (3, 4, 33), (5, 9, 100), (11, 64, 384)] {
      var numbers = Numbers(seed: D)
      let queries = (0..<count).map { _ in numbers.floats(D) }
      let (codes, scales) = (numbers.bytes(rows * D), numbers.floats(rows))
      let alone: [Float] = queries.flatMap { scores(kernels, $0, codes, scales) + [7, 7, 7] }
      #expect(scores(kernels, queries, codes, scales, stride: rows + 3).bits == alone.bits)
    }
  }

  @Test("scores by a query of 16 bits are those of the query to 15 bits", arguments: all)
  func roundedQueries(kernels: Kernels) {
    for D in [1, 5, 16, 31, 32, 33, 100, 384, 1030] {
      var numbers = Numbers(seed: D)
      let (query, scales) = (numbers.floats(D), numbers.floats(7))
      let codes = numbers.bytes(7 * D)
      let found = scores(kernels, query, codes, scales)
      #expect(found.bits == scores(.portable, query, codes, scales).bits, "D = \(D)")
      let exact = (0..<7).map { row in
        (0..<D).reduce(0.0) { $0 + Double(query[$1]) * Double(codes[row * D + $1]) }
          * Double(scales[row])
      }
      // Half a step of the query, 1 / 32,767 but for wide vectors, for each of D bytes.
      let step = 1 / Double(min(32767, Int(Int32.max) / 128 / D))
      #expect(found.error(to: exact) < Double(D) * 128 * 0.51 * step + 1e-4, "D = \(D)")
    }
  }

  @Test("a query with a NaN, an infinity or nothing scores 0 everywhere", arguments: all)
  func strangeQueries(kernels: Kernels) {
    for strange in [Float.nan, .infinity, -.infinity, 0] {
      let found = scores(kernels, [strange, 0, 0], [1, 2, 3, 4, 5, 6], [1, 2])
      #expect(found == [0, 0], "\(strange)")
    }
  }

  @Test("what reaches a threshold is selected, in order, and a NaN never is", arguments: all)
  func selection(kernels: Kernels) {
    for count in 0...70 {
      var numbers = Numbers(seed: count)
      var scores = numbers.floats(count)
      if count > 3 { (scores[1], scores[count - 1]) = (.nan, 0.25) }
      for threshold in [-Float.infinity, -1, 0.25, 0.9, 2, .nan] {
        var positions = [UInt32](repeating: 7, count: count)
        var view = positions.mutableSpan
        let found = kernels.select(atLeast: threshold, of: scores.span, into: &view)
        let expected = scores.indices.filter { scores[$0] >= threshold }
        #expect(positions[..<found].map(Int.init) == expected, "\(count), \(threshold)")
      }
    }
  }

  @Test("a selection of more scores than there is room for is a trap")
  func shortSelection() async {
    await #expect(processExitsWith: .failure) {
      let scores: [Float] = [1, 2]
      var positions: [UInt32] = [0]
      var view = positions.mutableSpan
      _ = Kernels.best.select(atLeast: 0, of: scores.span, into: &view)
    }
  }

  @Test("1-bit codes behind the end of their groups are a trap")
  func shortGroups() async {
    await #expect(processExitsWith: .failure) {
      let tables = BitTables(width: 16)
      let (groups, numbers) = ([UInt8](repeating: 0, count: 64), [Float](repeating: 0, count: 33))
      var estimates = [Float](repeating: 0, count: 33)
      var view = estimates.mutableSpan
      unsafe Kernels.best.scanBits(
        queries: tables, query: 0, groups: groups.span.bytes, factors: numbers.span.bytes,
        offsets: numbers.span.bytes, count: 33, centroidScore: 0, allowance: 0, into: &view)
    }
  }
}
