import LinearAlgebra
import Testing

@testable import IVF

/// Parting vectors in two, and the order of lists that comes of it.
@Suite struct BisectionTests {
  /// Both sides' numbers; nil where nothing was parted.
  private func parted(_ vectors: [Float], width: Int, heading: [Float] = []) -> [[UInt32]]? {
    var bisection = Bisection(SampleVectors(vectors, width: width), kernels: .best)
    var order = (0..<UInt32(vectors.count / width)).map { $0 }
    let all = order
    let middle = bisection.part(&order, 0..<order.count, heading: heading)
    guard let middle else {
      #expect(order == all)
      return nil
    }
    #expect(order.sorted() == all)
    return [Array(order[..<middle]), Array(order[middle...])]
  }

  @Test(
    "two clusters become the two sides, the one in the heading's direction last", arguments: 1...5)
  func clusters(seed: Int) {
    var numbers = Numbers(seed: seed)
    let vectors = numbers.clusters(60, of: 2, width: 12, spread: 0.1)
    for odd in [0, 1] {
      let heading = Array(vectors[odd * 12..<(odd + 1) * 12])
      let sides = parted(vectors, width: 12, heading: heading)
      #expect(sides?.map { Set($0.map { Int($0) % 2 }) } == [[1 - odd], [odd]])
    }
  }

  @Test("each side gets an eighth at least, so that parting again and again ends soon")
  func lopsided() {
    var numbers = Numbers(seed: 3)
    let narrow = numbers.clusters(99, of: 1, width: 12, spread: 0.1)
    let sides = parted(narrow + narrow[..<12].map { -$0 }, width: 12)
    #expect((sides?.map(\.count).min() ?? 0) >= 100 / 8)
  }

  @Test("equal vectors are not parted, one that differs is parted from them")
  func equal() {
    let same = [[Float]](repeating: [0.6, 0.8], count: 40).flatMap { $0 }
    #expect(parted(same, width: 2) == nil)
    #expect(parted([], width: 2) == nil)
    #expect(parted([1, 0], width: 2) == nil)
    #expect(parted([Float](repeating: .nan, count: 8), width: 2) == nil)
    for place in [0, 1, 20] {
      var vectors = same
      vectors.replaceSubrange(2 * place..<2 * place + 2, with: [0, 1])
      let sides = parted(vectors, width: 2)
      #expect(sides?.contains([UInt32(place)]) == true)
    }
  }

  @Test("directions on an arc are ordered from one end to the other")
  func arc() {
    var numbers = Numbers(seed: 5)
    for count in [1, 2, 3, 50, 333] {
      var steps = (0..<count).map { $0 }
      for place in steps.indices { steps.swapAt(place, numbers.below(count)) }
      let vectors = steps.flatMap { step -> [Float] in
        // A quarter of a circle by its rational points.
        let t = Float(step) / Float(count)
        return [(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)]
      }
      let order = ListOrder(vectors, width: 2, kernels: .best).order
      let found = order.map { steps[Int($0)] }
      let ascending = Array(0..<count)
      #expect(found == ascending || found == ascending.reversed(), "\(count)")
    }
  }
}
