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
  /// Clusters where an ingest has made it worth while, or measures recall where it has made that necessary.
  ///
  /// - Returns: a problem where another process is at it, a person has no patience, or the disk no room:
  ///   what was ingested is stored all the same.
  func keepUpIndex(progress: @escaping ProgressHandler) throws -> IndexUpkeep {
    var upkeep = IndexUpkeep()
    do {
      if try hasOutgrownClustering() {
        upkeep.reindex = try reindex(progress: progress)
      } else if try hasOutgrownCalibration() {
        upkeep.calibration = try calibrate(progress: progress)
      }
    } catch let error where isTemporary(error) { upkeep.problem = "\(error)" }
    return upkeep
  }

  /// Measures recall for a version that shares a clustered index with others and asks it in a way of its own, where
  /// that was not done: by their measure its queries may find less than is promised.
  ///
  /// - Returns: a problem as `keepUpIndex` does; the version's searches compare every passage then.
  func measureIfUnknown(
    _ name: String, progress: @escaping ProgressHandler
  ) throws -> IndexUpkeep {
    var upkeep = IndexUpkeep()
    do {
      if try !isMeasured(name) {
        upkeep.calibration = try calibrate(version: name, progress: progress)
      }
    } catch let error where isTemporary(error) { upkeep.problem = "\(error)" }
    return upkeep
  }

  /// Whether its recall is known, or there is none to know.
  private func isMeasured(_ name: String) throws -> Bool {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    let index = try index(version.index, in: snapshot)
    return try index.clustering == nil || index.count == 0
      || calibration(of: version, in: snapshot) != nil
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

  /// Whether so many codes came since recall was measured that it may be another one now.
  ///
  /// What a person's own queries measured stays: only that person has them. `stats` tells its age.
  private func hasOutgrownCalibration() throws -> Bool {
    let snapshot = try environment.snapshot()
    let version = try version(nil, in: snapshot)
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
