/// Why a text is not JSON that Pawl reads, and where.
///
/// The file is not known here; whoever reads it puts its name in front.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  /// Bytes before the place.
  package let offset: Int
  /// Counted from 1.
  package let line: Int
  package let problem: Problem

  package enum Problem: Equatable, Sendable {
    case unexpectedByte(UInt8, expected: String)
    case unexpectedEnd(expected: String)
    case textAfterValue
    case invalidUTF8
    case controlCharacterInString(UInt8)
    case unknownEscape
    case loneSurrogate
    case malformedNumber
    case numberOutOfRange(String)
    case duplicateKey(String)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
  }

  package var description: String {
    "line \(line), byte \(offset): \(problem)"
  }
}

extension JSONError.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unexpectedByte(let byte, let expected):
      "expected \(expected), found \(Self.name(byte))"
    case .unexpectedEnd(let expected): "expected \(expected), found the end of the text"
    case .textAfterValue: "more text after the end of the JSON value"
    case .invalidUTF8: "bytes that are not UTF-8"
    case .controlCharacterInString(let byte):
      "control character \(Self.name(byte)) inside a string, which must be escaped"
    case .unknownEscape: "unknown escape in a string"
    case .loneSurrogate: "half of a surrogate pair in a \\u escape"
    case .malformedNumber: "malformed number"
    case .numberOutOfRange(let text): "number \(text) is out of range"
    case .duplicateKey(let key): "the key \"\(key)\" occurs twice in one object"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .tooManyValues(let limit): "more than \(limit) values"
    }
  }

  private static func name(_ byte: UInt8) -> String {
    if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
    let digits = String(byte, radix: 16, uppercase: true)
    return "byte 0x\(digits.count == 1 ? "0" : "")\(digits)"
  }
}
