internal import LMDB

extension Store {
  /// Copies the store into a new folder, which is itself a store, while others read and write.
  ///
  /// The copy is filled beside `destination` and renamed when all of it is on the disk. A record in
  /// `jobs` keeps gc from taking checkpoints away meanwhile.
  /// - Parameters:
  ///   - check: where given, the whole check of the copy, which must find nothing.
  ///   - progress: answering false stops it, and nothing is left.
  /// - Throws: `StoreError.exists`, `.nested`, `.noRoom`, `.checkFailed`, `.copyDiffers`, `.damaged`, or
  ///   what the disk says; nothing is left behind.
  public func backup(
    to destination: String, check: StoreChecker? = nil,
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> CopySummary {
    let place = try StorePlace(destination)
    // What is there already is named as it was given.
    if Files.isTaken(StorePlace.withoutTrailingSlashes(destination)) {
      throw StoreError.exists(path: destination)
    }
    try place.requireOutside(try StorePlace(path))
    // The record first, which tells gc of the folder: killed in between, there is none.
    let job = try beginJob(JobRecord.backup, partial: PartialFolder.path(for: place.path))
    // After the folder has its name or is gone: killed in between, gc must still find it. A record that
    // cannot be removed is stale as soon as this process ends.
    defer { do { try endJob(job) } catch {} }
    return try backup(into: place.path, check, progress)
  }

  private func backup(
    into place: String, _ check: StoreChecker?, _ progress: @escaping ProgressHandler
  ) throws -> CopySummary {
    let folder = try PartialFolder(for: place)
    do {
      var summary = try StoreCopy(source: self, folder: folder.path, progress: progress).make()
      if let check { try summary.verify(folder.path, check) }
      try folder.publish()
      return summary
    } catch {
      folder.discard()
      throw error
    }
  }
}

extension CopySummary {
  /// Has the copy checked as a whole and compares what the check counted.
  mutating func verify(_ path: String, _ check: StoreChecker) throws {
    let found = try check(path)
    try found.requireClean(path)
    for (what, copied, expected) in [
      ("passages", found.passageCount, passageCount), ("codes", found.codeCount, codeCount),
    ] where copied != expected {
      throw StoreError.copyDiffers(path: path, what: what, copied: copied, expected: expected)
    }
    isVerified = true
  }
}
