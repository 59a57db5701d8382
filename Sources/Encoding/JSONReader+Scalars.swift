/// Strings and numbers.
extension JSONReader {
  /// Reads a string.
  package mutating func string() throws(JSONError) -> String {
    let start = position + 1
    if try plainString() {
      return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
    }
    position = start - 1
    var text: [UInt8] = []
    try string(appendingTo: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads a string and appends its UTF-8 bytes, with escapes resolved.
  mutating func string(appendingTo text: inout [UInt8]) throws(JSONError) {
    try openQuote()
    while true {
      let start = position
      try skipPlainBytes()
      text.append(contentsOf: bytes[start..<position])
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return }
      try escape(appendingTo: &text)
    }
  }

  /// Steps over a string; false, somewhere inside it, at its first escape.
  private mutating func plainString() throws(JSONError) -> Bool {
    try openQuote()
    try skipPlainBytes()
    position += 1
    return bytes[position - 1] == UInt8(ascii: "\"")
  }

  private mutating func openQuote() throws(JSONError) {
    let byte = try peek(expecting: "a string")
    guard byte == UInt8(ascii: "\"") else {
      throw error(.unexpectedByte(byte, expected: "a string"))
    }
    position += 1
  }

  /// Steps up to the next quote or backslash; on the way every byte has to be text.
  @inline(__always)
  private mutating func skipPlainBytes() throws(JSONError) {
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      if byte < 0x20 { throw error(.controlCharacterInString(byte)) }
      if byte < 0x80 {
        position += 1
      } else {
        let step = UTF8Bytes.read(bytes.span, at: position)
        guard step.scalar != nil else { throw error(.invalidUTF8) }
        position += step.length
      }
    }
    throw error(.unexpectedEnd(expected: "the end of a string"))
  }

  /// Resolves the escape behind a backslash.
  private mutating func escape(appendingTo text: inout [UInt8]) throws(JSONError) {
    guard position < bytes.count else {
      throw error(.unexpectedEnd(expected: "the end of a string"))
    }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let scalar = try escapedScalar()
      UTF8Bytes.write(scalar) { text.append($0) }
    default: throw error(.unknownEscape, at: position - 1)
    }
  }

  /// The scalar of a `\u` escape, of two where it is a surrogate pair.
  private mutating func escapedScalar() throws(JSONError) -> UInt32 {
    let start = position
    let first = try fourHexDigits()
    guard first & 0xF800 == 0xD800 else { return first }
    guard first < 0xDC00, position + 1 < bytes.count,
      bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
    else { throw error(.loneSurrogate, at: start) }
    position += 2
    let second = try fourHexDigits()
    guard second & 0xFC00 == 0xDC00 else { throw error(.loneSurrogate, at: start) }
    return 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF)
  }

  private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
    var number: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count else {
        throw error(.unexpectedEnd(expected: "four hexadecimal digits"))
      }
      let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      guard let digit else { throw error(.unknownEscape) }
      number = number << 4 | UInt32(digit)
      position += 1
    }
    return number
  }

  /// Reads a number: an integer where it is written as one and fits, else the nearest `Double`.
  mutating func number() throws(JSONError) -> JSON {
    let start = position
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    let first = position
    let integerDigits = skipDigits()
    guard integerDigits > 0 else {
      guard first < bytes.count else { throw error(.unexpectedEnd(expected: "a value")) }
      throw error(.unexpectedByte(bytes[first], expected: "a value"))
    }
    guard integerDigits == 1 || bytes[first] != UInt8(ascii: "0") else {
      throw error(.malformedNumber, at: start)
    }
    let isInteger = try !skipFractionAndExponent()
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let number = Int(text) { return .integer(number) }
    guard let number = Double(text), number.isFinite else {
      throw error(.numberOutOfRange(text), at: start)
    }
    return .number(number)
  }

  /// Reads an integer from 0 to `Int32.max`.
  mutating func smallInteger() throws(JSONError) -> Int32 {
    _ = try peek(expecting: "a number")
    let start = position
    if case .integer(let number) = try number(), number >= 0, let small = Int32(exactly: number) {
      return small
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    throw error(.numberOutOfRange(text), at: start)
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
    return position - start
  }

  /// Whether there was a fraction or an exponent.
  private mutating func skipFractionAndExponent() throws(JSONError) -> Bool {
    let start = position
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() > 0 else { throw error(.malformedNumber) }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count,
        bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
      {
        position += 1
      }
      guard skipDigits() > 0 else { throw error(.malformedNumber) }
    }
    return position > start
  }
}
