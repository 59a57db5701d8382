internal import Glibc
internal import LinearAlgebra

/// How embeddings fill their space: what falls when an encoder collapses.
package struct EmbeddingFigures: Sendable, Equatable {
  /// The effective rank: exp of the entropy of the singular values' shares; between 1 and D.
  /// Source: Garrido et al. 2023 (RankMe), equation 1.
  package let rank: Double
  /// The mean cosine of two different embeddings.
  package let meanCosine: Double

  /// - Parameter embeddings: N × D, unit rows, N at least 2.
  /// - Complexity: N · D² operations, and 4/3 · D³.
  package init?(_ embeddings: [Float], width D: Int) {
    let N = embeddings.count / D
    guard N >= 2 else { return nil }
    var sum = [Double](repeating: 0, count: D)
    for row in 0..<N {
      for column in 0..<D { sum[column] += Double(embeddings[row * D + column]) }
    }
    meanCosine =
      (sum.reduce(0) { $0 + $1 * $1 } - Double(N)) / (Double(N) * Double(N - 1))
    guard
      let eigenvalues = symmetricEigenvalues(Self.products(embeddings, width: D), count: D)
    else { return nil }
    // What rounding leaves of zeros may be negative.
    let singular = eigenvalues.map { max(0, $0).squareRoot() }
    let total = singular.reduce(0, +)
    guard total > 0 else { return nil }
    let entropy = singular.reduce(0.0) { entropy, value in
      value == 0 ? entropy : entropy - value / total * log(value / total)
    }
    rank = exp(entropy)
  }

  /// ZᵀZ, D × D.
  private static func products(_ embeddings: [Float], width D: Int) -> [Double] {
    var products = [Double](repeating: 0, count: D * D)
    // Blocks of rows in single precision, their sums in double: 256 rows keep six digits.
    for start in stride(from: 0, to: embeddings.count, by: 256 * D) {
      let rows = (min(start + 256 * D, embeddings.count) - start) / D
      var columns = [Float](repeating: 0, count: D * rows)
      for row in 0..<rows {
        for column in 0..<D { columns[column * rows + row] = embeddings[start + row * D + column] }
      }
      var linear = Linear(inputWidth: rows, outputWidth: D)
      linear.append(weight: columns.span, bias: [Float](repeating: 0, count: D).span)
      var block = [Float](repeating: 0, count: D * D)
      var view = block.mutableSpan
      Kernels.best.apply(linear, to: columns.span, rows: D, into: &view)
      for index in products.indices { products[index] += Double(block[index]) }
    }
    return products
  }
}
