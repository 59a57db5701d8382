internal import IVF
internal import LMDB
internal import LinearAlgebra

extension Store {
  /// Passages from which on searching goes through lists: below, comparing with every code is as fast.
  public static let fewestClustered = 10_000

  /// Clusters the index of a version beside the one that serves, and puts it in its place.
  ///
  /// An index that has no lists yet gets none below `fewestClustered` passages, unless their number or
  /// another codec is given.
  /// - Parameter version: nil: the active one.
  /// - Throws: `StoreError.busy` where another process does the same, `.stopped` when progress answers
  ///   false; nothing has changed then.
  public func reindex(
    version name: String? = nil, _ options: ReindexOptions = ReindexOptions(),
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> ReindexSummary {
    try asOnlyIndexer {
      try removeAbandonedIndexes()
      let name = try nameOfVersion(name)
      let count = try countToLeave(version: name, options)
      return try count.map(ReindexSummary.init(unclustered:))
        ?? cluster(version: name, options, progress)
    }
  }

  /// As `asOnlyJob`, for what makes or measures indexes: nobody takes one away meanwhile, and none is left
  /// half-made.
  func asOnlyIndexer<Result>(_ work: () throws -> Result) throws -> Result {
    let job = try growingMap { try beginOnlyJob(JobRecord.reindex) }
    let result: Result
    do { result = try work() } catch {
      giveUp(job)
      throw error
    }
    defer { forgetOwnJob(job) }
    try growingMap { try endJob(job) }
    return result
  }

  /// Cleans up after an error, which is the one to tell: where this fails too, the next reindex or gc does
  /// it, as after a kill.
  func giveUp(_ job: UInt64) {
    defer { forgetOwnJob(job) }
    do {
      // Who has overtaken this process may be making an index.
      guard try jobs(in: environment.snapshot()).contains(where: { $0.number == job }) else {
        return
      }
      try removeAbandonedIndexes()
      try growingMap { try endJob(job) }
    } catch {}
  }

  /// Embeds what a version lacks, beside the one that serves; where its vectors are made elsewhere, nothing.
  ///
  /// Stopped or killed, the same call goes on.
  /// - Throws: `StoreError.stoppedEmbedding`.
  public func embedMissing(
    version name: String? = nil, progress: @escaping ProgressHandler = { _ in true }
  ) throws -> EmbeddingSummary {
    var summary = EmbeddingSummary()
    guard let name = try nameWithEncoder(name) else { return summary }
    try beginIndexing(name)
    repeat {
      let isFinished = try PendingEncoder(self, version: name).embedPending(&summary) {
        progress(Progress(stage: .embedding, done: $0, total: $0 + $1))
      }
      if !isFinished { throw StoreError.stoppedEmbedding(path: path) }
      // Others may have added passages meanwhile.
    } while try !endIndexing(name)
    return summary
  }

  /// The name of a version; nil where its vectors are made elsewhere.
  private func nameWithEncoder(_ name: String?) throws -> String? {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    return try space(version.space, in: snapshot).checkpoint == nil ? nil : version.name
  }

  /// The codes of an index that stays without lists, since they are few; nil for one to cluster.
  private func countToLeave(version name: String, _ options: ReindexOptions) throws -> Int? {
    let snapshot = try environment.snapshot()
    let index = try index(version(name, in: snapshot).index, in: snapshot)
    return index.isWorthLists(count: index.count, options) ? nil : index.count
  }

  private func cluster(
    version name: String, _ options: ReindexOptions, _ progress: @escaping ProgressHandler
  ) throws -> ReindexSummary {
    let (source, sharers) = try sharing(indexOf: name, in: environment.snapshot())
    let files = try queryFiles(of: sharers)
    var build = IndexBuild(
      self, index: source, options, kernels: try kernels(), progress: progress)
    // Growing the map waits for the snapshot that a build reads from, so one that fills it begins anew.
    let id = try growingMap {
      try removeAbandonedIndexes()
      return try build.fill()
    }
    var watch = Stopwatch()
    build.summary.calibration = try calibrate(index: id, version: name, progress: progress)
    try measure(index: id, for: sharers.dropFirst(), &build.summary, progress)
    build.summary.calibrateSeconds = watch.lap()
    build.summary.lostQueryFiles = files
    while try !growingMap({ try catchUp(id, from: source) }) {}
    // Versions may have come meanwhile. The new index serves: it is too late to stop.
    let late = try sharing(indexOf: name, in: environment.snapshot()).versions.filter { late in
      !sharers.contains { $0.queryDigest == late.queryDigest }
    }
    _ = watch.lap()
    try measure(index: id, for: late[...], &build.summary) {
      _ = progress($0)
      return true
    }
    build.summary.calibrateSeconds += watch.lap()
    try removeAbandonedIndexes()
    // Others may have added and deleted meanwhile.
    build.summary.codeCount = try index(id, in: environment.snapshot()).count
    return build.summary
  }

  /// Measures recall for versions beside the one whose index it is: their trouble is not that one's.
  private func measure(
    index id: UInt32, for versions: ArraySlice<VersionRecord>, _ summary: inout ReindexSummary,
    _ progress: @escaping ProgressHandler
  ) throws {
    for version in versions {
      do { _ = try calibrate(index: id, version: version.name, progress: progress) } catch {
        if case StoreError.stopped = error { throw error }
        summary.unmeasured[version.name] = "\(error)"
      }
    }
  }

  /// Files of queries that versions were measured with, by their names.
  private func queryFiles(of versions: [VersionRecord]) throws -> [String: String] {
    let snapshot = try environment.snapshot()
    var files: [String: String] = [:]
    for version in versions {
      files[version.name] = try calibration(of: version, in: snapshot)?.file
    }
    return files
  }

  /// The index of a version, and the versions that ask it, one for each way of asking: first this one.
  func sharing(
    indexOf name: String?, in snapshot: borrowing Snapshot
  ) throws -> (index: UInt32, versions: [VersionRecord]) {
    let version = try version(name, in: snapshot)
    var known: Set<UInt64> = []
    let all =
      try [version]
      + versionRecords(in: snapshot).filter {
        $0.index == version.index && !$0.isCollected
      }
    return (version.index, all.filter { known.insert($0.queryDigest).inserted })
  }

  /// The version's name; nil is the one that serves now, and another may be before the work on this one ends.
  func nameOfVersion(_ name: String?) throws -> String {
    try version(name, in: environment.snapshot()).name
  }

  func indexOfVersion(_ name: String?) throws -> UInt32 {
    let snapshot = try environment.snapshot()
    return try version(name, in: snapshot).index
  }

  /// Ranges of 1,024 rows that are caught up in one transaction: more than an ingest adds in one, which
  /// would else stay ahead for ever.
  private static let rangesCaughtUpAtOnce = 8

  /// One transaction: adds codes that the source has and the new index lacks, and, once there are no more,
  /// puts the new index in the source's place.
  ///
  /// - Returns: whether the new index serves.
  func catchUp(_ id: UInt32, from source: UInt32) throws -> Bool {
    var write = try environment.beginWrite()
    try requireBuilding(id, in: write)
    var old = try IndexCodes(self, source, in: write)
    var new = try IndexCodes(self, id, in: write)
    for _ in 0..<Self.rangesCaughtUpAtOnce where new.record.nextRow < old.record.nextRow {
      try addRange(to: &new, from: old, in: &write)
    }
    let isWhole = new.record.nextRow == old.record.nextRow
    if isWhole {
      for var version in try versionRecords(in: write) where version.index == source {
        version.index = id
        try tables.versions.put(record: version, at: Key(version.name), in: &write)
      }
      old.record.state = .retired
      new.record.state = nil
      try old.save(in: &write)
    }
    try new.save(in: &write)
    try write.commit()
    return isWhole
  }

  /// - Throws: `StoreError.overtaken` where nobody is making that index any more.
  func requireBuilding(_ id: UInt32, in write: borrowing WriteTransaction) throws {
    let record = try tables.indexes.record(IndexRecord.self, at: Key(id), in: write)
    guard record?.state == .building else {
      throw StoreError.overtaken(path: path, index: id)
    }
  }

  /// Adds the codes of the next range of rows, which ends at a multiple of 1,024.
  private func addRange(
    to new: inout IndexCodes, from old: IndexCodes, in write: inout WriteTransaction
  ) throws {
    let rows = FreshBlocks.rows(from: new.record.nextRow, to: old.record.nextRow)
    let found = try old.codes(of: rows, in: write)
    try new.add(
      found.recoded(as: new.record.codec, kernels: try kernels()),
      number: rows.lowerBound / PendingEncoder.rangeSize, in: &write)
    new.record.nextRow = rows.upperBound
  }

  // MARK: Leftovers

  private static let keysRemovedAtOnce = 4_096

  /// Removes indexes that were replaced, and those that nobody fills any more.
  ///
  /// Called by whoever has the only reindexing job.
  func removeAbandonedIndexes() throws {
    for id in try abandonedIndexes() {
      try growingMap { try retire(id) }
      while try growingMap({ try removePart(ofIndex: id) }) {}
    }
  }

  /// One transaction: from here on nobody looks for codes in it, of which some parts go before others.
  ///
  /// - Throws: `StoreError.overtaken` where it serves now: a process that nobody sees from here made it.
  private func retire(_ id: UInt32) throws {
    var write = try environment.beginWrite()
    var record = try index(id, in: write)
    if record.state == .retired { return }
    guard record.state == .building else { throw StoreError.overtaken(path: path, index: id) }
    record.state = .retired
    try tables.indexes.put(record: record, at: Key(id), in: &write)
    try write.commit()
  }

  /// Indexes that no version names; nor would, without some versions.
  func abandonedIndexes(without collected: Set<String> = []) throws -> [UInt32] {
    let snapshot = try environment.snapshot()
    let versions = try versionRecords(in: snapshot)
    let doomed = versions.filter { collected.contains($0.name) }
    let kept = versions.filter { !$0.isCollected && !collected.contains($0.name) }
    let left = Set(doomed.map(\.index)).subtracting(kept.map(\.index))
    return try indexIDs(in: snapshot).filter {
      try left.contains($0) || index($0, in: snapshot).state != nil
    }
  }

  /// One transaction; false where nothing is left.
  private func removePart(ofIndex id: UInt32) throws -> Bool {
    var write = try environment.beginWrite()
    var left = Self.keysRemovedAtOnce
    for table in tables.ofIndexes where table.name != "indexes" && left > 0 {
      left -= try table.removeAll(withPrefix: Key(id), atMost: left, in: &write)
    }
    // The record goes last: without it the rest would be nobody's.
    if left > 0 { try tables.indexes.remove(Key(id), in: &write) }
    try write.commit()
    return left == 0
  }
}

extension IndexRecord {
  /// Whether it has lists already, or is large enough, or somebody wants them all the same, or another codec.
  ///
  /// - Parameter count: codes that it will have.
  func isWorthLists(count: Int, _ options: ReindexOptions) -> Bool {
    options.listCount != nil || count >= Store.fewestClustered
      || (count > 0 && (clustering != nil || options.codec.map { $0 != codec } ?? false))
  }
}
