package import LMDB
package import LinearAlgebra

/// Exact search over the blocks of an index: every code is scored.
package struct FlatScan {
  package let blocks: IndexBlocks

  package init(blocks: IndexBlocks) { self.blocks = blocks }

  /// The best k rows for a query, and those that tie with the last.
  ///
  /// - Parameter query: D floats.
  /// - Throws: `LMDBError.damaged`, or `CodeBlockError` for a block that is not what it should be.
  /// - Complexity: N · D multiplications, straight from the map.
  package func search(
    query: Span<Float>, k: Int, kernels: Kernels, in snapshot: borrowing Snapshot
  ) throws -> [TopK.Candidate] {
    precondition(query.count == blocks.width, "a query of \(query.count), not \(blocks.width)")
    var top = TopK(k: k)
    var scores: [Float] = []
    try blocks.forEach(in: snapshot) { block, range in
      if scores.count < block.count {
        scores = [Float](repeating: 0, count: block.count)
      }
      var view = scores.mutableSpan
      block.score(query, kernels: kernels, into: &view)
      for position in range where view[position] >= top.threshold {
        top.insert(score: view[position], row: block.row(at: position))
      }
    }
    return top.candidates()
  }
}
