internal import Corpus
internal import IVF
internal import LMDB

/// What a deletion did.
public struct DeletionSummary: Sendable, Equatable {
  /// Passages that are gone now.
  public internal(set) var deletedCount = 0
  /// Ids that were not there.
  public internal(set) var missingCount = 0
  /// The first of them, `missingLimit` at most.
  public internal(set) var firstMissing: [String] = []
  /// Whether it was asked to stop before the end.
  public internal(set) var isInterrupted = false

  static let missingLimit = 5

  mutating func add(missing id: String) {
    missingCount += 1
    if firstMissing.count < Self.missingLimit { firstMissing.append(id) }
  }
}

extension Store {
  /// Rows whose codes leave the index in one transaction, at most.
  private static let removalBatchSize = 4_096
  /// Bytes of lists that may be written anew in one transaction, whose pages are in memory until its end.
  private static let rewrittenBytesAtOnce = 64 << 20

  /// Rows to delete or replace in one transaction: fewer where each may hit another list of each index, and
  /// lists are long.
  func removalBatchSize<T: Transaction & ~Copyable>(in transaction: borrowing T) throws -> Int {
    var bytes = 0
    for id in try indexIDs(in: transaction) {
      let index = try index(id, in: transaction)
      guard index.state != .retired, let clustering = index.clustering else { continue }
      let width = try space(index.space, in: transaction).width
      let list = index.count / max(1, clustering.listCount) + 1
      bytes += min(list, InvertedLists.blockCapacity) * index.codec.listedSizeInBytes(width: width)
    }
    return max(1, min(Self.removalBatchSize, Self.rewrittenBytesAtOnce / max(1, bytes)))
  }

  /// Deletes passages: each leaves the texts and every index in one transaction.
  ///
  /// An id that is given twice counts once. Stopped or killed, the same call goes on: an id that is not there is counted, not an error.
  /// - Parameter progress: answering false stops after the batch at hand.
  /// - Complexity: each block that holds a code of a batch is rewritten once a batch.
  public func delete(
    _ ids: [String], progress: @escaping ProgressHandler = { _ in true }
  ) throws -> DeletionSummary {
    var known: Set<String> = []
    let ids = ids.filter { known.insert($0).inserted }
    var summary = DeletionSummary()
    var start = 0
    while start < ids.count, !summary.isInterrupted {
      let batch = ids[
        start..<min(start + (try removalBatchSize(in: environment.snapshot())), ids.count)]
      let before = summary
      summary = try growingMap { try delete(batch, before) }
      start = batch.endIndex
      let isWanted = progress(Progress(stage: .deleting, done: start, total: ids.count))
      summary.isInterrupted = !isWanted && start < ids.count
    }
    return summary
  }

  /// Deletes the passages whose ids a file lists, one a line.
  ///
  /// - Throws: `CorpusError` for a malformed line, before anything is deleted.
  public func delete(
    listedIn file: String, progress: @escaping ProgressHandler = { _ in true }
  ) throws -> DeletionSummary {
    var reader = try IdentifierReader(path: file)
    var ids: [String] = []
    while let id = try reader.next() { ids.append(id.text) }
    return try delete(ids, progress: progress)
  }

  /// One transaction; what was done so far with what it did.
  private func delete(
    _ ids: ArraySlice<String>, _ before: DeletionSummary
  ) throws -> DeletionSummary {
    var summary = before
    var write = try environment.beginWrite()
    var writer = RowWriter(tables: tables)
    var reader = try RowReader(self, in: write)
    var rows: [UInt32] = []
    for id in ids {
      guard let row = try checkedRow(of: Identifier(id), in: write) else {
        summary.add(missing: id)
        continue
      }
      for row in try rowsOfPassage(endingIn: row, in: write) {
        let text = try reader.text(of: row, in: write)
        try writer.remove(StoredRow(row: row, text: text), in: &write)
        try tables.updates.remove(Key(row), in: &write)
        rows.append(row)
      }
      try tables.ids.remove(Key(id), in: &write)
      summary.deletedCount += 1
    }
    try removeCodes(of: rows, in: &write)
    try changeTextSize(by: writer.textSizeChange, in: &write)
    try write.commit()
    return summary
  }

  /// The passage's row, and those that it is about to replace: more than one where a version that is ahead has the
  /// code of one in between.
  private func rowsOfPassage(
    endingIn row: UInt32, in write: borrowing WriteTransaction
  ) throws -> [UInt32] {
    var rows = [row]
    while let last = rows.last, let old = try tables.updates.row(at: Key(last), in: write) {
      guard old < last else {
        throw damaged("the update of row \(last)", "it replaces no lower row")
      }
      rows.append(old)
    }
    return rows
  }

  /// Takes the codes of rows out of every index that serves or is to.
  func removeCodes(
    of rows: [UInt32], exceptIndex exception: UInt32? = nil, in write: inout WriteTransaction
  ) throws {
    if rows.isEmpty { return }
    for id in try indexIDs(in: write) where id != exception {
      try removeCodes(of: rows, fromIndex: id, in: &write)
    }
  }

  private func removeCodes(
    of rows: [UInt32], fromIndex id: UInt32, in write: inout WriteTransaction
  ) throws {
    // What is left of it is on its way out: its lists may be gone already.
    if try index(id, in: write).state == .retired { return }
    var codes = try IndexCodes(self, id, in: write)
    try codes.remove(rows: rows, in: &write)
    try codes.save(in: &write)
  }

  func indexIDs<T: Transaction & ~Copyable>(in transaction: borrowing T) throws -> [UInt32] {
    var ids: [UInt32] = []
    var cursor = try tables.indexes.cursor(in: transaction)
    while try cursor.next() {
      guard let id = cursor.key.bigEndianUInt32(at: 0) else {
        throw damaged("the table of indexes", "a key is no index number")
      }
      ids.append(id)
    }
    return ids
  }
}
