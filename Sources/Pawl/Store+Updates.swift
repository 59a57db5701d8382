internal import IVF
internal import LMDB

extension Store {
  /// No index has a code of this row or a higher one.
  func firstRowCodedNowhere<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> UInt32 {
    try indexIDs(in: transaction).map { try index($0, in: transaction).nextRow }.max() ?? 0
  }

  /// Passages that an index does not have yet.
  func pendingCount<T: Transaction & ~Copyable>(
    of index: IndexRecord, in transaction: borrowing T
  ) throws -> Int {
    // One that is ahead of an update has the old text's code beside the new one's.
    max(0, try tables.rows.count(in: transaction) - index.count)
  }

  /// - Throws: `StoreError.notEmbedded` where there are passages and a version has codes of none.
  func requireCodes(version name: String?) throws {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    let index = try index(version.index, in: snapshot)
    if index.count == 0, try pendingCount(of: index, in: snapshot) > 0 {
      throw StoreError.notEmbedded(path: path, version: version.name)
    }
  }

  /// Passages that each version does not have yet.
  func pendingCounts<T: Transaction & ~Copyable>(
    of versions: [String], in transaction: borrowing T
  ) throws -> [Int] {
    try versions.map {
      try pendingCount(
        of: index(version($0, in: transaction).index, in: transaction), in: transaction)
    }
  }

  /// Every row below this one is coded in the index that serves, or gone.
  func firstPendingRow<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> UInt32 {
    try index(version(nil, in: transaction).index, in: transaction).nextRow
  }

  /// Removes the old rows that rows of this range replace, with their codes, from all indexes.
  ///
  /// - Parameter codes: those of the index that serves, in which the new rows are coded now.
  /// - Complexity: each block that held one of the old rows is rewritten once.
  func finishUpdates(
    in rows: Range<UInt32>, _ codes: inout IndexCodes, _ write: inout WriteTransaction
  ) throws {
    let updates = try updates(in: rows, write)
    if updates.isEmpty { return }
    try codes.remove(rows: updates.map(\.old), in: &write)
    var writer = RowWriter(tables: tables)
    var reader = try RowReader(self, in: write)
    for update in updates {
      let old = try reader.text(of: update.old, in: write)
      try writer.remove(StoredRow(row: update.old, text: old), in: &write)
      try tables.updates.remove(Key(update.new), in: &write)
    }
    try removeCodes(of: updates.map(\.old), exceptIndex: codes.id, in: &write)
    try changeTextSize(by: writer.textSizeChange, in: &write)
  }

  /// Keeps the store's record in step with what a `RowWriter` did.
  func changeTextSize(by change: Int, in write: inout WriteTransaction) throws {
    if change == 0 { return }
    var record = try storeRecord(in: write)
    record.textSizeInBytes += change
    try tables.meta.put(record: record, at: "store", in: &write)
  }

  private func updates(
    in rows: Range<UInt32>, _ write: borrowing WriteTransaction
  ) throws -> [(new: UInt32, old: UInt32)] {
    var found: [(new: UInt32, old: UInt32)] = []
    var cursor = try tables.updates.cursor(in: write)
    var isAtUpdate = try cursor.seek(atOrAfter: Key(rows.lowerBound))
    while isAtUpdate, let new = cursor.key.bigEndianUInt32(at: 0), new < rows.upperBound {
      guard let old = RowNumber.decode(try cursor.value) else {
        throw damaged("the update of row \(new)", "it names no row")
      }
      found.append((new, old))
      isAtUpdate = try cursor.next()
    }
    return found
  }
}
