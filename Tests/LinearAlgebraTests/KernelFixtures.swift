import CKernels
import Testing

@testable import LinearAlgebra

extension Kernels {
  /// The oracle.
  static let portable = available("portable") ?? .best

  /// What this processor runs beside the portable kernels.
  static let twins = ["avx2", "avx512"].compactMap(available)

  private static func available(_ name: String) -> Kernels? {
    do { return try Kernels(named: name) } catch { return nil }
  }
}

extension Kernels: CustomTestStringConvertible {
  public var testDescription: String { name }
}

/// Numbers that look random and are the same in every run.
///
/// Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators" (SplitMix64).
struct Numbers {
  private var state: UInt64

  init(seed: Int) { state = UInt64(seed) }

  mutating func word() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// `count` floats from -scale to scale.
  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in (Float(word() >> 40) / 8_388_608 - 1) * scale }
  }

  mutating func bytes(_ count: Int) -> [Int8] {
    (0..<count).map { _ in Int8(truncatingIfNeeded: word()) }
  }
}

extension [Float] {
  /// What two kernels must have in common: `==` would call 0 and -0 equal.
  var bits: [UInt32] { map(\.bitPattern) }

  /// The largest distance to what should stand here.
  func error(to reference: [Double]) -> Double {
    zip(self, reference).map { abs(Double($0) - $1) }.max() ?? 0
  }
}
