package import LMDB
package import LinearAlgebra

/// Exact search of many queries at once: what `FlatScan` finds for each of them, to the bit.
///
/// Filter and refine: an integer product, several times as fast as one of floats, bounds every score, and
/// only codes whose bound reaches what k others have for certain are scored exactly.
package struct BatchScan {
  package let blocks: IndexBlocks

  /// Below that a pass over the codes for all queries costs more than one for each: packing a code for
  /// the filter costs as much as scoring it four or five times.
  static let fewestQueries = 6

  package init(blocks: IndexBlocks) { self.blocks = blocks }

  /// The best k rows for each query, and those that tie with the last.
  ///
  /// - Parameter queries: Q × D floats, row-major.
  /// - Returns: Q lists, each best first, equal scores by row.
  /// - Throws: `LMDBError.damaged`, or `CodeBlockError` for a block that is not what it should be.
  /// - Complexity: Q · N · D multiplications of bytes, side by side. Memory: 64 MiB for candidates and
  ///   packed codes; more where a great part of all codes scores nearly the same, and where 48 · k bytes
  ///   for each query of four tiles a worker are more.
  package func search(
    queries: Span<Float>, k: Int, kernels: Kernels, workerCount: Int,
    in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    var work = BatchWork()
    return try search(
      queries: queries, k: k, kernels: kernels, filter: CodeFilter(for: kernels),
      workerCount: workerCount, work: &work, in: snapshot)
  }

  /// The same by a filter of choice, with an account of the work.
  package func search(
    queries: Span<Float>, k: Int, kernels: Kernels, filter: CodeFilter, workerCount: Int,
    work: inout BatchWork, in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    let width = blocks.width
    precondition(width > 0 && queries.count % width == 0, "\(queries.count) floats of \(width)")
    precondition(k >= 1 && workerCount >= 1, "the best \(k) by \(workerCount) workers")
    let count = queries.count / width
    var results = [[TopK.Candidate]](repeating: [], count: count)
    var unfiltered = Array(0..<count)
    if count >= Self.fewestQueries, width <= CodeFilter.maximumWidth {
      let stored = try StoredCodes(blocks, in: snapshot)
      if stored.isNumbered {
        // The memory for candidates grows with k, which may be any number.
        let pass = BatchPass(
          stored: stored, k: min(k, max(stored.count, 1)), kernels: kernels, filter: filter,
          workerCount: workerCount)
        unfiltered = pass.search(queries, into: &results, work: &work)
      }
    }
    for query in unfiltered {
      results[query] = try FlatScan(blocks: blocks).search(
        query: queries.extracting(query * width..<(query + 1) * width), k: k, kernels: kernels,
        in: snapshot)
    }
    work.unfilteredCount += unfiltered.count
    return results
  }
}

/// What a batch search did; seconds are summed over the workers.
package struct BatchWork: Sendable {
  /// Comparing queries with codes, thinning lists out included.
  package var filterSeconds = 0.0
  /// Comparing queries with a sample of the codes, to guess what their kth score will be.
  package var sampleSeconds = 0.0
  /// Packing codes, while the workers wait.
  package var packSeconds = 0.0
  /// Scoring candidates and choosing the best.
  package var refineSeconds = 0.0
  package var candidateCount = 0
  package var scoredCount = 0
  /// Queries whose threshold was guessed too high, so that they took another pass.
  package var repeatedCount = 0
  /// Queries that were searched one by one.
  package var unfilteredCount = 0

  package init() {}
}
