internal import LMDB

extension Store {
  /// Takes model and embeddings from all versions but the active one, the one that a rollback goes to, and the newest
  /// of the others. What they were trained with, scored and learned from stays.
  ///
  /// One transaction; files and codes then belong to nobody, and are removed as what else does.
  func collectVersions(
    keeping count: Int, _ options: GarbageOptions, _ report: inout GarbageReport
  ) throws {
    if options.isDryRun {
      let snapshot = try environment.snapshot()
      _ = try doomedVersions(keeping: count, &report, in: snapshot)
      return
    }
    var write = try environment.beginWrite()
    let doomed = try doomedVersions(keeping: count, &report, in: write)
    if doomed.isEmpty { return write.abort() }
    for var version in doomed {
      version.state = VersionRecord.collected
      try tables.versions.put(record: version, at: Key(version.name), in: &write)
    }
    let left = try versionRecords(in: write).filter { !$0.isCollected }
    for index in Set(doomed.map(\.index)).subtracting(left.map(\.index)) {
      var record = try self.index(index, in: write)
      record.state = .retired
      try tables.indexes.put(record: record, at: Key(index), in: &write)
    }
    for adapter in Set(doomed.compactMap(\.adapter)).subtracting(left.compactMap(\.adapter)) {
      try tables.adapters.remove(Key(adapter), in: &write)
    }
    try write.commit()
  }

  private func doomedVersions<T: Transaction & ~Copyable>(
    keeping count: Int, _ report: inout GarbageReport, in transaction: borrowing T
  ) throws -> [VersionRecord] {
    let serving = try [activeVersion(in: transaction), previousVersion(in: transaction)]
    let others = try versionRecords(in: transaction).filter {
      !$0.isCollected && !serving.contains($0.name)
    }
    // Whoever trains or clusters has versions in hand.
    let worker = try jobs(in: transaction).map(\.record).first {
      $0.isRunning && [JobRecord.training, JobRecord.reindex].contains($0.kind)
    }
    var doomed: [VersionRecord] = []
    for version in others.dropLast(count) {
      func item(_ reason: String) -> GarbageReport.Item {
        .init(what: "version \(version.name)", bytes: 0, reason: reason)
      }
      if let worker {
        report.left.append(item("a \(worker.kind) is running (process \(worker.process))"))
      } else if version.state == "indexing" {
        report.left.append(item("it is being embedded: pawl reindex --version ends that"))
      } else {
        report.removed.append(item("not among the \(count) newest that do not serve"))
        doomed.append(version)
      }
    }
    return doomed
  }
}
