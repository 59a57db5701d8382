internal import CLMDB
internal import Glibc

extension Environment {
  /// The error where data.mdb ends before pages that the last commit uses, which would end the process
  /// with SIGBUS when they are read through the map. Nil where it is whole.
  ///
  /// The file may end before its last pages where these are free: a transaction that takes pages and
  /// frees them again never writes them.
  ///
  /// - Complexity: two system calls; O(free pages) where the file is that short.
  static func truncation(of handle: OpaquePointer, path: String) -> LMDBError? {
    // First the commit and then the length: files only grow, and pages come before their commit.
    var facts = MDB_stat()
    var info = unsafe MDB_envinfo()
    var file: Int32 = -1
    var status = stat()
    unsafe mdb_env_stat(handle, &facts)
    unsafe mdb_env_info(handle, &info)
    guard unsafe mdb_env_get_fd(handle, &file) == 0, unsafe fstat(file, &status) == 0 else {
      return nil
    }
    let pageSize = Int(facts.ms_psize)
    let bytes = Int(status.st_size)
    let (expected, overflow) = unsafe (info.me_last_pgno &+ 1).multipliedReportingOverflow(
      by: pageSize)
    if !overflow, bytes >= expected { return nil }
    if !overflow, unsafe endsBeforeFreePages(file, pageSize, handle) { return nil }
    return .truncated(path: path, bytes: bytes, expected: overflow ? .max : expected)
  }

  /// Whether the last commit has no use for any page that the file lacks.
  private static func endsBeforeFreePages(
    _ file: Int32, _ pageSize: Int, _ handle: OpaquePointer
  ) -> Bool {
    var transaction: OpaquePointer?
    guard unsafe mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction) == 0 else {
      return false
    }
    defer { unsafe mdb_txn_abort(transaction) }
    let pages = RawPages(file: file, pageSizeInBytes: pageSize)
    var status = stat()
    // The file may have grown meanwhile, and the commit be another one.
    guard let meta = pages.meta(ofCommit: unsafe mdb_txn_id(transaction)),
      unsafe fstat(file, &status) == 0
    else { return false }
    let free: FreePages
    do throws(FreePages.Unreadable) { free = try FreePages(pages, meta) } catch { return false }
    let first = Int(status.st_size) / pageSize
    let missing = max(0, meta.lastPage + 1 - first)
    return free.numbers.count { $0 >= first && $0 <= meta.lastPage } == missing
  }
}
