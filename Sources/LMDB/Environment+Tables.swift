internal import CLMDB
internal import Synchronization

extension Environment {
  /// The table of that name.
  ///
  /// Ask for tables once, after opening: a table cannot be used in transactions that are older than
  /// the first request for it.
  ///
  /// - Throws: `.noTable`, `.tooManyTables`, `.tableName`, or what the disk says.
  package func table(named name: String) throws(LMDBError) -> Table {
    let handle: Result<UInt32, LMDBError> = tables.withLock { known in
      if let handle = known[name] { return .success(handle) }
      do throws(LMDBError) {
        // LMDB wants one thread at a time to open tables, and the transaction that does to be
        // committed before another one does: so a transaction of its own, under the lock.
        let snapshot = try snapshot()
        let handle = try open(table: name, flags: 0, snapshot.context)
        try snapshot.keepTables()
        known[name] = handle
        return .success(handle)
      } catch {
        return .failure(error)
      }
    }
    return Table(name: name, handle: try handle.get(), environment: number)
  }

  /// The tables of these names, in this order; those that are absent are made in one transaction.
  ///
  /// - Throws: `.busy` where some must be made and another writer does not finish in time,
  ///   `.tooManyTables`, `.tableName`, or what the disk says.
  @available(*, noasync)
  package func makeTables(
    named names: [String], waitingAtMost limit: Duration = writerPatience
  ) throws(LMDBError) -> [Table] {
    var found: [Table] = []
    do throws(LMDBError) {
      for name in names { found.append(try table(named: name)) }
      return found
    } catch .noTable {
      try makeMissing(names, waitingAtMost: limit)
    }
    found = []
    for name in names { found.append(try table(named: name)) }
    return found
  }

  private func makeMissing(_ names: [String], waitingAtMost limit: Duration) throws(LMDBError) {
    let made: Result<Void, LMDBError> = tables.withLock { known in
      do throws(LMDBError) {
        let transaction = try beginWrite(waitingAtMost: limit)
        var handles: [String: UInt32] = [:]
        for name in names {
          handles[name] = try open(table: name, flags: UInt32(MDB_CREATE), transaction.context)
        }
        try transaction.commit()
        known.merge(handles) { _, new in new }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try made.get()
  }

  private func open(
    table name: String, flags: UInt32, _ context: TransactionContext
  ) throws(LMDBError) -> UInt32 {
    let isValid = (1...Key.maximumLength).contains(name.utf8.count) && !name.utf8.contains(0)
    guard isValid else { throw .tableName(name) }
    var handle: MDB_dbi = 0
    switch unsafe mdb_dbi_open(context.handle, name, flags, &handle) {
    case 0: return handle
    case MDB_NOTFOUND: throw .noTable(path: path, name: name)
    case MDB_DBS_FULL: throw .tooManyTables(path: path, limit: maximumTables)
    case let code: throw error(code, "open table \(name)")
    }
  }
}
