/// A hash of the bytes of ids, for tables of millions of them.
///
/// Its seed is drawn anew for each value, so that no file can be made whose ids all collide.
/// Cost: two multiplications for ids up to 16 bytes, one more for every 8 bytes above.
/// Source: the folded multiplication of wyhash and its kin.
package struct IdentifierHash: Sendable {
  private let seed: UInt64

  package init() {
    seed = .random(in: 0 ... .max)
  }

  @unsafe package func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let count = bytes.count
    var state = seed ^ UInt64(truncatingIfNeeded: count)
    if count >= 8 {
      var offset = 0
      while offset + 8 < count {
        let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        state = Self.fold(state ^ word, 0x9E37_79B9_7F4A_7C15)
        offset += 8
      }
      // The last word overlaps the one before it where the count is no multiple of 8.
      let word = unsafe bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      return Self.fold(Self.fold(state ^ word, 0xD1B5_4A32_D192_ED03), seed | 1)
    }
    var word: UInt64 = 0
    for offset in 0..<count { word = unsafe word << 8 | UInt64(bytes[offset]) }
    return Self.fold(Self.fold(state ^ word, 0xD1B5_4A32_D192_ED03), seed | 1)
  }

  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}
