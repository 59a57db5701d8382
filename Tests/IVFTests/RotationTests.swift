import LinearAlgebra
import Testing

@testable import IVF

@Suite struct RotationTests {
  private static let widths = Array(1...70) + [100, 127, 128, 255, 384, 511, 768, 1024]

  private func product(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test("lengths and inner products stay what they are, for every width")
  func isOrthogonal() {
    for D in Self.widths {
      let rotation = Rotation(width: D, seed: 11)
      var numbers = Numbers(seed: D)
      for _ in 0..<3 {
        let (a, b) = (numbers.vector(D), numbers.vector(D))
        let (Pa, Pb) = (
          rotation.rotate(a.span, kernels: .best), rotation.rotate(b.span, kernels: .best)
        )
        // Forty roundings of floats between an element and its image.
        let tolerance = 1e-6 * (product(a, a) * product(b, b)).squareRoot()
        #expect(abs(product(Pa, Pb) - product(a, b)) <= tolerance, "D = \(D)")
        #expect(abs(product(Pa, Pa) - product(a, a)) <= 1e-6 * product(a, a), "D = \(D)")
      }
    }
  }

  @Test("every dimension ends up in all others")
  func mixes() {
    for D in Self.widths where D >= 16 {
      let rotation = Rotation(width: D, seed: 3)
      for dimension in [0, D / 3, D / 2, D - 1] {
        var unit = [Float](repeating: 0, count: D)
        unit[dimension] = 1
        let image = rotation.rotate(unit.span, kernels: .best)
        // For a random direction Σx⁴ is about 3 / D, more by chance where D is small; 1 for one
        // dimension alone, 6 / D where the halves meet in one. Hardly one element of a thousand
        // passes five standard deviations.
        let fourth = image.reduce(0.0) { $0 + Double($1 * $1) * Double($1 * $1) }
        #expect(fourth < (D < 100 ? 8 : 5.5) / Double(D), "D = \(D), dimension \(dimension)")
        let largest = image.reduce(0) { max($0, $1.magnitude) }
        #expect(largest < 6 / Float(D).squareRoot(), "D = \(D), dimension \(dimension)")
      }
    }
  }

  @Test("a seed means the same rotation on all kernels, another seed another one")
  func isDeterministic() throws {
    for D in Self.widths {
      var numbers = Numbers(seed: D)
      let x = numbers.vector(D)
      let rotation = Rotation(width: D, seed: 5)
      let expected = rotation.rotate(x.span, kernels: try Kernels(named: "portable"))
      let again = Rotation(width: D, seed: 5).rotate(x.span, kernels: .best)
      #expect(again.map(\.bitPattern) == expected.map(\.bitPattern), "D = \(D)")
      if D >= 32 {
        let other = Rotation(width: D, seed: 6).rotate(x.span, kernels: .best)
        #expect(abs(product(other, expected)) < 0.9 * product(x, x), "D = \(D)")
      }
    }
  }

  @Test("seed 1 rotates as it did when the first codes were stored")
  func isFixed() {
    let image = Rotation(width: 6, seed: 1).rotate([1, 2, 3, 4, 5, 6].span, kernels: .best)
    #expect(
      image.map(\.bitPattern) == [
        0x40AF_5CCB, 0x4082_1B8F, 0x3400_0000, 0x3F07_C3B8, 0xC04B_A590, 0x40BA_AD1B,
      ])
  }
}
