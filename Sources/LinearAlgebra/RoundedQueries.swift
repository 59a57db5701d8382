internal import CKernels

/// Queries as integers of 16 bits and a factor each, query ≈ factor · integers, in memory that is used
/// again.
package struct RoundedQueries: Sendable {
  /// D.
  package let width: Int
  /// Q × D.
  private(set) var integers: [Int16] = []
  private(set) var factors: [Float] = []

  package init(width: Int) {
    precondition(width >= 1, "queries of \(width) dimensions")
    self.width = width
  }

  /// Q.
  package var count: Int { factors.count }

  package mutating func removeAll() {
    integers.removeAll(keepingCapacity: true)
    factors.removeAll(keepingCapacity: true)
  }

  /// Rounds a query, to integers so small that no sum of products with bytes overflows.
  ///
  /// - Parameter query: D floats; one that has a number that is none, or above 2^120, or
  ///   none above 2^-60, becomes 0.
  package mutating func append(_ query: Span<Float>) {
    precondition(query.count == width, "a query of \(query.count), not \(width)")
    let start = integers.count
    integers.append(contentsOf: repeatElement(0, count: width))
    let factor = unsafe query.withUnsafeBufferPointer { query in
      unsafe integers.withUnsafeMutableBufferPointer { integers in
        unsafe pawl_round_to_int16(
          width, query.baseAddress, integers.baseAddress.map { unsafe $0 + start })
      }
    }
    factors.append(factor)
  }
}
