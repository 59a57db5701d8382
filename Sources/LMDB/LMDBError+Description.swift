internal import Glibc

extension LMDBError: CustomStringConvertible {
  package var description: String { "\(place): \(explanation)" }

  /// Where it happened: the store's folder, or the table and key.
  private var place: String {
    switch self {
    case .missing(let path), .notAFolder(let path), .notADatabase(let path),
      .versionMismatch(let path), .alreadyOpen(let path), .inUse(let path, _, _, _),
      .networkFileSystem(let path, _),
      .noAddressSpace(let path, _), .permissionDenied(let path, _), .copyTargetExists(let path),
      .usedAfterFork(let path, _), .closed(let path), .readOnly(let path), .busy(let path, _, _),
      .transactionsRunning(let path, _), .mapFull(let path, _), .readersFull(let path, _),
      .transactionTooLarge(let path), .transactionBroken(let path), .diskFull(let path, _),
      .inputOutput(let path, _, _), .outOfMemory(let path, _), .panicked(let path),
      .corrupted(let path, _), .truncated(let path, _, _), .tooManyTables(let path, _),
      .noTable(let path, _),
      .unexpected(let path, _, _):
      path
    case .damaged(let table, let key), .keyOutOfOrder(let table, let key): "\(table)[\(key)]"
    case .keyLength(let table, _), .valueLength(let table, _): table
    case .tableName(let name): "table \"\(name)\""
    }
  }

  /// What happened, and what to do.
  package var explanation: String {
    switch self {
    case .missing: "no database here. Check the path, or create a store first."
    case .notAFolder: "a store is a folder, and this is none. Check the path."
    case .notADatabase:
      "data.mdb is not a database, or its first pages are damaged. Restore a backup."
    case .versionMismatch:
      "data.mdb was written by another version of LMDB's format. Use the program that wrote it."
    case .alreadyOpen:
      "this process has it open already, and a second time would drop the locks of the first. "
        + "Use the open one, or close it first."
    case .inUse(_, let processes, .shared, let waited):
      "waited \(waited) for \(Self.names(of: processes)), which has the store for itself (a compact "
        + "or a restore). Try again once it is done."
    case .inUse(_, let processes, .alone, let waited):
      "this needs the store alone, and after \(waited) \(Self.names(of: processes)) still has it "
        + "open (a shell, a server or another command). End that, and try again."
    case .networkFileSystem(_, let name):
      "lies on a network or user-space file system (\(name)), where locks and memory maps are not "
        + "reliable. Move the store to a local disk."
    case .noAddressSpace(_, let bytes):
      "the system refused even \(bytes) bytes of address space. Raise `ulimit -v`."
    case .permissionDenied(_, let operation):
      "permission denied (\(operation)). Whoever opens a store, if only to read, writes to its lock.mdb. "
        + "Run as the owner of the store, on a file system that can be written."
    case .copyTargetExists: "the copy's target holds a database already. Name another folder."
    case .usedAfterFork(_, let pid):
      "opened by process \(pid) and used by a process forked from it. Open it anew after exec."
    case .closed: "the database was closed. Open it again."
    case .readOnly: "opened for reading only. Open it for writing."
    case .busy(_, let holder, let waited):
      "waited \(waited) for \(holder.map { "process \($0)" } ?? "another writer") to finish writing. "
        + "Try again once it is done."
    case .transactionsRunning(_, let count):
      "\(count) transactions of this process are still running. End them first."
    case .mapFull(_, let bytes):
      "the memory map of \(bytes) bytes is full. Grow it (`ulimit -v` may be the limit) and repeat "
        + "the transaction; nothing of it was kept."
    case .readersFull(_, let limit):
      "all \(limit) places for readers are taken. Try again once some have finished."
    case .transactionTooLarge: "too many changes in one transaction. Commit smaller batches."
    case .transactionBroken:
      "an earlier error broke this transaction, nothing of it was kept. Begin it again."
    case .diskFull(_, let operation):
      "the disk (or a quota or size limit) is full (\(operation)). What was stored before stays. Free some "
        + "space and run the command again."
    case .inputOutput(_, let operation, let code):
      "\(Self.text(code)) (\(operation)). Look at the disk and the system log, then check the store."
    case .outOfMemory(_, let operation): "out of memory (\(operation)). Free some and try again."
    case .panicked:
      "an earlier write of the database's first pages failed, so nothing more is written. Close the "
        + "store, look at the disk, open it again and check it."
    case .corrupted(_, let operation):
      "the database's own pages are damaged (\(operation)). Restore a backup."
    case .truncated(_, let bytes, let expected):
      "data.mdb is truncated: it has \(bytes) bytes, and the last commit uses \(expected); "
        + "\(expected - bytes) are lost. Restore a backup."
    case .damaged:
      "damaged: what is stored does not match its checksum. Check the store; restore a backup."
    case .tooManyTables(_, let limit):
      "more than \(limit) tables. Open it with a higher limit."
    case .noTable(_, let name):
      "has no table \"\(name)\". It is not a store of this kind, or was not finished."
    case .tableName: "a table's name is 1 to 511 bytes without a NUL. Choose another."
    case .keyLength(_, let bytes):
      "a key of \(bytes) bytes; keys are 1 to \(Key.maximumLength) bytes. Shorten it."
    case .keyOutOfOrder: "appended after an equal or greater key. Append in key order, or put it."
    case .valueLength(_, let bytes):
      "a value of \(bytes) bytes; values are at most \(Seal.maximumPayloadLength). Split it."
    case .unexpected(_, let operation, let code): "\(Self.text(code)) (\(operation))."
    }
  }
  private static func names(of processes: [Int32]) -> String {
    if processes.isEmpty { return "another process" }
    return "process " + processes.map { "\($0)" }.joined(separator: ", ")
  }
}
