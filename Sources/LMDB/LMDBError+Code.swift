internal import CLMDB
internal import Glibc

extension LMDBError {
  /// The error that LMDB's (negative) or the system's (positive) code stands for.
  ///
  /// - Parameter operation: what was being done, as a word for the message.
  init(code: Int32, path: String, operation: String, mapSizeInBytes: Int = 0) {
    self =
      switch code {
      case MDB_MAP_FULL: .mapFull(path: path, mapSizeInBytes: mapSizeInBytes)
      case MDB_READERS_FULL: .readersFull(path: path, limit: Environment.maximumReaders)
      case MDB_TXN_FULL: .transactionTooLarge(path: path)
      case MDB_BAD_TXN: .transactionBroken(path: path)
      case MDB_PANIC: .panicked(path: path)
      case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_CURSOR_FULL, MDB_PAGE_FULL:
        .corrupted(path: path, operation: operation)
      case MDB_INVALID: .notADatabase(path: path)
      case MDB_VERSION_MISMATCH: .versionMismatch(path: path)
      case ENOSPC, EDQUOT, EFBIG: .diskFull(path: path, operation: operation)
      case EIO, ENXIO, ENODEV, ESTALE: .inputOutput(path: path, operation: operation, code: code)
      case ENOMEM: .outOfMemory(path: path, operation: operation)
      case EACCES, EPERM, EROFS: .permissionDenied(path: path, operation: operation)
      case ENOENT: .missing(path: path)
      case ENOTDIR: .notAFolder(path: path)
      default:
        code > 0
          ? .inputOutput(path: path, operation: operation, code: code)
          : .unexpected(path: path, operation: operation, code: code)
      }
  }

  /// What LMDB or the system calls that code.
  static func text(_ code: Int32) -> String {
    guard let text = unsafe mdb_strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
  }
}
