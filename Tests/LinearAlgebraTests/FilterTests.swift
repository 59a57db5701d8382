import Testing

@testable import LinearAlgebra

/// The filter's promise: the exact score of every code lies between its bounds.
@Suite struct FilterTests {
  private let filters = ["portable", "avx2", "avx512", "avx512vnni"].compactMap(
    CodeFilter.init(named:))

  /// Queries and codes in one go: how many scores lie outside their bounds, and how narrow the bounds
  /// of what lies inside were used, from 0 (in the middle) to 1 (at the edge).
  private func check(
    _ filter: CodeFilter, _ queries: [[Float]], _ codes: [[Float]]
  ) -> (outside: Int, furthest: Float) {
    let width = codes[0].count
    let values = Array(codes.joined())
    let packed = PackedCodes(width: width, capacity: codes.count)
    packed.append(
      .float32, codes: unsafe values.span.bytes, scales: unsafe values.span.bytes,
      rows: codes.count, number: 0)
    let batch = FilterQueries(
      filter: filter, width: width, capacity: queries.count, listCapacity: codes.count + 64)
    for query in queries where !batch.append(query.span) { return (-1, 0) }
    for tile in 0..<batch.tileCount { batch.run(tile: tile, over: packed, best: codes.count) }
    var (outside, furthest) = (0, Float(0))
    var scores = [Float](repeating: 0, count: codes.count)
    for (index, query) in queries.enumerated() {
      var view = scores.mutableSpan
      Kernels.portable.scanFloat32(
        query: query.span, codes: unsafe values.span.bytes, rows: codes.count, into: &view)
      if batch.candidateCount(of: index) != codes.count { return (-1, 0) }
      for position in 0..<codes.count {
        let (number, lower, upper) = batch.candidate(position, of: index)
        let score = scores[Int(number)]
        if score < lower || score > upper { outside += 1 }
        if upper > lower {
          let middle = (Double(lower) + Double(upper)) / 2
          let reach = abs(Double(score) - middle) / ((Double(upper) - Double(lower)) / 2)
          furthest = max(furthest, Float(reach))
        }
      }
    }
    return (outside, furthest)
  }

  @Test("scores of random vectors of any size lie within their bounds")
  func random() {
    for filter in filters {
      for (seed, width) in [1, 2, 3, 16, 31, 32, 33, 100, 384, 1000].enumerated() {
        for scale: Float in [1e-10, 1, 1e10] {
          var numbers = Numbers(seed: seed)
          let queries = (0..<17).map { _ in numbers.floats(width, scale: scale) }
          let codes = (0..<50).map { _ in numbers.floats(width, scale: 1 / scale) }
          #expect(check(filter, queries, codes).outside == 0, "\(filter.name), \(width) × \(scale)")
        }
      }
    }
  }

  @Test("where all rounding adds up, scores reach their bounds and do not pass them")
  func tight() {
    for filter in filters {
      let width = 64
      // One large element makes the step; the others are just below half a step, so that all of them
      // become 0. Codes that point their way lose all of their score to rounding.
      var query = [Float](repeating: 0.499 / Float(filter.limit), count: width)
      query[0] = 1
      var code = [Float](repeating: 1, count: width)
      code[0] = 0
      let codes = [code, code.map { -$0 }, query, query.map { -$0 }]
      let (outside, furthest) = check(filter, [query], codes)
      #expect(outside == 0, "\(filter.name)")
      #expect(furthest > 0.99, "\(filter.name): bounds are used up to \(furthest)")
      // The same for what rounding a code loses.
      var rounded = [Float](repeating: 0.499 / 127, count: width)
      rounded[0] = 1
      let (out, far) = check(filter, [code, code.map { -$0 }], [rounded, rounded.map { -$0 }])
      #expect(out == 0, "\(filter.name)")
      #expect(far > 0.99, "\(filter.name): bounds are used up to \(far)")
    }
  }

