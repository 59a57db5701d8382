internal import LMDB

extension Store {
  /// Takes model and embeddings from all versions but the active one, the one that a rollback goes to, those that an
  /// unfinished training began from, and the newest of the others. What they were trained with, scored and learned from
  /// stays.
  ///
  /// One transaction; files and codes then belong to nobody, and are removed as what else does. Who embeds such a
  /// version meanwhile is told that it is gone.
  /// - Returns: their names.
  func collectVersions(
    keeping count: Int, _ options: GarbageOptions, _ report: inout GarbageReport
  ) throws -> Set<String> {
    let (doomed, left) =
      options.isDryRun
      ? try doomedVersions(keeping: count, in: environment.snapshot())
      : try growingMap { try retireVersions(keeping: count) }
    let reason = "not among the \(count) newest that do not serve"
    report.removed += doomed.map { .init(what: "version \($0.name)", bytes: 0, reason: reason) }
    report.left += left
    return Set(doomed.map(\.name))
  }

  private typealias Doomed = (versions: [VersionRecord], left: [GarbageReport.Item])

  private func retireVersions(keeping count: Int) throws -> Doomed {
    var write = try environment.beginWrite()
    let found = try doomedVersions(keeping: count, in: write)
    let doomed = found.versions
    if doomed.isEmpty {
      write.abort()
      return found
    }
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
    // What is retired goes as a whole.
    for version in doomed where left.contains(where: { $0.index == version.index }) {
      let isAsked = left.contains {
        $0.index == version.index && $0.queryDigest == version.queryDigest
      }
      let key = Calibration.key(version.index, version.queryDigest)
      if !isAsked { try tables.calibration.remove(key, in: &write) }
    }
    for adapter in Set(doomed.compactMap(\.adapter)).subtracting(left.compactMap(\.adapter)) {
      try tables.adapters.remove(Key(adapter), in: &write)
    }
    try write.commit()
    return found
  }

  private func doomedVersions<T: Transaction & ~Copyable>(
    keeping count: Int, in transaction: borrowing T
  ) throws -> Doomed {
    var needed = Set([try activeVersion(in: transaction)])
    if let previous = try previousVersion(in: transaction) { needed.insert(previous) }
    for run in try TrainingRun.unfinished(in: self, transaction) {
      if let plan = run.plan() { needed.insert(plan.parent) }
    }
    let others = try versionRecords(in: transaction).filter {
      !$0.isCollected && !needed.contains($0.name)
    }
    let doomed = Array(others.dropLast(count))
    // Whoever trains, imports, clusters or copies has versions in hand.
    let worker = try jobs(in: transaction).map(\.record).first(where: \.isRunning)
    guard let worker else { return (doomed, []) }
    let reason = "a \(worker.kind) is running (process \(worker.process))"
    return (
      [], doomed.map { .init(what: "version \($0.name)", bytes: 0, reason: reason) }
    )
  }
}
