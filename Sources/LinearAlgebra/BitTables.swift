internal import CKernels

/// A query as the scan of 1-bit codes reads it (`lists.h` says how), in memory that is used again.
package struct BitTables: ~Copyable, Sendable {
  /// D.
  package let width: Int
  /// ⌈D / 16⌉ × 64.
  private var bytes: AlignedBuffer<UInt8>
  private var offset: Int32 = 0
  /// The query ≈ step · integers; 0 for a query that counts as 0.
  package private(set) var step: Float = 0

  /// The tables of a query of zeros.
  package init(width: Int) {
    precondition(width >= 1, "tables of \(width) dimensions")
    self.width = width
    bytes = AlignedBuffer(repeating: 0, count: Kernels.bitBlocks(width: width) * 64)
  }

  /// Rounds a query to integers whose sums of four neighbours have 6 bits, and adds them up.
  ///
  /// - Parameter rotated: D floats. What is no number, or has none above 2^-60, counts as 0.
  /// - Complexity: about 0.9 · D ns, no allocation.
  package mutating func set(_ rotated: Span<Float>) {
    precondition(rotated.count == width, "a query of \(rotated.count), not \(width)")
    let address = unsafe bytes.address
    // Sound: the tables have the size that `lists.h` asks for.
    let query = unsafe rotated.withUnsafeBufferPointer {
      unsafe pawl_bits_query(width, $0.baseAddress, address)
    }
    unsafe offset = query.offset
    unsafe step = query.step
  }

  /// For a call during which self is borrowed.
  ///
  /// - Parameter allowance: is added to every inner product, rounded to steps.
  func query(allowance: Float) -> pawl_bit_query {
    // Between unit vectors and codes of D bits it is at most √D; the limit is for odd input.
    let steps = step > 0 ? (allowance / step).rounded() : 0
    let added = steps.magnitude < 0x1p24 ? Int32(steps) : 0
    return unsafe pawl_bit_query(
      blocks: Kernels.bitBlocks(width: width), tables: bytes.address, offset: offset - added,
      step: step)
  }
}
