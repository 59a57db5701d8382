internal import Dispatch
internal import Encoding
internal import LMDB

/// What a copy of a store consists of.
public struct CopySummary: Sendable, Equatable {
  public internal(set) var passageCount = 0
  public internal(set) var codeCount = 0
  public internal(set) var versionCount = 0
  public internal(set) var checkpointCount = 0
  public internal(set) var sizeInBytes = 0
  /// Whether a whole check found nothing: of the copy, or for a restore of what it was made of.
  public internal(set) var isVerified = false
}

/// Fills a folder with a copy of a store: data.mdb as one commit left it, then exactly the checkpoints
/// that this data.mdb names. Everything in it is durable and read back before `make` returns.
///
/// Others may read and write the store meanwhile.
struct StoreCopy {
  let source: Store
  let folder: String
  let progress: ProgressHandler

  /// - Throws: `StoreError.noRoom`, `.copyDiffers`, `.damaged` for a checkpoint that is not what its
  ///   name says, `.stopped`, or what the disk says. The folder is the caller's to remove.
  /// - Complexity: reads and writes the store's used bytes once, and reads the copy once more.
  func make() throws -> CopySummary {
    let tableBytes = try requireRoom()
    let before = try StoreCounts(source)
    try copyData(tableBytes: tableBytes)
    let after = try StoreCounts(source)
    let copy = try Store(path: folder)
    let figures = try StoreCounts(copy)
    try figures.requireBetween(before, after, folder)
    try copy.forgetJobs()
    // So is an index that somebody fills just now.
    try copy.removeAbandonedIndexes()
    do { try copy.verifyValues(progress) } catch StoreError.stopped {
      // The copy has no name that anybody knows.
      throw StoreError.stopped(path: source.path)
    }
    let checkpoints = try copyCheckpoints(namedBy: copy)
    try copy.environment.close()
    try Files.synchronize(folder: folder)
    return CopySummary(
      passageCount: figures.passageCount, codeCount: figures.codeCount,
      versionCount: figures.versionCount, checkpointCount: checkpoints.count,
      sizeInBytes: Files.treeSizeInBytes(folder))
  }

  /// Bytes of all tables, which the copy's data.mdb will have about.
  private func requireRoom() throws -> Int {
    let snapshot = try source.environment.snapshot()
    var bytes = 0
    for table in source.tables.all { bytes += try table.statistics(in: snapshot).sizeInBytes }
    let checkpoints = try source.checkpointDigests(in: snapshot)
      .reduce(0) { $0 + Files.treeSizeInBytes(source.checkpointPath($1)) }
    try Files.requireRoom(
      bytes + checkpoints + Store.spareBytes, in: StorePlace.parent(of: folder),
      free: Files.freeBytes(folder))
    return bytes
  }

  /// Copies data.mdb while another thread tells how far it is.
  private func copyData(tableBytes: Int) throws {
    let (data, progress) = (folder + "/data.mdb", progress)
    let over = DispatchSemaphore(value: 0)
    let watcher = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      while over.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
        let done = min(Files.sizeInBytes(data) ?? 0, tableBytes)
        // Whether to go on is asked when LMDB is done: it cannot be stopped half-way.
        _ = progress(Progress(stage: .copying, done: done, total: tableBytes))
      }
      watcher.signal()
    }
    defer {
      over.signal()
      watcher.wait()
    }
    try source.environment.copy(to: folder, layout: .compacted)
    guard progress(Progress(stage: .copying, done: tableBytes, total: tableBytes)) else {
      throw StoreError.stopped(path: source.path)
    }
  }

  private func copyCheckpoints(namedBy copy: Store) throws -> Set<String> {
    let snapshot = try copy.environment.snapshot()
    let digests = try copy.checkpointDigests(in: snapshot)
    if digests.isEmpty { return [] }
    try Files.makeNewFolder(folder + "/checkpoints")
    for digest in digests.sorted() {
      guard Files.exists(source.checkpointPath(digest)) else {
        throw source.damaged("checkpoints/\(digest)", "it is missing")
      }
      try Files.copyTree(source.checkpointPath(digest), to: copy.checkpointPath(digest))
      try Checkpoint.verify(digest, inStoreAt: folder)
      guard progress(Progress(stage: .verifying, done: 0, total: 0)) else {
        throw StoreError.stopped(path: source.path)
      }
    }
    try Files.synchronize(folder: folder + "/checkpoints")
    return digests
  }
}

