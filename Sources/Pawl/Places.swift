internal import IVF
internal import LMDB

/// `places` of one clustered index: the list of every row, 512 rows a value, two bytes each, by
/// index ‖ row / 512.
///
/// Whether a row's code is in `lists` or still in `fresh` follows from its number: a merge moves all
/// rows up to one.
struct Places {
  let store: Store
  let indexID: UInt32

  static let size: UInt32 = 512
  /// A row without a code.
  static let none = UInt16.max

  private func key(_ number: UInt32) -> Key {
    var key = Key(indexID)
    key.append(number)
    return key
  }

  /// The list of a row; nil where it has no code.
  func list<T: Transaction & ~Copyable>(
    of row: UInt32, in transaction: borrowing T
  ) throws -> Int? {
    guard let value = try store.tables.places.value(of: key(row / Self.size), in: transaction)
    else { return nil }
    guard let list = value.littleEndianUInt16(at: 2 * Int(row % Self.size)) else {
      throw store.damaged("the places of index \(indexID)", "row \(row) is missing")
    }
    return list == Self.none ? nil : Int(list)
  }

  /// Writes the lists of rows, `none` for those without code; each value is written once.
  func put(_ lists: [(row: UInt32, list: UInt16)], in write: inout WriteTransaction) throws {
    let byValue = Dictionary(grouping: lists) { $0.row / Self.size }
    for (number, changes) in byValue.sorted(by: { $0.key < $1.key }) {
      var entries = [UInt16](repeating: Self.none, count: Int(Self.size))
      if let value = try store.tables.places.value(of: key(number), in: write) {
        for place in entries.indices {
          entries[place] = value.littleEndianUInt16(at: 2 * place) ?? Self.none
        }
      }
      for change in changes { entries[Int(change.row % Self.size)] = change.list }
      try put(number, entries, in: &write)
    }
  }

  /// Writes one value, 512 rows.
  func put(
    _ number: UInt32, _ entries: [UInt16], in write: inout WriteTransaction
  ) throws {
    try store.tables.places.put(Self.bytes(entries).span, at: key(number), in: &write)
  }

  /// A value.
  static func bytes(_ entries: [UInt16]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * entries.count)
    for entry in entries {
      bytes.append(UInt8(truncatingIfNeeded: entry))
      bytes.append(UInt8(truncatingIfNeeded: entry >> 8))
    }
    return bytes
  }
}

extension Span where Element == UInt8 {
  /// The number of two bytes at that offset; nil where the bytes end before.
  func littleEndianUInt16(at offset: Int) -> UInt16? {
    guard offset >= 0, offset <= count - 2 else { return nil }
    return UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
  }

  /// The number of four bytes at that offset; nil where the bytes end before.
  func littleEndianUInt32(at offset: Int) -> UInt32? {
    guard offset >= 0, offset <= count - 4 else { return nil }
    return (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << (8 * UInt32($1)) }
  }
}
