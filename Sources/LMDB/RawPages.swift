internal import Glibc

/// Pages of data.mdb, read from the file and not through the map: what is missing is an answer here and
/// no SIGBUS. Nothing that a page says is followed without being checked.
///
/// Reading is sound while a transaction of commit `number` lives: LMDB reuses none of its pages.
/// Layouts are those of LMDB 0.9 on 64-bit machines (mdb.c: MDB_page, MDB_meta, MDB_db, MDB_node):
/// ```
/// page   0 number 8 · 8 unused 2 · 10 flags 2 · 12 lower 2 · 14 upper 2 (or 12 count of pages 4)
///        16 offsets of the nodes, 2 each; there are (lower - 16) / 2
/// meta   page + 16 magic 4 · 20 version 4 · 40 tree of free pages · 136 last page 8 · 144 commit 8
/// tree   0 page size 4 · 6 depth 2 · 8 branch pages 8 · 16 leaf pages 8 · 24 overflow pages 8 · 40 root 8
/// node   0 length of the value, or page number 4 · 4 flags (or page number) 2 · 6 length of the key 2
///        8 key · value, or where flag 1 is set the number of its first page 8
/// ```
struct RawPages {
  let file: Int32
  let pageSizeInBytes: Int

  /// The pages from one on, up to `count` of them; nil where the file ends before.
  func read(_ number: Int, count: Int = 1) -> [UInt8]? {
    let (offset, overflow) = number.multipliedReportingOverflow(by: pageSizeInBytes)
    var status = stat()
    // Before any memory is taken: the count may come from a damaged page.
    guard number >= 0, count > 0, count <= 1 << 20, !overflow, unsafe fstat(file, &status) == 0,
      offset <= Int(status.st_size) - count * pageSizeInBytes
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: count * pageSizeInBytes)
    var done = 0
    while done < bytes.count {
      let got = unsafe bytes.withUnsafeMutableBytes { bytes in
        // Sound: reads into what is left of the buffer.
        unsafe pread(
          file, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done, offset + done)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }

  /// The meta page of a commit; nil where neither of the two is of that commit.
  func meta(ofCommit number: Int) -> MetaPage? {
    for place in 0..<2 {
      if let page = read(place), let meta = MetaPage(page), meta.commit == number { return meta }
    }
    return nil
  }
}

/// What the meta page of a commit says about the file.
struct MetaPage: Equatable {
  let commit: Int
  let lastPage: Int
  let freeRoot: Int
  let freeDepth: Int
  /// Pages of the tree that lists the free pages.
  let freeTreePages: Int

  init?(_ page: [UInt8]) {
    guard page.count >= 152, page.number(at: 16, bytes: 4) == 0xBEEF_C0DE,
      let commit = page.number(at: 144, bytes: 8), let last = page.number(at: 136, bytes: 8),
      let root = page.number(at: 40 + 40, bytes: 8, none: -1),
      let depth = page.number(at: 40 + 6, bytes: 2),
      let branches = page.number(at: 40 + 8, bytes: 8),
      let leaves = page.number(at: 40 + 16, bytes: 8),
      let overflow = page.number(at: 40 + 24, bytes: 8)
    else { return nil }
    (self.commit, lastPage, freeRoot, freeDepth) = (commit, last, root, depth)
    freeTreePages = branches &+ leaves &+ overflow
  }
}

extension [UInt8] {
  /// A little-endian number; nil where it does not fit, or where the bytes end before.
  ///
  /// - Parameter none: what all bits set stand for (LMDB's P_INVALID).
  func number(at offset: Int, bytes: Int, none: Int? = nil) -> Int? {
    guard offset >= 0, offset <= count - bytes else { return nil }
    var number: UInt64 = 0
    for place in 0..<bytes { number |= UInt64(self[offset + place]) << (8 * UInt64(place)) }
    if number == .max, let none { return none }
    return Int(exactly: number)
  }
}
