internal import LMDB

/// What a compaction did.
public struct CompactionSummary: Sendable, Equatable {
  public internal(set) var rowCount = 0
  /// Row numbers that had been given out.
  public internal(set) var rowNumbersBefore = 0
  /// Length of data.mdb.
  public internal(set) var bytesBefore = 0
  public internal(set) var bytesAfter = 0
  /// Whether the texts have a new dictionary: not where there are too few to learn from.
  public internal(set) var isRetrained = false
  /// Without the waiting for others.
  public internal(set) var seconds = 0.0
}

/// How a store is compacted.
public struct CompactionOptions: Sendable {
  /// Train a new dictionary and compress all texts with it.
  public var retrains = false
  /// How long to wait for others that have the store open.
  public var patience = Environment.writerPatience
  /// Bytes to take for free; nil to ask the file system.
  var freeBytes: Int?

  public init() {}
}

extension Store {
  /// Where the new database is written; whatever is there when nobody compacts is worthless.
  static let compactionFolder = ".compact.partial"

  /// Writes the store's database anew, without gaps: rows are renumbered from 0 in their old order, and
  /// everything else stays as it is.
  ///
  /// It needs the store alone. First a merge that was stopped half-way is finished, and indexes that no
  /// version names are removed. The new data.mdb takes the place of the old one in one rename; killed at any
  /// moment it is one or the other.
  /// - Throws: `LMDBError.inUse`, `StoreError.noRoom`, `.damaged`, `.stopped`, or what the disk says: the
  ///   store is then as it was.
  /// - Complexity: reads and writes everything once; 1.5 bits of memory for each row number ever given
  ///   out, and some 100 MB.
  public static func compact(
    _ path: String, _ options: CompactionOptions = CompactionOptions(),
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> CompactionSummary {
    let store = try Store(path: path, access: .alone, waitingAtMost: options.patience)
    var watch = Stopwatch()
    let folder = "\(path)/\(compactionFolder)"
    Files.removeTree(folder)
    var summary = try store.requireRoomToCompact(options)
    try store.finishWork()
    try Files.makeNewFolder(folder)
    do {
      summary.isRetrained = try store.compact(into: folder, options, progress)
      try Files.synchronize(folder: folder)
      try Files.rename(folder + "/data.mdb", to: path + "/data.mdb")
    } catch {
      Files.removeTree(folder)
      throw error
    }
    try Files.synchronize(folder: path)
    Files.removeTree(folder)
    summary.bytesAfter = Files.sizeInBytes(path + "/data.mdb") ?? 0
    // Not before: until then nobody may open it.
    try store.environment.close()
    summary.seconds = watch.lap()
    return summary
  }

  /// Brings to an end what others left half-way, and what the new database is not to have: indexes that
  /// nobody fills, merges.
  private func finishWork() throws {
    try removeAbandonedIndexes()
    for id in try indexIDs(in: environment.snapshot()) {
      let index = try index(id, in: environment.snapshot())
      if index.clustering?.merging != nil { try Merge(store: self, indexID: id).runIfNeeded() }
    }
  }

  /// - Returns: whether the texts were compressed anew.
  private func compact(
    into folder: String, _ options: CompactionOptions, _ progress: @escaping ProgressHandler
  ) throws -> Bool {
    let recompression = options.retrains ? try TextRecompression(self) : nil
    var compaction = try Compaction(self, into: folder, recompression, progress: progress)
    try compaction.run()
    return recompression != nil
  }

  private func requireRoomToCompact(_ options: CompactionOptions) throws -> CompactionSummary {
    let snapshot = try environment.snapshot()
    var needed = Self.spareBytes
    for table in tables.all { needed += try table.statistics(in: snapshot).sizeInBytes }
    let free = try options.freeBytes ?? Files.freeBytes(path)
    try Files.requireRoom(needed, in: path, free: free)
    return CompactionSummary(
      rowCount: try tables.rows.count(in: snapshot),
      rowNumbersBefore: Int(try storeRecord(in: snapshot).nextRow),
      bytesBefore: Files.sizeInBytes(path + "/data.mdb") ?? 0)
  }
}
