/// UTF-8 by hand: the standard library's views repair and allocate, these do neither.
enum UTF8Bytes {
  /// A scalar that was read and the bytes it takes; `scalar` is nil where the bytes are no UTF-8.
  struct Step {
    let scalar: UInt32?
    let length: Int
  }

  /// The scalar that starts at `index`; ill-formed bytes are stepped over one at a time.
  ///
  /// Overlong forms, surrogates and values above U+10FFFF are ill-formed.
  /// - Complexity: O(1).
  /// Source: The Unicode Standard, table 3-7.
  static func read(_ bytes: Span<UInt8>, at index: Int) -> Step {
    let lead = UInt32(bytes[index])
    let length: Int
    switch lead {
    case 0..<0x80: return Step(scalar: lead, length: 1)
    case 0xC2..<0xE0: length = 2
    case 0xE0..<0xF0: length = 3
    case 0xF0..<0xF5: length = 4
    default: return Step(scalar: nil, length: 1)
    }
    guard bytes.count - index >= length else { return Step(scalar: nil, length: 1) }

    var scalar = lead & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let byte = bytes[index + offset]
      guard isContinuation(byte) else { return Step(scalar: nil, length: 1) }
      scalar = scalar << 6 | UInt32(byte & 0x3F)
    }
    let isWellFormed =
      length == 2
      || (length == 3 && scalar >= 0x800 && scalar & 0xFFFF_F800 != 0xD800)
      || (length == 4 && scalar >= 0x10000 && scalar <= 0x10FFFF)
    return isWellFormed ? Step(scalar: scalar, length: length) : Step(scalar: nil, length: 1)
  }

  /// Whether all of it is well-formed.
  static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
    let span = bytes.span
    var index = 0
    while index < span.count {
      let step = read(span, at: index)
      if step.scalar == nil { return false }
      index += step.length
    }
    return true
  }

  /// Whether the byte goes on with a scalar that an earlier one began.
  @inline(__always)
  static func isContinuation(_ byte: UInt8) -> Bool {
    byte & 0xC0 == 0x80
  }

  /// Hands the one to four bytes of a scalar to `byte`, in order.
  @inline(__always)
  static func write(_ scalar: UInt32, _ byte: (UInt8) -> Void) {
    switch scalar {
    case 0..<0x80:
      byte(UInt8(scalar))
    case 0x80..<0x800:
      byte(UInt8(0xC0 | scalar >> 6))
      byte(UInt8(0x80 | scalar & 0x3F))
    case 0x800..<0x10000:
      byte(UInt8(0xE0 | scalar >> 12))
      byte(UInt8(0x80 | scalar >> 6 & 0x3F))
      byte(UInt8(0x80 | scalar & 0x3F))
    default:
      byte(UInt8(0xF0 | scalar >> 18))
      byte(UInt8(0x80 | scalar >> 12 & 0x3F))
      byte(UInt8(0x80 | scalar >> 6 & 0x3F))
      byte(UInt8(0x80 | scalar & 0x3F))
    }
  }
}
