/// Hash and equality of byte ranges, eight bytes a step.
///
/// The only unsafe code of the tokenizer. It is sound: `unsafeLoadUnaligned` checks its bounds, and
/// every pattern of eight bytes is a `UInt64`. Ranges must end at least eight bytes before their
/// buffer does, since the last step reads eight bytes and masks what is too much.
enum WordPieceBytes {
  /// Bytes a buffer must hold behind the last range.
  static let padding = 8

  /// A multiplier with half its bits set, in no pattern: 2⁶⁴ divided by the golden ratio, made odd.
  private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inline(__always)
  static func hash(_ bytes: RawSpan, at offset: Int, count: Int) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: count)
    var index = 0
    while index + 8 <= count {
      hash = mixed(hash ^ load(bytes, offset + index))
      index += 8
    }
    return mixed(hash ^ (load(bytes, offset + index) & mask(count - index)))
  }

  /// Twelve bits that depend on the first three bytes.
  @inline(__always)
  static func prefixHash(_ bytes: RawSpan, at offset: Int) -> Int {
    Int(truncatingIfNeeded: ((load(bytes, offset) & mask(3)) &* multiplier) >> 52)
  }

  /// The part of a hash that a slot keeps; the other half chose the slot.
  @inline(__always)
  static func tag(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash >> 32)
  }

  @inline(__always)
  static func areEqual(
    _ a: RawSpan, at aOffset: Int, _ b: RawSpan, at bOffset: Int, count: Int
  ) -> Bool {
    var index = 0
    while index + 8 <= count {
      if load(a, aOffset + index) != load(b, bOffset + index) { return false }
      index += 8
    }
    let difference = load(a, aOffset + index) ^ load(b, bOffset + index)
    return difference & mask(count - index) == 0
  }

  /// Keeps the first `count` < 8 bytes of a little-endian word.
  @inline(__always)
  private static func mask(_ count: Int) -> UInt64 {
    (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
  }

  @inline(__always)
  private static func load(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Both halves of the product folded: every bit of the result depends on every bit before.
  @inline(__always)
  private static func mixed(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: multiplier)
    return product.high ^ product.low
  }
}
