package import LinearAlgebra

/// Queries as lists of 1-bit codes meet them: rotated once, whatever the number of lists, in memory that
/// the next ones use again.
package struct BitQueries: ~Copyable, Sendable {
  private var rotated: AlignedBuffer<Float>
  private(set) var tables: BitTables

  /// Queries of zeros.
  package init(width: Int, capacity: Int = 1) {
    rotated = AlignedBuffer(repeating: 0, count: width)
    tables = BitTables(width: width, capacity: capacity)
  }

  /// D.
  package var width: Int { tables.width }

  /// Makes this the query at that place.
  ///
  /// - Parameter query: D floats, not rotated.
  /// - Complexity: O(D·log D), no allocation; 0.6 µs for 384 dimensions.
  package mutating func set(
    _ query: Span<Float>, at place: Int = 0, rotation: Rotation, kernels: Kernels
  ) {
    precondition(rotation.width == width, "a rotation of \(rotation.width) for \(width)")
    Self.set(place, query, rotation, kernels, &rotated, &tables)
  }

  /// Apart, because spans of two properties of one value would overlap.
  private static func set(
    _ place: Int, _ query: Span<Float>, _ rotation: Rotation, _ kernels: Kernels,
    _ rotated: inout AlignedBuffer<Float>, _ tables: inout BitTables
  ) {
    var view = rotated.mutableSpan
    rotation.rotate(query, kernels: kernels, into: &view)
    tables.set(place, rotated: view.span)
  }
}
