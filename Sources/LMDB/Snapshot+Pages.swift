internal import CLMDB

/// What is wrong with a commit's account of its pages.
package enum PageFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// Neither meta page is of the commit that LMDB shows.
  case noMeta(commit: Int)
  /// The two meta pages are not of two commits that follow each other.
  case metas(commits: [Int])
  case freeListUnreadable
  /// A page is listed as free twice, or lies beyond the last one.
  case freePage(Int)
  /// A page is used twice, or is used and free: the next write destroys what is on it.
  case usedTwice(Int)
  /// Pages that are neither used nor free (or both, where there are too many).
  case sum(used: Int, free: Int, pages: Int)

  package var description: String {
    switch self {
    case .noMeta(let commit): "no meta page is of commit \(commit)"
    case .metas(let commits):
      "the meta pages are of the commits \(commits.map(String.init).joined(separator: " and ")), "
        + "which do not follow each other"
    case .freeListUnreadable: "the list of free pages cannot be read"
    case .freePage(let number): "page \(number) is listed as free twice, or is not in the file"
    case .usedTwice(let number): "page \(number) is used twice, or is used and listed as free"
    case .sum(let used, let free, let pages):
      "\(used) pages are used and \(free) are free, but there are \(pages)"
    }
  }
}

/// What a commit says about its pages.
package struct PageAccount: Sendable {
  fileprivate let meta: MetaPage
}

extension Snapshot {
  /// What the commit says about its pages; to be asked for at once, since the second commit after this
  /// one writes over it. Nil where that has happened, or where no meta page is of this commit.
  package func pageAccount() -> PageAccount? {
    rawPages?.meta(ofCommit: number).map(PageAccount.init)
  }

  private var rawPages: RawPages? {
    var file: Int32 = -1
    guard unsafe mdb_env_get_fd(environment.handle, &file) == 0 else { return nil }
    return RawPages(file: file, pageSizeInBytes: environment.pageSizeInBytes)
  }

  /// Checks that every page of the file is used by one of the tables or free, and none is both.
  ///
  /// - Parameters:
  ///   - account: this snapshot's.
  ///   - tables: all named tables of the database.
  ///   - walked: pages that walks through them have met.
  /// - Throws: what is wrong.
  /// - Complexity: O(pages · log pages), of those walked and those free.
  package func check(
    _ account: PageAccount?, of tables: [Table], walked: [Range<Int>]
  ) throws(PageFault) {
    guard let pages = rawPages, let meta = account?.meta else { throw .noMeta(commit: number) }
    let free: FreePages
    do throws(FreePages.Unreadable) { free = try FreePages(pages, meta) } catch {
      throw .freeListUnreadable
    }
    // The first two pages are the meta pages; 0 and 1 are LMDB's own tables: free pages, table names.
    var used = 2 &+ pageCount(ofHandle: 0) &+ pageCount(ofHandle: 1)
    for table in tables { used &+= pageCount(ofHandle: table.handle) }
    var last = 1
    for page in free.numbers {
      guard page > last, page <= meta.lastPage else { throw .freePage(page) }
      last = page
    }
    var end = 0
    let single = free.numbers.lazy.map { $0..<$0 + 1 }
    for range in (walked + single).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      guard range.lowerBound >= end else { throw .usedTwice(range.lowerBound) }
      end = range.upperBound
    }
    guard used &+ free.numbers.count == meta.lastPage + 1 else {
      throw .sum(used: used, free: free.numbers.count, pages: meta.lastPage + 1)
    }
  }

  private func pageCount(ofHandle handle: UInt32) -> Int {
    var facts = MDB_stat()
    guard unsafe mdb_stat(context.handle, handle, &facts) == 0 else { return 0 }
    // Wrapping, because on a damaged page these may be any numbers.
    return facts.ms_branch_pages &+ facts.ms_leaf_pages &+ facts.ms_overflow_pages
  }
}

extension Environment {
  /// Checks that the two meta pages are of the last commit and the one before: LMDB takes the higher
  /// number without another question, so a damaged number would lead to an older state.
  ///
  /// - Throws: `.metas`.
  package func checkMetas() throws(PageFault) {
    var file: Int32 = -1
    unsafe mdb_env_get_fd(handle, &file)
    let pages = RawPages(file: file, pageSizeInBytes: pageSizeInBytes)
    var commits: [Int] = []
    // A writer may commit between the two reads; hardly four times in a row.
    for _ in 0..<4 {
      commits = (0..<2).compactMap { pages.read($0).flatMap(MetaPage.init)?.commit }
      // Commit n is written to page n mod 2. Both are 0 before the first.
      if commits == [0, 0] { return }
      if commits.count == 2, abs(commits[0] - commits[1]) == 1, commits[0] % 2 == 0 { return }
    }
    throw .metas(commits: commits)
  }
}
