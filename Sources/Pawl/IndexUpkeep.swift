internal import IVF
internal import LMDB
internal import LinearAlgebra

/// What an ingest, or whoever makes a version, did for the index in the end, so that searches stay fast and promises of
/// recall hold.
public struct IndexUpkeep: Sendable, Equatable {
  /// The clustering that the passages had outgrown the last one for; nil where they had not.
  public internal(set) var reindex: ReindexSummary?
  /// The recall measured anew, because the index is another one than it was measured on, or is asked by a version with
  /// other queries; nil where it is much the same, or was clustered anew.
  public internal(set) var calibration: Calibration?
  /// Why either, being due, was not done; the next ingest does it for the version that serves.
  public internal(set) var problem: String?
}

extension Store {
  /// Clusters where an ingest has made it worth while, and measures recall where that is due: for all who ask the index
  /// that serves, and that of the version to which a rollback goes.
  ///
  /// - Returns: a problem where another process is at it, a person has no patience, or the disk no room:
  ///   what was ingested is stored all the same.
  func keepUpIndex(progress: @escaping ProgressHandler) throws -> IndexUpkeep {
    var upkeep = IndexUpkeep()
    do {
      if try hasOutgrownClustering() { upkeep.reindex = try reindex(progress: progress) }
      let active = try nameOfVersion(nil)
      for name in try versionsToMeasure() {
        if name == active {
          upkeep.calibration = try calibrate(version: name, progress: progress)
        } else if let problem = measureIfDue(name, progress: progress).problem {
          // Another version's trouble is not the ingest's.
          upkeep.problem = "\(name): \(problem)"
        }
      }
    } catch let error where isTemporary(error) { upkeep.problem = "\(error)" }
    return upkeep
  }

  /// Measures recall for a version where that is due: by the measure of others with whom it shares an index its
  /// queries may find less than is promised.
  ///
  /// - Returns: as a problem whatever kept it from that: the version is there, and its searches compare every passage.
  func measureIfDue(_ name: String, progress: @escaping ProgressHandler) -> IndexUpkeep {
    var upkeep = IndexUpkeep()
    do {
      if try isMeasuringDue(name) {
        upkeep.calibration = try calibrate(version: name, progress: progress)
      }
    } catch StoreError.stopped { upkeep.problem = "stopped on request" } catch {
      upkeep.problem = "\(error)"
    }
    return upkeep
  }

  private func isTemporary(_ error: any Error) -> Bool {
    switch error {
    case StoreError.busy, StoreError.stopped, StoreError.overtaken: true
    case let error as LMDBError: error.category == .temporary
    default: false
    }
  }

  /// Whether there is no clustering yet, although it is worth while, or four times as many codes as there
  /// were at the last one.
  private func hasOutgrownClustering() throws -> Bool {
    let snapshot = try environment.snapshot()
    let index = try index(version(nil, in: snapshot).index, in: snapshot)
    // Wider vectors than k-means takes stay without lists.
    guard try space(index.space, in: snapshot).width <= NearestCode.maximumWidth else {
      return false
    }
    guard let clustering = index.clustering else { return index.count >= Self.fewestClustered }
    return index.count > 4 * clustering.trainedCount
  }

  private func versionsToMeasure() throws -> [String] {
    let snapshot = try environment.snapshot()
    let (index, versions) = try sharing(indexOf: nil, in: snapshot)
    var asking = versions
    if let previous = try previousVersion(in: snapshot),
      let record = try tables.versions.record(VersionRecord.self, at: Key(previous), in: snapshot),
      !record.isCollected, record.index != index
    {
      asking += try sharing(indexOf: previous, in: snapshot).versions
    }
    var due: [String] = []
    for version in asking where try isMeasuringDue(version, in: snapshot) {
      due.append(version.name)
    }
    return due
  }

  private func isMeasuringDue(_ name: String) throws -> Bool {
    let snapshot = try environment.snapshot()
    return try isMeasuringDue(version(name, in: snapshot), in: snapshot)
  }

  /// Whether the recall of a version's queries is not known, or so many codes came since it was measured that it may be
  /// another one now.
  ///
  /// What a person's own queries measured stays: only that person has them. `stats` tells its age.
  private func isMeasuringDue(
    _ version: VersionRecord, in snapshot: borrowing Snapshot
  ) throws -> Bool {
    let index = try index(version.index, in: snapshot)
    guard index.clustering != nil, index.count > 0 else { return false }
    guard let calibration = try calibration(of: version, in: snapshot) else { return true }
    return calibration.file == nil && calibration.isOutgrown(by: index.nextRow)
  }
}

extension Calibration {
  /// An eighth of the rows that there were may be new; more of another kind than those change recall
  /// (measured: after 10,000 of one collection 12,000 of another, .88 where .98 was asked).
  func isOutgrown(by nextRow: UInt32) -> Bool {
    guard let measured = rowEnd else { return true }
    return Int(nextRow) - Int(measured) > Int(measured) / 8
  }
}
