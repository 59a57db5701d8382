/// Why something could not be done with a store's database.
///
/// Every case says where it happened; `description` adds what to do about it.
package enum LMDBError: Error, Equatable, Sendable {
  // Opening
  case missing(path: String)
  case notAFolder(path: String)
  case notADatabase(path: String)
  case versionMismatch(path: String)
  case alreadyOpen(path: String)
  /// `by`: ids of the processes in the way, as far as they are known.
  case inUse(path: String, by: [Int32], OpenLock.Kind, waited: Duration)
  case networkFileSystem(path: String, name: String)
  case noAddressSpace(path: String, triedBytes: Int)
  case permissionDenied(path: String, operation: String)
  case copyTargetExists(path: String)

  // Using
  case usedAfterFork(path: String, openedBy: Int32)
  case closed(path: String)
  case readOnly(path: String)
  case busy(path: String, holder: Int32?, waited: Duration)
  case transactionsRunning(path: String, count: Int)
  case mapFull(path: String, mapSizeInBytes: Int)
  case readersFull(path: String, limit: Int)
  case transactionTooLarge(path: String)
  case transactionBroken(path: String)

  // The disk and what is on it
  case diskFull(path: String, operation: String)
  case inputOutput(path: String, operation: String, code: Int32)
  case outOfMemory(path: String, operation: String)
  case panicked(path: String)
  case corrupted(path: String, operation: String)
  /// The file ends before pages that the last commit uses.
  case truncated(path: String, bytes: Int, expected: Int)
  case damaged(table: String, key: String)

  // Tables, keys and values
  case tooManyTables(path: String, limit: Int)
  case noTable(path: String, name: String)
  case tableName(String)
  case keyLength(table: String, bytes: Int)
  case keyOutOfOrder(table: String, key: String)
  case valueLength(table: String, bytes: Int)

  case unexpected(path: String, operation: String, code: Int32)
}

extension LMDBError {
  /// What kind of trouble it is, for those who only need to choose an exit status.
  package enum Category: Sendable {
    /// It may work later, once somebody finishes or space is freed.
    case temporary
    /// The disk or the operating system failed.
    case inputOutput
    /// What the files hold is wrong.
    case damage
    /// It was asked for in a way that cannot work.
    case refused
  }

  package var category: Category {
    switch self {
    case .busy, .inUse, .transactionsRunning, .mapFull, .readersFull, .diskFull, .noAddressSpace,
      .outOfMemory:
      .temporary
    case .inputOutput, .panicked, .unexpected: .inputOutput
    case .corrupted, .truncated, .damaged, .notADatabase, .versionMismatch: .damage
    default: .refused
    }
  }
}
