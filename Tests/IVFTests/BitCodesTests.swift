import LinearAlgebra
import Testing

@testable import IVF

@Suite struct BitCodesTests {
  private func built(
    _ vectors: [[Float]], centroid: [Float], _ rotation: Rotation, _ kernels: Kernels = .best
  ) -> [UInt8] {
    var builder = BitCodesBuilder(rotation: rotation, centroid: centroid.span, kernels: kernels)
    for vector in vectors { builder.append(vector.span) }
    return builder.build()
  }

  private func estimates(
    _ query: [Float], _ bytes: [UInt8], count: Int, centroidScore: Float, _ rotation: Rotation,
    _ kernels: Kernels = .best
  ) -> [Float] {
    var prepared = BitQueries(width: query.count)
    prepared.set(query.span, rotation: rotation, kernels: kernels)
    var estimates = [Float](repeating: 7, count: count)
    var view = estimates.mutableSpan
    let codes = unsafe BitCodes(bytes.span.bytes, count: count, width: query.count)
    codes.estimate(prepared, centroidScore: centroidScore, kernels: kernels, into: &view)
    return estimates
  }

  private func product(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test("bits, factors and offsets are those of the formula, and what is behind them is 0")
  func content() {
    for D in [1, 4, 5, 15, 16, 17, 40, 100] {
      for count in [1, 15, 16, 31, 32, 33, 63, 64, 65] {
        var numbers = Numbers(seed: D << 8 | count)
        let rotation = Rotation(width: D, seed: 9)
        let vectors = (0..<count).map { _ in numbers.vector(D) }
        let centroid = numbers.vector(D)
        let bytes = built(vectors, centroid: centroid, rotation)
        #expect(bytes.count == BitCodes.sizeInBytes(count: count, width: D))
        let codes = unsafe BitCodes(bytes.span.bytes, count: count, width: D)
        let Pc = rotation.rotate(centroid.span, kernels: .best)
        var positive = 0
        for (index, vector) in vectors.enumerated() {
          let Po = rotation.rotate(vector.span, kernels: .best)
          let r = zip(Po, Pc).map { Double($0) - Double($1) }
          let f = r.reduce(0) { $0 + $1 * $1 } / r.reduce(0) { $0 + abs($1) }
          let g = zip(Pc, r).reduce(0) { $0 + Double($1.0) * ($1.1 - f * ($1.1 > 0 ? 1 : -1)) }
          #expect(abs(Double(codes.factor(at: index)) - f) < 1e-6 * f)
          #expect(abs(Double(codes.offset(at: index)) - g) < 1e-5)
          for dimension in 0..<D {
            #expect(codes.isPositive(dimension, at: index) == (r[dimension] > 0))
            positive += r[dimension] > 0 ? 1 : 0
          }
        }
        let groups = bytes.prefix(Kernels.bitGroupsSizeInBytes(count: count, width: D))
        #expect(groups.reduce(0) { $0 + $1.nonzeroBitCount } == positive)
      }
    }
  }

  @Test("all kernels build the same bytes and estimate the same bits")
  func kernels() throws {
    for D in [3, 16, 40, 100, 384] {
      for count in [1, 31, 32, 33, 63, 97] {
        var numbers = Numbers(seed: D << 8 | count)
        let rotation = Rotation(width: D, seed: 2)
        let vectors = numbers.embeddings(count, width: D)
        let (centroid, query) = (numbers.vector(D), numbers.vector(D))
        let portable = try Kernels(named: "portable")
        let bytes = built(vectors, centroid: centroid, rotation, portable)
        let expected = estimates(query, bytes, count: count, centroidScore: 0.3, rotation, portable)
        #expect(built(vectors, centroid: centroid, rotation) == bytes)
        let found = estimates(query, bytes, count: count, centroidScore: 0.3, rotation)
        #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(count) of \(D)")
      }
    }
  }

  @Test("a vector that is its centroid scores as the centroid, whatever the query")
  func residualZero() {
    var numbers = Numbers(seed: 4)
    let rotation = Rotation(width: 20, seed: 1)
    for centroid in [numbers.vector(20), [Float](repeating: 0, count: 20)] {
      let bytes = built([centroid, centroid], centroid: centroid, rotation)
      for query in [numbers.vector(20), [Float](repeating: 0, count: 20)] {
        let found = estimates(query, bytes, count: 2, centroidScore: 0.625, rotation)
        #expect(found == [0.625, 0.625])
      }
    }
  }

  @Test("finite vectors of any size give no NaN")
  func noNaN() {
    var numbers = Numbers(seed: 8)
    let rotation = Rotation(width: 40, seed: 1)
    for size in [Float(0), 0x1p-149, 1e-38, 1e-20, 1, 1e19, 1e38, 3e38] {
      let vectors = [numbers.vector(40).map { $0 * size }, [Float](repeating: size, count: 40)]
      for centroid in [numbers.vector(40), vectors[0]] {
        let bytes = built(vectors, centroid: centroid, rotation)
        for queryNorm in [Float(0), 0x1p-149, 1e-20, 1] {
          let query = numbers.vector(40).map { $0 * queryNorm }
          let found = estimates(query, bytes, count: 2, centroidScore: 0, rotation)
          #expect(!found.contains { $0.isNaN }, "vectors of \(size), query of \(queryNorm)")
        }
      }
    }
  }

  @Test("estimates err by as much as the theory says, and by nothing on average")
  func errors() {
    let (D, count) = (96, 200)
    var numbers = Numbers(seed: 21)
    var deviations: [Double] = []
    for list in 0..<20 {
      let rotation = Rotation(width: D, seed: UInt64(list))
      let centroid = numbers.embeddings(1, width: D)[0]
      let vectors = (0..<count).map { _ in zip(centroid, numbers.vector(D)).map { $0 + 0.1 * $1 } }
      let query = zip(centroid, numbers.vector(D)).map { $0 + 0.15 * $1 }
      let bytes = built(vectors, centroid: centroid, rotation)
      let codes = unsafe BitCodes(bytes.span.bytes, count: count, width: D)
      let centroidScore = Float(product(query, centroid))
      let found = estimates(query, bytes, count: count, centroidScore: centroidScore, rotation)
      let distance = zip(query, centroid).map { $0 - $1 }
      let unit = product(distance, distance).squareRoot()
      for index in 0..<count {
        let error = Double(found[index]) - product(query, vectors[index])
        deviations.append(error / (Double(codes.factor(at: index)) * unit))
      }
    }
    let mean = deviations.reduce(0, +) / Double(deviations.count)
    let variance =
      deviations.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(deviations.count)
    // Of the length f·√D of f·s the part across r is √(1 − 2/π), and the query sees 1/√D of it: 0.603.
    #expect(abs(variance.squareRoot() - 0.603) < 0.04, "\(variance.squareRoot())")
    // 20 rotations of 200 codes each: a common error of a list would be 0.603 / √20 at most.
    #expect(abs(mean) < 0.05, "\(mean)")
  }

  @Test("of the ten best of a few lists nine and a half are among the 100 best estimates")
  func shortlist() {
    let (D, count, listCount) = (64, 90, 12)
    var numbers = Numbers(seed: 33)
    let rotation = Rotation(width: D, seed: 33)
    let lists = (0..<listCount).map { _ in
      let centre = numbers.vector(D)
      return (
        centre: centre,
        vectors: (0..<count).map { _ in zip(centre, numbers.vector(D)).map { $0 + 0.5 * $1 } }
      )
    }
    let sections = lists.map { built($0.vectors, centroid: $0.centre, rotation) }
    var kept = 0
    for _ in 0..<20 {
      // Between two lists, so that both have some of the best.
      let (a, b) = (lists[numbers.below(listCount)].centre, lists[numbers.below(listCount)].centre)
      let query = zip(zip(a, b), numbers.vector(D)).map { $0.0 + $0.1 + 0.5 * $1 }
      var found: [(estimate: Float, exact: Double)] = []
      for (list, bytes) in zip(lists, sections) {
        let guesses = estimates(
          query, bytes, count: count, centroidScore: Float(product(query, list.centre)), rotation)
        for (vector, estimate) in zip(list.vectors, guesses) {
          found.append((estimate, product(query, vector)))
        }
      }
      found.sort { $0.exact > $1.exact }
      let tenth = found[9].exact
      found.sort { $0.estimate > $1.estimate }
      kept += found.prefix(100).count { $0.exact >= tenth }
    }
    #expect(kept >= 190, "\(kept) of 200")
  }
}
