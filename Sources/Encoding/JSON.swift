/// A JSON value, its objects in the order of the text.
///
/// Keys are told apart by their UTF-8 bytes: Swift's `==` on strings holds for strings that are
/// only canonically equivalent (U+212A, the Kelvin sign, equals "K").
package enum JSON: Sendable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  /// Any other finite number.
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  package struct Member: Sendable {
    package let key: String
    package let value: JSON
  }

  /// Reads one value and nothing but blanks after it.
  ///
  /// - Complexity: O(bytes).
  package static func parse(
    _ bytes: [UInt8], limits: JSONReader.Limits = .init()
  ) throws(JSONError) -> JSON {
    var reader = JSONReader(bytes, limits: limits)
    let value = try reader.value()
    try reader.end()
    return value
  }

  /// The value of a key of an object; nil where the key is absent or this is no object.
  ///
  /// - Complexity: O(members).
  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  package var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  package var integer: Int? {
    if case .integer(let number) = self { number } else { nil }
  }

  /// Integers count as numbers here.
  package var double: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  package var bool: Bool? {
    if case .bool(let flag) = self { flag } else { nil }
  }

  package var array: [JSON]? {
    if case .array(let values) = self { values } else { nil }
  }

  package var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  package var isNull: Bool {
    if case .null = self { true } else { false }
  }
}
