package import LMDB
package import LinearAlgebra

/// Exact search over the blocks of an index: every code is scored.
package struct FlatScan {
  /// Blocks by index ‖ block number, both big-endian UInt32.
  package let blocks: Table

  package init(blocks: Table) { self.blocks = blocks }

  /// The best k rows for a query, and those that tie with the last.
  ///
  /// - Parameter query: D floats.
  /// - Throws: `LMDBError.damaged`, or `CodeBlockError` for a block that is not what it should be.
  /// - Complexity: N · D multiplications, straight from the map.
  package func search(
    index: UInt32, codec: Codec, query: Span<Float>, k: Int, kernels: Kernels,
    in snapshot: borrowing Snapshot
  ) throws -> [TopK.Candidate] {
    var top = TopK(k: k)
    var scores: [Float] = []
    try blocks.forEachBlock(of: index, codec: codec, width: query.count, in: snapshot) { block in
      if scores.count < block.count {
        scores = [Float](repeating: 0, count: block.count)
      }
      var view = scores.mutableSpan
      block.score(query, kernels: kernels, into: &view)
      for position in 0..<block.count where view[position] >= top.threshold {
        top.insert(score: view[position], row: block.row(at: position))
      }
    }
    return top.candidates()
  }
}

extension Table {
  /// Each block of an index, in order, from a table of blocks by index ‖ block number.
  ///
  /// - Throws: `LMDBError.damaged`, or `CodeBlockError` for a block that is not what it should be.
  func forEachBlock(
    of index: UInt32, codec: Codec, width: Int, in snapshot: borrowing Snapshot,
    _ body: (borrowing CodeBlock) -> Void
  ) throws {
    let prefix = Key(index)
    var cursor = try cursor(in: snapshot)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.key.starts(with: prefix) {
      do {
        let block = try CodeBlock(cursor.value)
        try block.requireKind(codec: codec, width: width)
        body(block)
      }
      found = try cursor.next()
    }
  }
}
