internal import CLMDB
internal import Glibc

/// Renames that rename(2) cannot do: two names at once, or only to a name that is free.
package enum AtomicRename {
  // linux/fs.h, which Glibc shows only to programs that define _GNU_SOURCE.
  private static let noReplace: UInt32 = 1
  private static let exchange: UInt32 = 2

  /// Lets two names change places in one step.
  ///
  /// - Returns: false, with nothing done, where the file system cannot do that.
  package static func exchange(_ one: String, _ other: String) throws(LMDBError) -> Bool {
    let code = rename(one, other, exchange)
    if code == 0 { return true }
    if isUnsupported(code) { return false }
    throw LMDBError(code: code, path: one, operation: "exchange it with \(other)")
  }

  /// Renames, but never over anything.
  ///
  /// - Returns: false, with nothing done, where `target` is there.
  package static func toFreeName(_ source: String, _ target: String) throws(LMDBError) -> Bool {
    var code = rename(source, target, noReplace)
    if isUnsupported(code) {
      // As near as one comes without: rename(2) itself refuses files and folders that are not empty.
      var facts = stat()
      if unsafe lstat(target, &facts) == 0 { return false }
      code = unsafe Glibc.rename(source, target) == 0 ? 0 : errno
    }
    switch code {
    case 0: return true
    case EEXIST, ENOTEMPTY, ENOTDIR: return false
    default: throw LMDBError(code: code, path: source, operation: "rename it to \(target)")
    }
  }

  private static func isUnsupported(_ code: Int32) -> Bool {
    code == EINVAL || code == ENOSYS || code == EOPNOTSUPP
  }

  private static func rename(_ source: String, _ target: String, _ flags: UInt32) -> Int32 {
    unsafe renameat2(AT_FDCWD, source, AT_FDCWD, target, flags) == 0 ? 0 : errno
  }
}
