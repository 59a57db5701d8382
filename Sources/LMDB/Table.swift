internal import CLMDB

/// A named table of an environment: keys in byte order, one value each, every value sealed with a
/// checksum (see `Seal`), which is not seen from outside.
///
/// A table is a name for a place, not a resource: keep it as long as the environment.
package struct Table: Sendable {
  package let name: String
  let handle: UInt32
  let seal: Seal
  private let environment: Int

  init(name: String, handle: UInt32, environment: Int) {
    self.name = name
    self.handle = handle
    self.environment = environment
    seal = Seal(tableName: name)
  }

  /// Traps where the transaction is one of another environment, where this table's handle would name
  /// some other table.
  func requireSameEnvironment(_ context: borrowing TransactionContext) {
    let other = context.environment.number
    precondition(
      other == environment, "table \(name) of environment \(environment) used in \(other)")
  }

  /// The error for LMDB's code.
  func error(_ code: Int32, _ context: borrowing TransactionContext, _ verb: String) -> LMDBError {
    context.environment.error(code, "\(verb) \(name)")
  }
}

/// How a table lies in the file.
package struct TableStatistics: Sendable, Equatable {
  package let entries: Int
  /// Levels of the tree; 0 for an empty table.
  package let depth: Int
  package let branchPages: Int
  package let leafPages: Int
  /// Pages of values too long for a leaf.
  package let overflowPages: Int
  package let sizeInBytes: Int
}

extension Table {
  /// - Complexity: O(1): LMDB keeps these figures.
  package func statistics<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws(LMDBError) -> TableStatistics {
    let context = transaction.context
    requireSameEnvironment(context)
    var facts = MDB_stat()
    let code = unsafe mdb_stat(context.handle, handle, &facts)
    guard code == 0 else { throw error(code, context, "statistics of") }
    let pages = facts.ms_branch_pages + facts.ms_leaf_pages + facts.ms_overflow_pages
    return TableStatistics(
      entries: facts.ms_entries, depth: Int(facts.ms_depth), branchPages: facts.ms_branch_pages,
      leafPages: facts.ms_leaf_pages, overflowPages: facts.ms_overflow_pages,
      sizeInBytes: pages * Int(facts.ms_psize))
  }

  /// How many keys there are.
  ///
  /// - Complexity: O(1).
  package func count<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws(LMDBError) -> Int {
    try statistics(in: transaction).entries
  }
}
