internal import Glibc
internal import LMDB

/// What gc removed, and what it left.
public struct GarbageReport: Sendable, Equatable, Encodable {
  public struct Item: Sendable, Equatable, Encodable {
    /// A file or folder, a job or an index.
    public let what: String
    public let bytes: Int
    public let reason: String
  }

  public internal(set) var removed: [Item] = []
  public internal(set) var left: [Item] = []
  public var freedBytes: Int { removed.reduce(0) { $0 + $1.bytes } }

  public init() {}
}

/// How gc decides.
public struct GarbageOptions: Sendable {
  /// Only say what would be done.
  public var isDryRun = false
  /// Checkpoints that nothing names stay so long: somebody may be about to name them.
  var minimumAgeInSeconds = 3_600
  /// Versions that keep their model and embeddings, beside those that serve or that a rollback goes to; nil: all.
  public var keptVersionCount: Int?
  /// Versions that lose model and embeddings now.
  var collected: Set<String> = []
  /// Trainings that did not end stay so long: the same command goes on with them.
  var minimumRunAgeInSeconds = 86_400

  public init() {}
}

extension Store {
  /// Removes what nothing names: checkpoints without a version, indexes that nobody fills any more, what
  /// dead processes left half-way, their records in `jobs`.
  ///
  /// - Throws: `LMDBError`, `StoreError` for what the disk says; what was removed until then is gone.
  public func collectGarbage(
    _ options: GarbageOptions = GarbageOptions()
  ) throws -> GarbageReport {
    var (options, report) = (options, GarbageReport())
    if let count = options.keptVersionCount {
      options.collected = try collectVersions(keeping: count, options, &report)
    }
    let doomed =
      options.isDryRun
      ? try findGarbage(options, &report)
      : try claimGarbage(options, &report)
    for item in doomed {
      if !options.isDryRun { Files.remove(item.path) }
      if !options.isDryRun, Files.isTaken(item.path) {
        report.left.append(
          .init(what: item.path, bytes: item.bytes, reason: "it cannot be removed"))
      } else {
        report.removed.append(.init(what: item.name, bytes: item.bytes, reason: item.reason))
      }
    }
    try collectIndexes(options, &report)
    // Last, so that a killed gc leaves the record that tells the next one what to remove.
    if !options.isDryRun { try forgetStaleJobs() }
    return report
  }

  /// Indexes that a reindex left half-made, or did not come to remove: while none is running, and a few
  /// thousand values a transaction. Their pages stay in data.mdb and serve what is written next.
  private func collectIndexes(
    _ options: GarbageOptions, _ report: inout GarbageReport
  ) throws {
    let abandoned = try abandonedIndexes(without: options.collected)
    if abandoned.isEmpty { return }
    do {
      if options.isDryRun {
        try requireNoReindex()
      } else {
        try asOnlyJob(JobRecord.reindex) { try removeAbandonedIndexes() }
      }
      for item in abandoned { report.removed.append(item.item("no version names it")) }
    } catch StoreError.busy(_, let kind, let process) {
      let reason = "a \(kind) is running (process \(process))"
      for item in abandoned { report.left.append(item.item(reason)) }
    }
  }

  private func findGarbage(
    _ options: GarbageOptions, _ report: inout GarbageReport
  ) throws -> [Garbage] {
    let snapshot = try environment.snapshot()
    return try garbage(options, &report, in: snapshot)
  }

  /// Takes away, while nobody can commit a record that names it, the name of what is to be removed.
  private func claimGarbage(
    _ options: GarbageOptions, _ report: inout GarbageReport
  ) throws -> [Garbage] {
    let write = try environment.beginWrite()
    var doomed = try garbage(options, &report, in: write)
    for index in doomed.indices {
      guard let removed = doomed[index].removedPath else { continue }
      // Killed half-way through removing it, nothing half has the name of something whole.
      Files.remove(removed)
      try Files.rename(doomed[index].path, to: removed)
      doomed[index].path = removed
    }
    write.abort()
    return doomed
  }

  private func garbage<T: Transaction & ~Copyable>(
    _ options: GarbageOptions, _ report: inout GarbageReport, in transaction: borrowing T
  ) throws -> [Garbage] {
    var doomed = try leftovers(&report)
    let jobs = try jobs(in: transaction)
    for job in jobs where !job.record.isRunning {
      let what = "job \(job.number) (\(job.record.kind) of process \(job.record.process))"
      report.removed.append(.init(what: what, bytes: 0, reason: "its process is gone"))
      if let partial = job.record.partial, PartialFolder.isLeftover(partial, of: job.record.process)
      {
        doomed.append(Garbage(partial, "what a dead \(job.record.kind) left half-way"))
      }
    }
    let running = jobs.map(\.record).filter(\.isRunning)
    doomed += try unfinishedRuns(options, running, &report, in: transaction)
    doomed += try orphans(options, running.first, &report, in: transaction)
    return doomed
  }

