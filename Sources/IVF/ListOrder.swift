internal import LinearAlgebra

/// An order of centroids in which neighbours resemble each other: lists are stored in it, so that those
/// that a query looks into lie near each other.
///
/// The centroids are parted in two again and again; of two parts that comes last which lies more in the
/// direction of what follows both.
struct ListOrder: ~Copyable {
  private var bisection: Bisection
  private let centroids: [Float]
  private let width: Int
  private(set) var order: [UInt32]

  /// - Parameter centroids: L × D floats, row-major.
  /// - Complexity: O(L · D · log L).
  init(_ centroids: [Float], width: Int, kernels: Kernels) {
    bisection = Bisection(SampleVectors(centroids, width: width), kernels: kernels)
    self.centroids = centroids
    self.width = width
    order = (0..<UInt32(centroids.count / width)).map { $0 }
    sort()
  }

  /// A part, and the sums of the centroids before and behind it.
  private struct Part {
    let range: Range<Int>
    let before: [Float]
    let behind: [Float]
  }

  private mutating func sort() {
    let zeros = [Float](repeating: 0, count: width)
    var parts = [Part(range: 0..<order.count, before: zeros, behind: zeros)]
    while let part = parts.popLast() {
      let heading = zip(part.behind, part.before).map { $0 - $1 }
      guard let middle = bisection.part(&order, part.range, heading: heading) else { continue }
      let (low, high) = (part.range.lowerBound..<middle, middle..<part.range.upperBound)
      parts.append(Part(range: low, before: part.before, behind: mean(of: high)))
      parts.append(Part(range: high, before: mean(of: low), behind: part.behind))
    }
  }

  private func mean(of range: Range<Int>) -> [Float] {
    var sum = [Float](repeating: 0, count: width)
    var view = sum.mutableSpan
    for place in range {
      let start = Int(order[place]) * width
      Kernels.add(
        centroids.span.extracting(start..<start + width), times: 1 / Float(range.count), to: &view)
    }
    return sum
  }
}
