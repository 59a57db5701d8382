package import LinearAlgebra

/// The 1-bit codes of a list's postings: groups of 32 codes ‖ factors ‖ offsets.
///
/// With o a posting's vector as its other code says, c the list's centroid, P the index's rotation,
/// r = P(o − c) and s the signs of r, the factor is f = ‖r‖² / Σ|r|, the offset g = ⟨Pc, r⟩ − f·⟨Pc, s⟩, and
/// ⟨q, o⟩ ≈ ⟨q, c⟩ + g + f·⟨Pq, s⟩ for any query q.
///
/// ```
/// 0   ⌈n / 32⌉ groups of ⌈D / 16⌉ × 64 bytes; in a group for each four dimensions 16 bytes:
///     the low half of byte i is code i's, the high half code i + 16's, the lowest bit the first
///     dimension's, set for +1. What lies behind the last code or dimension is 0.
///     factors      n × Float32
///     offsets      n × Float32
/// ```
/// Source: Gao & Long 2024, "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound
/// for approximate nearest neighbor search"; the layout: André, Kermarrec & Le Scouarnec 2015, "Cache
/// locality is not enough: high-performance nearest neighbor search with product quantization fast scan".
package struct BitCodes: ~Escapable {
  /// D.
  package let width: Int
  /// n.
  package let count: Int
  private let bytes: RawSpan

  /// The standard deviation of ⟨Pq, s⟩, in units of the distance of query and centroid: √(1 − 2/π).
  ///
  /// s has the cosine √(2/π) with r, and its rest is perpendicular to r in a random direction.
  package static let deviation: Float = 0.603

  /// Bytes of the codes of n postings, a multiple of 4.
  package static func sizeInBytes(count: Int, width: Int) -> Int {
    Kernels.bitGroupsSizeInBytes(count: count, width: width) + count * 8
  }

  /// - Parameter bytes: `sizeInBytes` bytes at any address.
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, count: Int, width: Int) {
    precondition(
      bytes.byteCount == Self.sizeInBytes(count: count, width: width),
      "\(bytes.byteCount) bytes of \(count) 1-bit codes of \(width)")
    self.width = width
    self.count = count
    self.bytes = bytes
  }

  private var factorsStart: Int { Kernels.bitGroupsSizeInBytes(count: count, width: width) }
  private var offsetsStart: Int { factorsStart + count * 4 }

  /// estimates[i] ← about ⟨q, o⟩ of posting i.
  ///
  /// - Parameters:
  ///   - query: the place among the queries of q.
  ///   - centroidScore: ⟨q, c⟩.
  ///   - allowance: is added to ⟨Pq, s⟩, so that estimates become bounds of a wanted certainty.
  ///   - estimates: at least n floats, overwritten.
  /// - Complexity: half a nanosecond a code of 384 dimensions with AVX-512, one with AVX2.
  package func estimate(
    _ queries: borrowing BitQueries, query: Int = 0, centroidScore: Float, allowance: Float = 0,
    kernels: Kernels, into estimates: inout MutableSpan<Float>
  ) {
    precondition(queries.width == width, "queries of \(queries.width) for codes of \(width)")
    kernels.scanBits(
      queries: queries.tables, query: query, groups: bytes.extracting(0..<factorsStart),
      factors: bytes.extracting(factorsStart..<offsetsStart),
      offsets: bytes.extracting(offsetsStart..<bytes.byteCount), count: count,
      centroidScore: centroidScore, allowance: allowance, into: &estimates)
  }

  package func factor(at index: Int) -> Float { float(at: factorsStart, index) }
  package func offset(at index: Int) -> Float { float(at: offsetsStart, index) }

  private func float(at start: Int, _ index: Int) -> Float {
    precondition(index >= 0 && index < count, "code \(index) of \(count)")
    return Float(bitPattern: bytes.uint32(at: start + 4 * index))
  }

  /// Whether the sign of a code is + in that dimension.
  package func isPositive(_ dimension: Int, at index: Int) -> Bool {
    precondition(index >= 0 && index < count, "code \(index) of \(count)")
    precondition(dimension >= 0 && dimension < width, "dimension \(dimension) of \(width)")
    let (group, place) = index.quotientAndRemainder(dividingBy: Kernels.bitGroupSize)
    let groupSize = Kernels.bitGroupsSizeInBytes(count: 1, width: width)
    let byte = bytes.uint8(at: group * groupSize + dimension / 4 * 16 + place % 16)
    return byte >> UInt8(dimension % 4 + (place < 16 ? 0 : 4)) & 1 == 1
  }
}
