internal import CLMDB
internal import Glibc

extension Environment {
  /// How a copy lays out its pages.
  package enum CopyLayout: Sendable {
    /// Page by page, free pages included: as fast as the disk.
    case asIs
    /// In key order and without free pages: smaller, slower.
    case compacted
  }

  /// Copies the last commit into `data.mdb` of another folder, which is made where it is absent.
  ///
  /// Writers go on meanwhile, but pages that they free are not reused until the copy is done. The copy
  /// is on the disk when this returns, and removed again where it fails.
  ///
  /// - Throws: `.copyTargetExists`, `.busy`, `.diskFull`, or what the disk says.
  @available(*, noasync)
  package func copy(
    to target: String, layout: CopyLayout, waitingAtMost limit: Duration = writerPatience
  ) throws(LMDBError) {
    try FileSystem.makeFolder(path: target)
    let data = target + "/data.mdb"
    let file = unsafe Glibc.open(data, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      if errno == EEXIST { throw .copyTargetExists(path: target) }
      throw LMDBError(code: errno, path: target, operation: "make the copy")
    }
    defer { Glibc.close(file) }
    do throws(LMDBError) {
      try copy(into: file, target: target, layout: layout, waitingAtMost: limit)
      try FileSystem.sync(folder: target)
    } catch {
      unsafe unlink(data)
      throw error
    }
  }

  private func copy(
    into file: Int32, target: String, layout: CopyLayout, waitingAtMost limit: Duration
  ) throws(LMDBError) {
    if layout == .asIs {
      // LMDB takes its own writer lock for the first two pages, and would wait without limit: for
      // ever, if this thread is the writer. So wait here first, where there is a limit.
      do throws(LMDBError) {
        _ = try lockForWriting(waitingAtMost: limit)
      } catch .permissionDenied {
        // Where writer.lock cannot be written there is no writer to wait for.
      }
    }
    var resizesLeft = 8
    while true {
      try enter()
      let code = unsafe mdb_env_copyfd2(
        handle, file, layout == .compacted ? UInt32(MDB_CP_COMPACT) : 0)
      leave()
      if code == MDB_MAP_RESIZED, resizesLeft > 0 {
        resizesLeft -= 1
        try resize(waitingAtMost: limit)
        continue
      }
      guard code == 0 else { throw LMDBError(code: code, path: target, operation: "copy") }
      break
    }
    guard fsync(file) == 0 else {
      throw LMDBError(code: errno, path: target, operation: "sync the copy")
    }
  }
}
