internal import LinearAlgebra

/// Parts vectors into two groups of neighbours (2-means by angle), again and again: one thread's scratch
/// memory.
///
/// Which vectors is said by `order`, a list of their numbers that is parted in place.
struct Bisection: ~Copyable {
  /// Of more vectors every nth decides where the cut is.
  private static let sampleCount = 2048
  /// 2-means settles within few passes.
  private static let passCount = 4
  /// A side with a smaller share is given more, so that parting again and again comes to an end.
  private static let smallestShare = 8

  private let vectors: SampleVectors
  private let kernels: Kernels
  private var vector: [Float]
  /// Of each vector of the range in question: on which side it is, and how far.
  private var values: [Float] = []
  private var moved: [UInt32] = []

  init(_ vectors: SampleVectors, kernels: Kernels) {
    self.vectors = vectors
    self.kernels = kernels
    vector = [Float](repeating: 0, count: vectors.width)
  }

  /// Parts the vectors of a range of `order`.
  ///
  /// - Parameter heading: D floats; the side that lies more in that direction comes last. Empty: as found.
  /// - Returns: where the second side begins; nil, nothing changed, where all are equal.
  /// - Complexity: O(range.count · D).
  mutating func part(
    _ order: inout [UInt32], _ range: Range<Int>, heading: [Float] = []
  ) -> Int? {
    guard range.count >= 2 else { return nil }
    var direction = self.direction(of: order, range)
    if !heading.isEmpty, kernels.dot(direction.span, heading.span) < 0 {
      for index in direction.indices { direction[index] = -direction[index] }
    }
    values.removeAll(keepingCapacity: true)
    for place in range { values.append(product(order[place], direction)) }
    guard let cut = cut() else { return nil }
    moved.removeAll(keepingCapacity: true)
    var front = range.lowerBound
    for place in range {
      let number = order[place]
      if values[place - range.lowerBound] < cut {
        order[front] = number
        front += 1
      } else {
        moved.append(number)
      }
    }
    order.replaceSubrange(front..<range.upperBound, with: moved)
    return front
  }

  /// What values of the second side reach; nil where all are equal.
  private func cut() -> Float? {
    let least = values.count / Self.smallestShare + 1
    let below = values.count { $0 < 0 }
    if below >= least, values.count - below >= least { return 0 }
    // Lopsided: the middle, or what is next to it where many are equal.
    let sorted = values.sorted()
    let middle = sorted[sorted.count / 2]
    return middle > sorted[0] ? middle : sorted.first { $0 > middle }
  }

  /// From one of two centres to the other.
  private mutating func direction(of order: [UInt32], _ range: Range<Int>) -> [Float] {
    let step = (range.count + Self.sampleCount - 1) / Self.sampleCount
    let places = stride(from: range.lowerBound, to: range.upperBound, by: step)
    // Two vectors far from each other: the farthest from the mean, and the farthest from that.
    var mean = [Float](repeating: 0, count: vectors.width)
    for place in places { add(order[place], to: &mean) }
    var first = farthest(from: mean, order, places)
    var second = farthest(from: first, order, places)
    for _ in 0..<Self.passCount {
      let direction = difference(second, first)
      var sums = (mean.map { _ in Float(0) }, mean.map { _ in Float(0) })
      for place in places {
        if product(order[place], direction) < 0 {
          add(order[place], to: &sums.0)
        } else {
          add(order[place], to: &sums.1)
        }
      }
      guard normalise(&sums.0), normalise(&sums.1) else { break }
      (first, second) = sums
    }
    return difference(second, first)
  }

  private func difference(_ a: [Float], _ b: [Float]) -> [Float] {
    zip(a, b).map { $0 - $1 }
  }

  private mutating func farthest(
    from x: [Float], _ order: [UInt32], _ places: StrideTo<Int>
  ) -> [Float] {
    var (lowest, found) = (Float.infinity, order[places.first { _ in true } ?? 0])
    for place in places {
      let value = product(order[place], x)
      if value < lowest { (lowest, found) = (value, order[place]) }
    }
    read(found)
    return vector
  }

  private mutating func product(_ number: UInt32, _ x: [Float]) -> Float {
    read(number)
    return kernels.dot(vector.span, x.span)
  }

  private mutating func add(_ number: UInt32, to sum: inout [Float]) {
    read(number)
    var view = sum.mutableSpan
    Kernels.add(vector.span, times: 1, to: &view)
  }

  private mutating func read(_ number: UInt32) {
    let source = vectors
    var view = vector.mutableSpan
    source.fill(Int(number)..<Int(number) + 1, into: &view)
  }

  private func normalise(_ x: inout [Float]) -> Bool { x.normalise(kernels: kernels) }
}

extension [Float] {
  /// Divides by the norm; false, nothing done, where that is 0 or no number.
  mutating func normalise(kernels: Kernels) -> Bool {
    let square = kernels.dot(span, span)
    guard square.isFinite, square > 0 else { return false }
    let factor = 1 / square.squareRoot()
    for index in indices { self[index] *= factor }
    return true
  }
}
