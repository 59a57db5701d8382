/// Columns that hold numbers.
extension LineReader {
  /// A column as an integer: an optional sign and digits.
  func integer(_ range: Range<Int>, column: String) throws(LineFault) -> Int32 {
    // Sound: the pointer is not used after the function.
    let bytes = unsafe line
    var offset = range.lowerBound
    let first = unsafe range.isEmpty ? 0 : bytes[offset]
    let isNegative = first == UInt8(ascii: "-")
    if isNegative || first == UInt8(ascii: "+") { offset += 1 }
    guard offset < range.upperBound else { throw .notAnInteger(column: column, text: text(range)) }
    var value: Int64 = 0
    var isOutOfRange = false
    for place in offset..<range.upperBound {
      let digit = unsafe bytes[place] &- 0x30
      guard digit <= 9 else { throw .notAnInteger(column: column, text: text(range)) }
      if !isOutOfRange { value = value * 10 + Int64(digit) }
      isOutOfRange = isOutOfRange || value > Int64(Int32.max) + 1
    }
    guard !isOutOfRange, let result = Int32(exactly: isNegative ? -value : value) else {
      throw .integerOutOfRange(column: column, text: text(range))
    }
    return result
  }

  /// A column as a float32: read as a double and rounded, as C programs do with `atof`.
  func number(_ range: Range<Int>, column: String) throws(LineFault) -> Float {
    if let decimal = unsafe Decimal(UnsafeRawBufferPointer(rebasing: line[range])),
      let value = decimal.float
    {
      return value
    }
    let text = text(range)
    // Decimal notation only: Double also takes "nan", "inf" and hexadecimal.
    let isDecimal = text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    guard isDecimal, let value = Double(text) else {
      throw .notANumber(column: column, text: text)
    }
    guard Float(value).isFinite else { throw .numberOutOfRange(column: column, text: text) }
    return Float(value)
  }
}

/// A plain decimal number, `significand · 10^exponent`, short enough to be read without `strtod`.
private struct Decimal {
  private var significand: UInt64 = 0
  private var exponent = 0
  private var isNegative = false

  /// 10^0 to 10^22: the powers that a double holds exactly.
  private static let powers: [Double] = {
    var power = 1.0
    return (0...22).map { _ in
      defer { power *= 10 }
      return power
    }
  }()

  /// nil for everything but a sign, at most 19 digits and a point among them.
  @unsafe init?(_ bytes: UnsafeRawBufferPointer) {
    var digitCount = 0
    var hasPoint = false
    for offset in 0..<bytes.count {
      let byte = unsafe bytes[offset]
      if byte &- 0x30 <= 9 {
        significand = significand &* 10 &+ UInt64(byte &- 0x30)
        digitCount += 1
        if hasPoint { exponent -= 1 }
      } else if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if offset == 0, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
        isNegative = byte == UInt8(ascii: "-")
      } else {
        return nil
      }
    }
    // 19 nines fit in 64 bits.
    guard (1...19).contains(digitCount) else { return nil }
  }

  /// The float32 to which the double nearest to this number rounds; nil in the rare cases that the
  /// quick way cannot settle.
  ///
  /// The significand and the division are rounded once each, so the quotient is off by less than
  /// 2^-51 of itself. Rounding never turns two numbers around: where both ends of that interval give
  /// one float32, so does everything in between, and so does the double nearest to the number.
  var float: Float? {
    let quotient = Double(significand) / Self.powers[-exponent]
    let low = Float(quotient * (1 - 0x1p-50))
    guard low == Float(quotient * (1 + 0x1p-50)) else { return nil }
    return isNegative ? -low : low
  }
}
