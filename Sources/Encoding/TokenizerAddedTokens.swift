/// Tokens that are found in the raw text, before it is normalised: "[MASK]" is the mask's id
/// wherever it stands.
///
/// The leftmost match counts, and of several there the longest.
struct AddedTokens: Sendable {
  struct Token: Sendable, Equatable {
    let bytes: [UInt8]
    let id: Int32

    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// Far more than any model has; each costs a comparison wherever its first byte occurs.
  static let countLimit = 1024

  /// The longest first.
  private let tokens: [Token]

  init(_ tokens: [Token]) {
    self.tokens = tokens.sorted { $0.bytes.count > $1.bytes.count }
  }

  /// The bytes that begin a token.
  var firstBytes: [UInt8] { tokens.compactMap(\.bytes.first) }

  /// The token of an id, nil where it is none of these.
  func text(of id: Int32) -> String? { tokens.first { $0.id == id }?.text }

  /// The token whose bytes stand at an index of the text.
  func match(_ text: Span<UInt8>, at index: Int) -> Token? {
    tokens.first { Self.matches($0.bytes, text, at: index) }
  }

  private static func matches(_ bytes: [UInt8], _ text: Span<UInt8>, at index: Int) -> Bool {
    guard text.count - index >= bytes.count else { return false }
    for offset in bytes.indices where text[index + offset] != bytes[offset] { return false }
    return true
  }
}
