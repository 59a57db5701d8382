import CKernels
import Testing

@testable import LinearAlgebra

/// Rounding to half floats, against the language's own.
@Suite struct Float16Tests {
  private func rounded(_ kernels: Kernels, _ x: [Float]) -> [UInt16] {
    var halves = [UInt16](repeating: 7, count: x.count)
    var view = halves.mutableSpan
    kernels.roundToFloat16(x.span, into: &view)
    return halves
  }

  private static let all = [Kernels.portable] + Kernels.twins

  @Test("each of the 65,536 half floats stays what it is, NaNs being made quiet", arguments: all)
  func identity(kernels: Kernels) {
    let halves = (0...UInt16.max).map { $0 }
    let expected = halves.map { half in
      let isNaN = half & 0x7C00 == 0x7C00 && half & 0x3FF != 0
      return isNaN ? half | 0x200 : half
    }
    #expect(rounded(kernels, halves.map(widened)) == expected)
  }

  /// Exact, and unlike a conversion by the processor it keeps signalling NaNs.
  private func widened(_ half: UInt16) -> Float {
    let (sign, fraction) = (UInt32(half & 0x8000) << 16, UInt32(half & 0x3FF))
    if half & 0x7C00 == 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13) }
    return Float(Float16(bitPattern: half))
  }

  @Test(
    "halfway goes to the even neighbour, and a unit beside it to the nearer one", arguments: all)
  func ties(kernels: Kernels) {
    var (x, expected): ([Float], [UInt16]) = ([], [])
    for low in 0..<UInt16(0x7BFF) {
      let (a, b) = (Float(Float16(bitPattern: low)), Float(Float16(bitPattern: low + 1)))
      let middle = (a + b) / 2
      x += [middle.nextDown, middle, middle.nextUp, -middle]
      let even = low & 1 == 0 ? low : low + 1
      expected += [low, even, low + 1, even | 0x8000]
    }
    #expect(rounded(kernels, x) == expected)
  }

  @Test("what is too large is infinite, what is too small is zero", arguments: all)
  func ends(kernels: Kernels) {
    let x: [Float] = [
      65_519.996, 65_520, 1e30, .infinity, -.infinity, -65_520, 0x1p-25, 0x1.000002p-25, 0x1p-149,
      -0x1p-149,
      -0.0,
    ]
    #expect(
      rounded(kernels, x) == [
        0x7BFF, 0x7C00, 0x7C00, 0x7C00, 0xFC00, 0xFC00, 0, 1, 0, 0x8000, 0x8000,
      ])
  }

  @Test("any float is rounded as the language rounds it, in rows of any length", arguments: all)
  func random(kernels: Kernels) {
    var numbers = Numbers(seed: 6)
    for count in 0...200 {
      let x = (0..<count).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: numbers.word())) }
        .map { $0.isNaN ? 1 : $0 }
      #expect(rounded(kernels, x) == x.map { Float16($0).bitPattern })
    }
  }
}
