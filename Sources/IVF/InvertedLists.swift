package import LMDB

/// The lists of clustered indexes: blocks of up to 1,024 codes by index ‖ list ‖ block, all big-endian
/// UInt32; rows ascend from block to block.
package struct InvertedLists: Sendable {
  package let table: Table

  package init(table: Table) { self.table = table }

  /// Codes in one block.
  package static let blockCapacity = 1_024

  package static func key(_ index: UInt32, list: Int, block: Int) -> Key {
    var key = Key(index)
    key.append(UInt32(list))
    key.append(UInt32(block))
    return key
  }
}
