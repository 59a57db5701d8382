internal import LMDB

/// `texts`: hash of a text ‖ row → nothing. Finds the rows that have a text without reading all texts.
///
/// One key a row, not one list a hash: a passage that a collection repeats a million times costs a
/// million small keys and not a growing list that is written a million times.
struct TextIndex {
  let table: Table

  /// FNV-1a, 64 bits (Fowler, Noll & Vo). Equal hashes are compared by their texts.
  static func hash(_ text: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<text.count { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01b3 }
    return hash
  }

  static func key(_ text: Span<UInt8>, row: UInt32) -> Key {
    var key = Key(hash(text))
    key.append(row)
    return key
  }

  func add(_ text: Span<UInt8>, row: UInt32, in write: inout WriteTransaction) throws {
    let nothing: [UInt8] = []
    try table.put(nothing.span, at: Self.key(text, row: row), in: &write)
  }

  func remove(_ text: Span<UInt8>, row: UInt32, in write: inout WriteTransaction) throws {
    try table.remove(Self.key(text, row: row), in: &write)
  }

  /// Rows with the text's hash that lie below `limit`, ascending, `count` of them at most.
  func rows<T: Transaction & ~Copyable>(
    like text: Span<UInt8>, below limit: UInt32, atMost count: Int, in transaction: borrowing T
  ) throws -> [UInt32] {
    var rows: [UInt32] = []
    let prefix = Key(Self.hash(text))
    var cursor = try table.cursor(in: transaction)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, rows.count < count, cursor.key.starts(with: prefix),
      let row = cursor.key.bigEndianUInt32(at: 8), row < limit
    {
      rows.append(row)
      found = try cursor.next()
    }
    return rows
  }
}
