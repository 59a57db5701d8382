/// Reads JSON from bytes, strictly (RFC 8259), as a tree or piece by piece.
///
/// ```swift
/// try reader.beginObject()
/// while let key = try reader.nextKey() {
///   if key == "model" { … } else { try reader.skipValue() }
/// }
/// try reader.end()
/// ```
/// `value()` refuses duplicate keys; who reads an object piece by piece sees every key and does so
/// itself. Every error names byte and line.
package struct JSONReader {
  /// What keeps a hostile text from using up stack or memory.
  package struct Limits: Sendable {
    /// Arrays and objects inside each other.
    package var depth: Int
    /// Values in trees that `value()` has built, all together: each takes about 100 bytes.
    package var values: Int

    package init(depth: Int = 64, values: Int = 1_000_000) {
      self.depth = depth
      self.values = values
    }
  }

  let bytes: [UInt8]
  var position = 0
  let limits: Limits
  private var depth = 0
  private var valueCount = 0
  /// Where the last key began.
  private var keyStart = 0
  /// Whether no comma comes before the next member or element.
  private var isFirst = true

  package init(_ bytes: [UInt8], limits: Limits = Limits()) {
    self.bytes = bytes
    self.limits = limits
  }

  // MARK: Trees

  /// Reads the value at hand as a tree.
  package mutating func value() throws(JSONError) -> JSON {
    valueCount += 1
    guard valueCount <= limits.values else { throw error(.tooManyValues(limit: limits.values)) }
    switch try peek(expecting: "a value") {
    case UInt8(ascii: "{"): return try .object(members())
    case UInt8(ascii: "["):
      var elements: [JSON] = []
      try beginArray()
      while try nextElement() { elements.append(try value()) }
      return .array(elements)
    case UInt8(ascii: "\""): return try .string(string())
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    default: return try number()
    }
  }

  private mutating func members() throws(JSONError) -> [JSON.Member] {
    var members: [JSON.Member] = []
    var seen = JSONKeys()
    try beginObject()
    while let key = try nextKey() {
      guard seen.insert(key, after: members) else { throw duplicate(key) }
      members.append(JSON.Member(key: key, value: try value()))
    }
    return members
  }

  // MARK: Piece by piece

  /// Whether the value at hand is an object.
  package mutating func isAtObject() throws(JSONError) -> Bool {
    try peek(expecting: "a value") == UInt8(ascii: "{")
  }

  package mutating func beginObject() throws(JSONError) {
    try begin(UInt8(ascii: "{"), "an object")
  }

  package mutating func beginArray() throws(JSONError) {
    try begin(UInt8(ascii: "["), "an array")
  }

  /// The next key of the object at hand, its value being read next; nil at the object's end.
  package mutating func nextKey() throws(JSONError) -> String? {
    guard try beginMember() else { return nil }
    skipBlanks()
    keyStart = position
    let key = try string()
    try endKey()
    return key
  }

  /// Steps to the next element of the array at hand; false at the array's end.
  package mutating func nextElement() throws(JSONError) -> Bool {
    try next(closing: UInt8(ascii: "]"), expecting: "',' or ']'")
  }

  /// Steps to the key of the next member; false at the object's end.
  mutating func beginMember() throws(JSONError) -> Bool {
    try next(closing: UInt8(ascii: "}"), expecting: "',' or '}'")
  }

  /// Steps over the colon that follows a key.
  mutating func endKey() throws(JSONError) {
    try expect(UInt8(ascii: ":"), "':'")
  }

  /// Reads the value at hand and forgets it; it has to be well-formed all the same.
  package mutating func skipValue() throws(JSONError) {
    _ = try value()
  }

  /// Makes sure that nothing but blanks is left.
  package mutating func end() throws(JSONError) {
    skipBlanks()
    guard position == bytes.count else { throw error(.textAfterValue) }
  }

  private mutating func begin(_ byte: UInt8, _ name: String) throws(JSONError) {
    try expect(byte, name)
    depth += 1
    guard depth <= limits.depth else { throw error(.tooDeep(limit: limits.depth)) }
    isFirst = true
  }

  private mutating func next(closing: UInt8, expecting: String) throws(JSONError) -> Bool {
    let byte = try peek(expecting: expecting)
    if byte == closing {
      position += 1
      depth -= 1
      isFirst = false
      return false
    }
    if isFirst {
      isFirst = false
    } else {
      try expect(UInt8(ascii: ","), expecting)
      skipBlanks()
    }
    return true
  }

  // MARK: Bytes

  @inline(__always)
  mutating func skipBlanks() {
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position += 1
    }
  }

  /// The first byte that is no blank, not yet stepped over.
  @inline(__always)
  mutating func peek(expecting: String) throws(JSONError) -> UInt8 {
    skipBlanks()
    guard position < bytes.count else { throw error(.unexpectedEnd(expected: expecting)) }
    return bytes[position]
  }

  @inline(__always)
  private mutating func expect(_ byte: UInt8, _ name: String) throws(JSONError) {
    let found = try peek(expecting: name)
    guard found == byte else { throw error(.unexpectedByte(found, expected: name)) }
    position += 1
  }

  private mutating func literal(_ name: StaticString) throws(JSONError) {
    for byte in "\(name)".utf8 {
      guard position < bytes.count else { throw error(.unexpectedEnd(expected: "\(name)")) }
      guard bytes[position] == byte else {
        throw error(.unexpectedByte(bytes[position], expected: "\(name)"))
      }
      position += 1
    }
  }

  /// The error for the last key.
  func duplicate(_ key: String) -> JSONError {
    error(.duplicateKey(key), at: keyStart)
  }

  /// An error at a place, by default the next byte.
  ///
  /// - Complexity: O(offset), to count the lines.
  func error(_ problem: JSONError.Problem, at offset: Int? = nil) -> JSONError {
    let offset = min(offset ?? position, bytes.count)
    let line = 1 + bytes[..<offset].count { $0 == 0x0A }
    return JSONError(offset: offset, line: line, problem: problem)
  }
}
