internal import Glibc

/// What readers ask about the current line. Offsets count bytes from the start of the line.
///
/// Everything here is sound for the same reason: the line does not move between two steps, and
/// every range is checked against it by the buffer's own subscript.
extension LineReader {
  var lineByteCount: Int { unsafe line.count }

  func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    let rest = unsafe line[start...]
    guard let base = unsafe UnsafeRawBufferPointer(rebasing: rest).baseAddress,
      let found = unsafe memchr(base, Int32(byte), rest.count)
    else { return nil }
    return unsafe start + base.distance(to: UnsafeRawPointer(found))
  }

  /// Whether a part of the line is nothing but ASCII white space.
  func isBlank(_ range: Range<Int>) -> Bool {
    // Sound: the pointer is not used after the loop.
    let bytes = unsafe line
    for offset in range {
      let byte = unsafe bytes[offset]
      if byte != 0x20 && !(0x09...0x0D).contains(byte) { return false }
    }
    return true
  }

  /// Whether a part of the line has a blank in it.
  func hasBlank(_ range: Range<Int>) -> Bool {
    // Sound: the pointer is not used after the loop.
    let bytes = unsafe line
    for offset in range where unsafe bytes[offset] == 0x20 { return true }
    return false
  }

  /// A part of the line, which `checkText` has found to be UTF-8.
  func text(_ range: Range<Int>) -> String {
    unsafe String(decoding: UnsafeRawBufferPointer(rebasing: line[range]), as: UTF8.self)
  }

  /// Whether a part of the line has the bytes of `text`.
  func equals(_ range: Range<Int>, _ text: String) -> Bool {
    let bytes = text.utf8.span
    return unsafe bytes.withUnsafeBytes { unsafe equals(range, $0) }
  }

  /// Whether a part of the line has these bytes.
  func equals(_ range: Range<Int>, _ bytes: [UInt8]) -> Bool {
    unsafe bytes.withUnsafeBytes { unsafe equals(range, $0) }
  }

  private func equals(_ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard range.count == bytes.count else { return false }
    let part = unsafe UnsafeRawBufferPointer(rebasing: line[range])
    guard let start = part.baseAddress, let other = bytes.baseAddress else {
      return true  // Both are empty.
    }
    return unsafe memcmp(start, other, bytes.count) == 0
  }

  func copy(_ range: Range<Int>) -> [UInt8] { unsafe Array(line[range]) }

  /// Refuses NUL and what is not UTF-8.
  ///
  /// U+0085, U+2028, U+FEFF, a CR and all other control characters are text.
  func checkText() throws(LineFault) {
    if let offset = firstIndex(of: 0) { throw .nul(offset: offset) }
    let bytes = unsafe Span<UInt8>(_unsafeBytes: line)
    do {
      _ = try UTF8Span(validating: bytes)
    } catch {
      throw .invalidUTF8(offset: error.byteOffsets.lowerBound)
    }
  }

  /// An id that fits the store's tables.
  func identifier(_ range: Range<Int>) throws(LineFault) -> Identifier {
    try checkIdentifier(range)
    return Identifier(text(range))
  }

  /// Refuses what is no id.
  func checkIdentifier(_ range: Range<Int>) throws(LineFault) {
    guard !isBlank(range) else { throw .emptyIdentifier }
    guard range.count <= Identifier.maximumByteCount else {
      throw .identifierTooLong(bytes: range.count)
    }
  }

  /// The next line as text; nil at the end. Empty lines are texts too.
  package mutating func nextText() throws(CorpusError) -> String? {
    switch try advance() {
    case .end: return nil
    case .tooLong: throw error(.lineTooLong)
    case .line: break
    }
    do {
      try checkText()
    } catch {
      throw self.error(error)
    }
    return text(0..<lineByteCount)
  }
}
