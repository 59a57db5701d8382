internal import Glibc

/// The name of a passage or query: a string that is compared by its UTF-8 bytes.
///
/// Swift compares strings by canonical equivalence, so that two ids whose bytes differ could be
/// equal; files, tables and other programs compare bytes, and so does this type.
package struct Identifier: Sendable {
  /// The limit of LMDB's keys, which the store's `ids` table has as keys.
  package static let maximumByteCount = 511

  package let text: String

  package init(_ text: String) {
    self.text = text
  }
}

extension Identifier: Hashable, Comparable {
  /// Cost: O(bytes).
  package static func == (left: Identifier, right: Identifier) -> Bool {
    left.text.utf8.count == right.text.utf8.count && order(left, right) == 0
  }

  /// Order of the UTF-8 bytes, which is also the order of the code points.
  package static func < (left: Identifier, right: Identifier) -> Bool {
    order(left, right) < 0
  }

  package func hash(into hasher: inout Hasher) {
    let bytes = text.utf8.span
    // Sound: the pointer does not leave the closure.
    unsafe bytes.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    hasher.combine(UInt8(0xFF))  // No id ends in this byte, so no id runs into what follows.
  }

  /// Below zero, zero or above zero, as C's `memcmp` has it, a prefix before what it begins.
  private static func order(_ left: Identifier, _ right: Identifier) -> Int {
    let leftBytes = left.text.utf8.span
    let rightBytes = right.text.utf8.span
    // Sound: both pointers live as long as the closures, and the shorter count bounds the reading.
    return unsafe leftBytes.withUnsafeBytes { left in
      unsafe rightBytes.withUnsafeBytes { right in
        let common = min(left.count, right.count)
        guard common > 0, let start = left.baseAddress, let other = right.baseAddress else {
          return left.count - right.count
        }
        let order = unsafe memcmp(start, other, common)
        return order != 0 ? Int(order) : left.count - right.count
      }
    }
  }
}

extension Identifier: ExpressibleByStringLiteral, CustomStringConvertible {
  package init(stringLiteral text: String) {
    self.init(text)
  }

  package var description: String { text }
}