  @Test("queries without a usable norm are refused, codes without one are never dropped")
  func unbounded() {
    let fine: [Float] = [0.5, -0.25, 1]
    let strange: [[Float]] = [
      [.nan, 0, 1], [.infinity, 1, 0], [0, 0x1p-100, 0], [0, 0x1p100, 1],
      [.greatestFiniteMagnitude, .greatestFiniteMagnitude, 0], [0x1p-149, 0, 0],
    ]
    for filter in filters {
      for vector in strange + [[0, 0, 0]] {
        let batch = FilterQueries(filter: filter, width: 3, capacity: 1, listCapacity: 64)
        let isTaken = batch.append(vector.span)
        #expect(!isTaken, "\(vector)")
      }
      let values = Array((strange + [fine]).joined())
      let packed = PackedCodes(width: 3, capacity: 10)
      packed.append(
        .float32, codes: unsafe values.span.bytes, scales: unsafe values.span.bytes,
        rows: strange.count + 1, number: 40)
      let batch = FilterQueries(filter: filter, width: 3, capacity: 1, listCapacity: 64)
      let isTaken = batch.append(fine.span)
      #expect(isTaken)
      batch.restart(query: 0, threshold: 2)
      batch.run(tile: 0, over: packed, best: 1)
      let numbers = (0..<batch.candidateCount(of: 0)).map { batch.candidate($0, of: 0).number }
      #expect(numbers == [40, 41, 42, 43, 44, 45], "\(filter.name)")
    }
  }

  @Test("a list grows where nothing can be dropped, and k greatest lower bounds make a threshold")
  func lists() {
    for filter in filters {
      let codes = (0..<500).map { [Float($0 + 1), 0, 0, 1] }
      let values = Array(codes.joined())
      let packed = PackedCodes(width: 4, capacity: 500)
      packed.append(
        .float32, codes: unsafe values.span.bytes, scales: unsafe values.span.bytes, rows: 500,
        number: 0)
      let batch = FilterQueries(filter: filter, width: 4, capacity: 2, listCapacity: 32)
      let (up, down): ([Float], [Float]) = ([1, 0, 0, 0], [-1, 0, 0, 0])
      let areTaken = (batch.append(up.span), batch.append(down.span))
      #expect(areTaken == (true, true))
      batch.run(tile: 0, over: packed, best: 500)
      #expect(batch.candidateCount(of: 0) == 500)
      #expect(batch.threshold(of: 0) == -.infinity)
      batch.restart(query: 0, threshold: -.infinity)
      batch.restart(query: 1, threshold: -.infinity)
      batch.run(tile: 0, over: packed, best: 5)
      for query in 0..<2 {
        batch.thin(query: query, best: 5)
        let found = (0..<batch.candidateCount(of: query)).map {
          batch.candidate($0, of: query).number
        }
        let best: Set<UInt32> = query == 0 ? [495, 496, 497, 498, 499] : [0, 1, 2, 3, 4]
        #expect(best.isSubset(of: found) && found.count < 40, "\(found)")
        #expect(batch.threshold(of: query) > -.infinity)
      }
    }
  }

  @Test("filters of one limit find the same candidates for each width and number of queries")
  func twins() {
    for twin in filters {
      for oracle in filters where oracle.limit == twin.limit && oracle.name < twin.name {
        for (seed, width) in [1, 2, 3, 4, 5, 31, 32, 64, 101, 384, 1000].enumerated() {
          for count in 1...15 {
            var numbers = Numbers(seed: seed << 8 | count)
            let queries = (0..<count).map { _ in numbers.floats(width) }
            let codes = numbers.bytes((20 * count + 3) * width)
            let scales = numbers.floats(20 * count + 3)
            let expected = candidates(oracle, queries, codes, scales)
            #expect(candidates(twin, queries, codes, scales) == expected, "\(twin.name), \(width)")
          }
        }
      }
    }
  }

  /// Numbers and the bits of the bounds, in the order in which they were found.
  private func candidates(
    _ filter: CodeFilter, _ queries: [[Float]], _ codes: [Int8], _ scales: [Float]
  ) -> [[[UInt32]]] {
    let packed = PackedCodes(width: queries[0].count, capacity: scales.count)
    packed.append(
      .int8, codes: unsafe codes.span.bytes, scales: unsafe scales.span.bytes, rows: scales.count,
      number: 5)
    let batch = FilterQueries(
      filter: filter, width: queries[0].count, capacity: queries.count, listCapacity: 32)
    for query in queries where !batch.append(query.span) { return [] }
    for query in queries.indices { batch.restart(query: query, threshold: 0.25) }
    for tile in 0..<batch.tileCount { batch.run(tile: tile, over: packed, best: 1_000) }
    return queries.indices.map { query in
      (0..<batch.candidateCount(of: query)).map { position in
        let (number, lower, upper) = batch.candidate(position, of: query)
        return [number, lower.bitPattern, upper.bitPattern]
      }
    }
  }
}