  /// What dead processes left in the store's folder and beside it.
  private func leftovers(_ report: inout GarbageReport) throws -> [Garbage] {
    let place = try StorePlace(path)
    var doomed = PartialFolder.leftovers(of: place.path).map {
      Garbage($0, "what a dead init or restore left half-way")
    }
    let compaction = "\(place.path)/\(Self.compactionFolder)"
    // We have the store open, so nobody compacts it.
    if Files.isTaken(compaction) {
      doomed.append(Garbage(compaction, "what a dead compact left half-way"))
    }
    let names = Files.names(in: place.parent)
    for kept in PartialFolder.numbered(place.name + PartialFolder.replaced, in: names) {
      let path = "\(place.parent)/\(kept)"
      report.left.append(
        .init(
          what: path, bytes: Files.treeSizeInBytes(path),
          reason: "a restore kept it: remove it yourself when it is not needed"))
    }
    return doomed
  }

  /// Folders of trainings that have not ended: the same command would go on with them.
  private func unfinishedRuns<T: Transaction & ~Copyable>(
    _ options: GarbageOptions, _ running: [JobRecord], _ report: inout GarbageReport,
    in transaction: borrowing T
  ) throws -> [Garbage] {
    var doomed: [Garbage] = []
    let trainer = running.first { $0.kind == JobRecord.training }
    for name in Files.names(in: path + "/runs") where name.hasSuffix(".removed") {
      doomed.append(Garbage("\(path)/runs/\(name)", "what a dead gc left half-way"))
    }
    let unfinished = Set(try TrainingRun.unfinished(in: self, transaction).map(\.version))
    for name in TrainingRun.names(inStoreAt: path) where !unfinished.contains(name) {
      if trainer != nil { continue }
      for left in TrainingRun(of: name, inStoreAt: path).work {
        doomed.append(Garbage(left, "what a dead training left when it was done"))
      }
    }
    for run in try TrainingRun.unfinished(in: self, transaction) {
      var item = Garbage(run.path, "a training that did not end")
      item.name = "runs/\(run.version)"
      let age = Files.ageInSeconds(run.path) ?? 0
      if let trainer {
        report.left.append(item.left("a training is running (process \(trainer.process))"))
      } else if age < options.minimumRunAgeInSeconds {
        report.left.append(
          item.left("a training that did not end can go on, and is \(Self.age(age)) old"))
      } else {
        item.removedPath = "\(path)/runs/.\(run.version).removed"
        doomed.append(item)
      }
    }
    return doomed
  }

  private static func age(_ seconds: Int) -> String {
    if seconds < 60 { return "less than a minute" }
    let (count, unit) = seconds < 3_600 ? (seconds / 60, "minute") : (seconds / 3_600, "hour")
    return "only \(count) \(unit)\(count == 1 ? "" : "s")"
  }

  /// Checkpoints that no record names.
  private func orphans<T: Transaction & ~Copyable>(
    _ options: GarbageOptions, _ running: JobRecord?, _ report: inout GarbageReport,
    in transaction: borrowing T
  ) throws -> [Garbage] {
    let named = try checkpointDigests(without: options.collected, in: transaction)
    var doomed: [Garbage] = []
    for name in Files.names(in: path + "/checkpoints") {
      // A cache of packed weights belongs to the checkpoint whose name it begins with.
      if named.contains(String(name.prefix { $0 != "." })) { continue }
      var item = Garbage("\(path)/checkpoints/\(name)", "no version names it")
      item.name = "checkpoints/\(name)"
      let age = Files.ageInSeconds(item.path) ?? 0
      if name.hasPrefix("."), name.hasSuffix(".removed") {
        item.reason = "what a dead gc left half-way"
        doomed.append(item)
      } else if let running {
        report.left.append(
          item.left("a \(running.kind) is running (process \(running.process))"))
      } else if age < options.minimumAgeInSeconds {
        report.left.append(
          item.left("no version names it, but it is \(Self.age(age)) old"))
      } else {
        item.removedPath = "\(path)/checkpoints/.\(name).removed"
        doomed.append(item)
      }
    }
    return doomed
  }
}

extension UInt32 {
  /// An index of that number, in the report.
  fileprivate func item(_ reason: String) -> GarbageReport.Item {
    .init(what: "index \(self)", bytes: 0, reason: reason)
  }
}

/// Something to be removed.
private struct Garbage {
  var path: String
  var name: String
  var reason: String
  let bytes: Int
  /// What it is called while it is being removed, where somebody could use it under its name.
  var removedPath: String?

  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
    name = path
    bytes = Files.treeSizeInBytes(path)
  }

  func left(_ reason: String) -> GarbageReport.Item {
    .init(what: name, bytes: bytes, reason: reason)
  }
}
