internal import IVF
internal import LMDB

/// What a promotion or a rollback did.
public struct ServingChange: Sendable, Equatable, Encodable {
  /// The version that serves now, and the one that did before.
  public let version: String
  public let previous: String
  /// Passages that the version does not have yet.
  public let pendingCount: Int
  /// Seconds of the transaction.
  public let seconds: Double

  /// Whether another version serves now.
  public var hasChanged: Bool { version != previous }
}

extension Store {
  /// Lets the version serve that the gate has let through, in one transaction; where it serves already nothing is
  /// written.
  ///
  /// - Throws: `StoreError.refused` for the report of a refusal; `.judgedOther` where since the gate looked another
  ///   version began to serve, or this one was indexed anew; `.lagging` where it lacks passages that the active one
  ///   has (`embedMissing` embeds them); `.notReady`, `.noVersion`.
  public func promote(_ report: GateReport, reason: String) throws -> ServingChange {
    let name = report.version
    guard report.isPassed else { throw StoreError.refused(path: path, version: name) }
    return try serve(action: HistoryRecord.promote, reason: reason, gate: report.lines) { write in
      let chosen = try version(name, in: write)
      let active = try version(nil, in: write)
      if name == active.name { return chosen }
      guard report.active == active.name, report.index == chosen.index else {
        throw StoreError.judgedOther(path: path, version: name, active: active.name)
      }
      let (has, serves) = try (index(chosen.index, in: write), index(active.index, in: write))
      guard has.nextRow >= serves.nextRow else {
        throw StoreError.lagging(path: path, version: name, active: active.name)
      }
      return chosen
    }
  }

  /// Lets a version serve whatever the gate says or would say, in one transaction; where it serves already nothing is
  /// written.
  ///
  /// - Throws: `StoreError.notReady` for a version that is not embedded, `.noVersion`.
  public func promote(_ name: String, withoutGateFor reason: String) throws -> ServingChange {
    try serve(action: HistoryRecord.force, reason: reason) { write in
      try version(name, in: write)
    }
  }

  /// Lets the version serve that did before the active one, in one transaction.
  ///
  /// - Throws: `StoreError.nothingBefore` where the active version is the first.
  public func rollback(reason: String) throws -> ServingChange {
    try serve(action: HistoryRecord.rollback, reason: reason) { write in
      guard let previous = try previousVersion(in: write) else {
        throw StoreError.nothingBefore(path: path, version: try activeVersion(in: write))
      }
      return try version(previous, in: write)
    }
  }

  /// The version that a rollback lets serve; nil where there is none.
  public func rollbackTarget() throws -> String? {
    try previousVersion(in: environment.snapshot())
  }

  private func serve(
    action: String, reason: String, gate: [GateReport.Line]? = nil,
    _ choose: (borrowing WriteTransaction) throws -> VersionRecord
  ) throws -> ServingChange {
    try growingMap {
      var watch = Stopwatch()
      var write = try environment.beginWrite()
      let active = try activeVersion(in: write)
      let chosen = try choose(write)
      if chosen.name != active {
        try requireReady(chosen)
        try finishAllUpdates(of: chosen, in: &write)
        try tables.pointer.put(
          record: PointerRecord(version: chosen.name), at: "active", in: &write)
        try append(
          HistoryRecord(
            action: action, version: chosen.name, time: timestamp(), user: Process.user,
            reason: reason, previous: active, gate: gate),
          in: &write)
      }
      let pendingCount = try pendingCount(of: index(chosen.index, in: write), in: write)
      if chosen.name != active { try write.commit() } else { write.abort() }
      return ServingChange(
        version: chosen.name, previous: active, pendingCount: pendingCount,
        seconds: watch.lap())
    }
  }

  /// Makes sure that a version can serve.
  ///
  /// - Throws: `StoreError.notReady`, `.noVersion`, `.collected`.
  public func requireReady(_ name: String) throws {
    try requireReady(version(name, in: environment.snapshot()))
  }

  func requireReady(_ version: VersionRecord) throws(StoreError) {
    guard version.state == "ready" else {
      throw StoreError.notReady(path: path, version: version.name, state: version.state)
    }
  }

  /// What the version that is to serve has already takes the place of what it replaces.
  private func finishAllUpdates(
    of version: VersionRecord, in write: inout WriteTransaction
  ) throws {
    if try tables.updates.count(in: write) == 0 { return }
    var codes = try IndexCodes(self, version.index, in: write)
    try finishUpdates(in: 0..<codes.record.nextRow, &codes, &write)
    try codes.save(in: &write)
  }

  /// Notes that a version is being embedded; one that is ready stays so.
  func beginIndexing(_ name: String) throws {
    try growingMap {
      var write = try environment.beginWrite()
      var version = try version(name, in: write)
      guard version.state == "trained" else { return write.abort() }
      version.state = "indexing"
      try tables.versions.put(record: version, at: Key(name), in: &write)
      try write.commit()
    }
  }

  /// Notes that a version has codes of all passages, and with it those that share its index.
  ///
  /// - Returns: whether it has.
  func endIndexing(_ name: String) throws -> Bool {
    try growingMap {
      var write = try environment.beginWrite()
      let id = try version(name, in: write).index
      let isWhole = try index(id, in: write).nextRow == storeRecord(in: write).nextRow
      let waiting = try versionRecords(in: write).filter {
        $0.index == id && ["trained", "indexing"].contains($0.state)
      }
      guard isWhole, !waiting.isEmpty else {
        write.abort()
        return isWhole
      }
      for var version in waiting {
        version.state = "ready"
        try tables.versions.put(record: version, at: Key(version.name), in: &write)
      }
      try write.commit()
      return true
    }
  }
}
