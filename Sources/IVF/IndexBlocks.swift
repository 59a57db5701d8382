package import LMDB

/// Where all codes of one index lie: its lists, where it is clustered, and what is not in them yet.
package struct IndexBlocks: Sendable {
  package let index: UInt32
  package let codec: Codec
  /// D.
  package let width: Int
  /// Codes in all, as its record says; nil where there is none.
  package let count: Int?
  /// Blocks by index ‖ row / 1,024, big-endian UInt32 both.
  package let fresh: Table
  /// Nil for an index without clusters.
  package let lists: InvertedLists?
  /// Codes that `fresh` still has although they are in `lists`: those of rows below `rowEnd` in lists
  /// below `listEnd`.
  package let merged: (rowEnd: UInt32, listEnd: UInt16)?

  package init(
    index: UInt32, codec: Codec, width: Int, count: Int? = nil, fresh: Table,
    lists: InvertedLists? = nil,
    merged: (rowEnd: UInt32, listEnd: UInt16)? = nil
  ) {
    self.index = index
    self.codec = codec
    self.width = width
    self.count = count
    self.fresh = fresh
    self.lists = lists
    self.merged = merged
  }

  /// Each block of the index, lists first, and the range of its codes that count.
  ///
  /// - Throws: `LMDBError.damaged`, or `CodeBlockError` for a block that is not what it should be;
  ///   `ListError.wrongTotal` at the end, where a block is missing.
  package func forEach(
    in snapshot: borrowing Snapshot, _ body: (borrowing CodeBlock, Range<Int>) -> Void
  ) throws {
    var found = 0
    if let lists {
      try forEach(of: lists.table, in: snapshot) { block, all in
        found += all.count
        body(block, all)
      }
    }
    try forEach(of: fresh, in: snapshot) { block, all in
      let range = liveRange(of: block) ?? all
      found += range.count
      body(block, range)
    }
    if let count, found != count { throw ListError.wrongTotal(found: found, expected: count) }
  }

  /// The codes of a fresh block that are not in lists yet; nil: all.
  ///
  /// Rows up to a multiple of 1,024 are merged together, so either all rows of a block are or none.
  package func liveRange(of block: borrowing CodeBlock) -> Range<Int>? {
    guard let merged, block.hasLists, block.count > 0, block.row(at: 0) < merged.rowEnd else {
      return nil
    }
    return block.places(ofList: merged.listEnd).lowerBound..<block.count
  }

  private func forEach(
    of table: Table, in snapshot: borrowing Snapshot,
    _ body: (borrowing CodeBlock, Range<Int>) -> Void
  ) throws {
    let prefix = Key(index)
    var cursor = try table.cursor(in: snapshot)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.key.starts(with: prefix) {
      do {
        let block = try CodeBlock(cursor.value)
        try block.requireKind(codec: codec, width: width)
        body(block, 0..<block.count)
      }
      found = try cursor.next()
    }
  }
}
