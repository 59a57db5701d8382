internal import CKernels

/// Queries as the scan of 1-bit codes reads them (`lists.h` says how), in memory that is used again.
package struct BitTables: ~Copyable, Sendable {
  /// D.
  package let width: Int
  /// Queries that fit.
  package let capacity: Int
  /// capacity × ⌈D / 16⌉ × 64.
  private var bytes: AlignedBuffer<UInt8>
  private var offsets: AlignedBuffer<Int32>
  /// A query ≈ step · integers; 0 for one that counts as 0.
  private var steps: AlignedBuffer<Float>

  /// The tables of queries of zeros.
  package init(width: Int, capacity: Int = 1) {
    precondition(width >= 1 && capacity >= 1, "tables of \(capacity) × \(width) dimensions")
    self.width = width
    self.capacity = capacity
    bytes = AlignedBuffer(repeating: 0, count: capacity * Kernels.bitBlocks(width: width) * 64)
    offsets = AlignedBuffer(repeating: 0, count: capacity)
    steps = AlignedBuffer(repeating: 0, count: capacity)
  }

  /// Rounds a query to integers whose sums of four neighbours have 6 bits, and adds them up.
  ///
  /// - Parameters:
  ///   - query: its place.
  ///   - rotated: D floats. What is no number, or has none above 2^-60, counts as 0.
  /// - Complexity: about 0.9 · D ns, no allocation.
  package mutating func set(_ query: Int = 0, rotated: Span<Float>) {
    precondition(rotated.count == width, "a query of \(rotated.count), not \(width)")
    precondition(query >= 0 && query < capacity, "query \(query) of \(capacity)")
    let address = unsafe address(of: query)
    // Sound: the tables have the size that `lists.h` asks for.
    let made = unsafe rotated.withUnsafeBufferPointer {
      unsafe pawl_bits_query(width, $0.baseAddress, address)
    }
    unsafe offsets[query] = made.offset
    unsafe steps[query] = made.step
  }

  /// For a call during which self is borrowed.
  ///
  /// - Parameter allowance: is added to every inner product, rounded to steps.
  func view(of query: Int, allowance: Float) -> pawl_bit_query {
    precondition(query >= 0 && query < capacity, "query \(query) of \(capacity)")
    let step = steps[query]
    // Between unit vectors and codes of D bits it is at most √D; the limit is for odd input.
    let added = step > 0 ? (allowance / step).rounded() : 0
    return unsafe pawl_bit_query(
      blocks: Kernels.bitBlocks(width: width), tables: address(of: query),
      offset: offsets[query] - (added.magnitude < 0x1p24 ? Int32(added) : 0), step: step)
  }

  private func address(of query: Int) -> UnsafeMutablePointer<UInt8>? {
    unsafe bytes.address.map { unsafe $0 + query * Kernels.bitBlocks(width: width) * 64 }
  }
}
