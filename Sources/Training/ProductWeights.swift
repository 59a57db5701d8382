internal import LinearAlgebra

/// One product's weights, packed from the current parameters for both directions.
final class ProductWeights: @unchecked Sendable {
  // Sendable: `pack` has it alone; between two calls of it everybody only reads.
  private(set) var forward: Linear
  /// From the gradient of the output to that of the input.
  private(set) var back: Linear

  init(from K: Int, to N: Int) {
    forward = Linear(inputWidth: K, outputWidth: N)
    back = Linear(inputWidth: N, outputWidth: K)
  }

  /// - Parameters:
  ///   - weight: N × K. bias: N.
  func pack(weight: Span<Float>, bias: Span<Float>) {
    forward.replace(weight: weight, bias: bias)
    back.replaceTransposed(weight: weight)
  }
}
