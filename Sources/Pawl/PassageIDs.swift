internal import Corpus
internal import IVF
internal import LMDB

/// Ids of rows, each read once: ranking many queries asks for the same rows again and again.
///
/// Memory: about 40 bytes for each row that was ever among the best, and ids longer than 15 bytes.
struct PassageIDs {
  private let store: Store
  private var ids: [UInt32: Identifier] = [:]

  init(_ store: Store) { self.store = store }

  /// The id of a row that an index has.
  ///
  /// - Throws: `StoreError.damaged` where there is no such passage.
  mutating func id<T: Transaction & ~Copyable>(
    of row: UInt32, in transaction: borrowing T
  ) throws -> Identifier {
    if let id = ids[row] { return id }
    guard let value = try store.tables.rows.value(of: Key(row), in: transaction),
      let id = PassageRecord.id(value)
    else { throw store.damaged("row \(row)", "the index has it, but there is no passage") }
    ids[row] = id
    return id
  }

  /// The best k candidates, equal scores in the order of their ids; fewer where two are of one passage.
  ///
  /// - Parameter candidates: best first, with all that tie with the last of the k.
  mutating func ranked<T: Transaction & ~Copyable>(
    _ candidates: [TopK.Candidate], k: Int, in transaction: borrowing T
  ) throws -> [RankedRow] {
    var ranked: [RankedRow] = []
    ranked.reserveCapacity(candidates.count)
    var tieStart = 0
    for candidate in candidates {
      if let last = ranked.last, last.score != candidate.score {
        if ranked.count >= k { break }
        Self.sortTie(&ranked, from: tieStart)
        tieStart = ranked.count
      }
      ranked.append(
        RankedRow(
          row: candidate.row, score: candidate.score,
          id: try id(of: candidate.row, in: transaction)))
    }
    Self.sortTie(&ranked, from: tieStart)
    // A version that is ahead of an update has codes of a passage's old text and of the new one.
    if try store.tables.updates.count(in: transaction) > 0 {
      var known: Set<Identifier> = []
      ranked.removeAll { !known.insert($0.id).inserted }
    }
    if ranked.count > k { ranked.removeLast(ranked.count - k) }
    return ranked
  }

  private static func sortTie(_ ranked: inout [RankedRow], from start: Int) {
    if ranked.count - start > 1 { ranked[start...].sort { $0.id < $1.id } }
  }
}

/// A row in its place among the results of a query.
struct RankedRow {
  let row: UInt32
  let score: Float
  let id: Identifier
}
