/// Reads the few Python literals of an `.npy` header: strings, booleans, tuples of integers.
struct NpyLiteral {
  private let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Goes past `token` if it comes next.
  mutating func skip(_ token: StaticString) -> Bool {
    let token = Array(token.description.utf8)
    skipBlanks()
    guard bytes[position...].starts(with: token) else { return false }
    position += token.count
    return true
  }

  mutating func expect(_ token: StaticString) throws(VectorFault) {
    guard skip(token) else { throw fault("expected \(token)") }
  }

  /// Nothing but white space may follow.
  mutating func expectEnd() throws(VectorFault) {
    skipBlanks()
    guard position == bytes.count else { throw fault("expected the end") }
  }

  /// A string in single or double quotes, without escapes.
  mutating func string() throws(VectorFault) -> String {
    skipBlanks()
    guard position < bytes.count, [0x22, 0x27].contains(bytes[position]) else {
      throw fault("expected a string")
    }
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: bytes[position]) else {
      throw fault("a string has no end")
    }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  mutating func boolean() throws(VectorFault) -> Bool {
    if skip("True") { return true }
    try expect("False")
    return false
  }

  /// A tuple of integers that are not negative.
  mutating func tuple() throws(VectorFault) -> [Int] {
    try expect("(")
    var values: [Int] = []
    while !skip(")") {
      values.append(try integer())
      if !skip(",") {
        try expect(")")
        break
      }
    }
    return values
  }

  private mutating func integer() throws(VectorFault) -> Int {
    skipBlanks()
    let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw fault("expected an integer below 2^63")
    }
    position = digits.endIndex
    return value
  }

  private mutating func skipBlanks() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A {
      position += 1
    }
  }

  private func fault(_ reason: String) -> VectorFault {
    .badHeader(reason: "\(reason) at byte \(position + 1) of the dictionary")
  }
}
