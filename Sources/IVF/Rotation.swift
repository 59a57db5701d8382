package import LinearAlgebra

/// A random rotation of D dimensions, for any D: orthogonal by construction, so that inner products stay
/// what they are but for the rounding of floats, and every dimension ends up in all others.
///
/// Twice: random signs, a Hadamard transform of the first 2^k ≤ D dimensions, signs, one of the last.
/// Where 2^k < D, sums and differences of the first and the last half come in between, because the two
/// transforms share as little as one dimension. All kernels give the same bits, and a seed always means
/// the same rotation: stored codes depend on it.
///
/// Source: Ailon & Chazelle 2009, "The fast Johnson-Lindenstrauss transform and approximate nearest
/// neighbors"; for widths that are no power of two the RaBitQ library, which walks as Kac 1956 does.
package struct Rotation: Sendable {
  /// D.
  package let width: Int
  package let seed: UInt64
  /// transforms × D: signs, with the factors that keep lengths.
  private let diagonals: [Float]

  private static let transforms = 4

  package init(width D: Int, seed: UInt64) {
    precondition(D >= 1, "a rotation of \(D) dimensions")
    width = D
    self.seed = seed
    var signs = Signs(seed: seed)
    var block = 1
    while 2 * block <= D { block *= 2 }
    let half = block < D ? D / 2 : 0
    var diagonals: [Float] = []
    diagonals.reserveCapacity(Self.transforms * D)
    for transform in 0..<Self.transforms {
      let first = transform % 2 == 0 ? 0 : D - block
      let followsSums = transform > 0 && transform % 2 == 0
      for dimension in 0..<D {
        let isTransformed = dimension >= first && dimension < first + block
        // Sums and differences leave the middle of an odd width alone.
        let isSum = followsSums && (dimension < half || dimension >= D - half)
        let squared: Float = (isTransformed ? Float(block) : 1) * (isSum ? 2 : 1)
        diagonals.append(signs.next() / squared.squareRoot())
      }
    }
    self.diagonals = diagonals
  }

  /// rotated ← P·x.
  ///
  /// - Parameters:
  ///   - x: D floats.
  ///   - rotated: D floats, overwritten.
  /// - Complexity: O(D·log D), no allocation; 0.3 µs for 384 dimensions.
  package func rotate(
    _ x: Span<Float>, kernels: Kernels, into rotated: inout MutableSpan<Float>
  ) {
    precondition(x.count == width, "a vector of \(x.count), not \(width)")
    precondition(rotated.count == width, "a result of \(rotated.count), not \(width)")
    for dimension in 0..<width { rotated[dimension] = x[dimension] }
    kernels.rotate(&rotated, diagonals: diagonals.span, transforms: Self.transforms)
  }

  package func rotate(_ x: Span<Float>, kernels: Kernels) -> [Float] {
    var rotated = [Float](repeating: 0, count: width)
    var view = rotated.mutableSpan
    rotate(x, kernels: kernels, into: &view)
    return rotated
  }
}

/// Random signs, from the lowest bit of each word on.
private struct Signs {
  private var words: SplitMix64
  private var bits: UInt64 = 0
  private var left = 0

  init(seed: UInt64) { words = SplitMix64(seed: seed) }

  mutating func next() -> Float {
    if left == 0 { (bits, left) = (words.next(), 64) }
    defer { (bits, left) = (bits >> 1, left - 1) }
    return bits & 1 == 0 ? 1 : -1
  }
}
