package import LinearAlgebra

/// A learned move of queries' vectors that leaves those of passages, and with them the index, as they are:
/// q' = norm((I + U·Vᵀ)·q + b).
///
/// Source: Hu et al. 2021, section 4.1, for the product of low rank; the place of it: arXiv 2601.04646.
package struct QueryAdapter: Sendable, Equatable {
  /// D.
  package let width: Int
  /// r.
  package let rank: Int
  /// Uᵀ, r × D; Vᵀ, r × D; b, D.
  package let values: [Float]

  /// Floats of an adapter.
  package static func count(width D: Int, rank r: Int) -> Int { (2 * r + 1) * D }

  /// - Parameter values: Uᵀ, Vᵀ and b, one behind another.
  package init(width: Int, rank: Int, values: [Float]) {
    precondition(values.count == Self.count(width: width, rank: rank))
    self.width = width
    self.rank = rank
    self.values = values
  }

  /// Moves each row of N × D unit vectors to where its query is asked.
  ///
  /// - Complexity: 2·r·D multiplications a row.
  package func apply(to rows: inout [Float], kernels: Kernels) {
    var moved = [Float](repeating: 0, count: width)
    var factors = [Float](repeating: 0, count: rank)
    for start in stride(from: 0, to: rows.count, by: width) {
      let row = start..<start + width
      Self.move(
        rows.span.extracting(row), by: values.span, rank: rank, kernels: kernels,
        factors: &factors, into: &moved)
      var square = 0.0
      for value in moved { square += Double(value) * Double(value) }
      // A query that is moved to nothing stays where it was.
      guard square > 0 else { continue }
      let scale = 1 / square.squareRoot()
      for column in 0..<width { rows[start + column] = Float(Double(moved[column]) * scale) }
    }
  }

  /// (I + U·Vᵀ)·q + b, of any length.
  ///
  /// - Parameter factors: Vᵀ·q when it returns.
  package static func move(
    _ query: Span<Float>, by values: Span<Float>, rank r: Int, kernels: Kernels,
    factors: inout [Float], into moved: inout [Float]
  ) {
    let D = query.count
    let bias = 2 * r * D
    for column in 0..<D { moved[column] = query[column] + values[bias + column] }
    for k in 0..<r {
      factors[k] = kernels.dot(query, values.extracting((r + k) * D..<(r + k + 1) * D))
      var view = moved.mutableSpan
      Kernels.add(values.extracting(k * D..<(k + 1) * D), times: factors[k], to: &view)
    }
  }
}