extension Store {
  /// Room that a file system needs beside what is counted: folders, lock files, the tree's own pages.
  static let spareBytes = 4 << 20

  /// The checkpoints that versions and their spaces name.
  ///
  /// - Parameter collected: versions that do not count, beside those that are collected.
  func checkpointDigests<T: Transaction & ~Copyable>(
    without collected: Set<String> = [], in transaction: borrowing T
  ) throws -> Set<String> {
    var digests: Set<String> = []
    for version in try versionRecords(in: transaction)
    where !version.isCollected && !collected.contains(version.name) {
      if let checkpoint = version.checkpoint { digests.insert(checkpoint) }
      if let checkpoint = try space(version.space, in: transaction).checkpoint {
        digests.insert(checkpoint)
      }
    }
    return digests
  }

  /// Jobs are the original's: nothing works on a copy.
  fileprivate func forgetJobs() throws {
    if try tables.jobs.count(in: environment.snapshot()) == 0 { return }
    var write = try environment.beginWrite()
    try tables.jobs.removeAll(in: &write)
    try write.commit()
  }

  /// Reads every value and compares it with its checksum.
  ///
  /// - Throws: `LMDBError.damaged` for the first that is wrong, `StoreError.stopped`.
  func verifyValues(_ progress: ProgressHandler) throws {
    let snapshot = try environment.snapshot()
    var total = 0
    for table in tables.all { total += try table.count(in: snapshot) }
    var done = 0
    for table in tables.all {
      var cursor = try table.cursor(in: snapshot)
      while try cursor.next() {
        _ = try cursor.recheckedValue
        done += 1
        if done % 65_536 == 0,
          !progress(Progress(stage: .verifying, done: done, total: total))
        {
          throw StoreError.stopped(path: path)
        }
      }
    }
  }
}

/// How much a store held at one commit.
struct StoreCounts: Equatable {
  let commit: Int
  let nextRow: Int
  let rowCount: Int
  let passageCount: Int
  let codeCount: Int
  let versionCount: Int

  init(_ store: Store) throws {
    let snapshot = try store.environment.snapshot()
    commit = snapshot.number
    nextRow = Int(try store.storeRecord(in: snapshot).nextRow)
    rowCount = try store.tables.rows.count(in: snapshot)
    passageCount = try store.tables.ids.count(in: snapshot)
    versionCount = try store.tables.versions.count(in: snapshot)
    codeCount = try store.index(store.version(nil, in: snapshot).index, in: snapshot).count
  }

  /// Compares a copy with the store before and after copying: equal where nothing was committed
  /// meanwhile, and in any case the rows that were ever given out, which only grow.
  ///
  /// - Throws: `StoreError.copyDiffers`.
  func requireBetween(
    _ before: StoreCounts, _ after: StoreCounts, _ path: String
  ) throws(StoreError) {
    func require(_ what: String, _ copied: Int, _ range: ClosedRange<Int>) throws(StoreError) {
      if !range.contains(copied) {
        throw .copyDiffers(
          path: path, what: what, copied: copied,
          expected: copied < range.lowerBound ? range.lowerBound : range.upperBound)
      }
    }
    try require("row numbers", nextRow, before.nextRow...max(before.nextRow, after.nextRow))
    guard before.commit == after.commit else { return }
    try require("rows", rowCount, before.rowCount...before.rowCount)
    try require("passages", passageCount, before.passageCount...before.passageCount)
    try require("codes", codeCount, before.codeCount...before.codeCount)
    try require("versions", versionCount, before.versionCount...before.versionCount)
  }
}
