internal import Encoding

extension StoreCheck {
  /// The models' files against the records of the spaces, and their folders' names against their
  /// content; what belongs to no version is noted.
  mutating func checkCheckpoints() {
    begin("checkpoints")
    let versions = records.versions.values.filter { !$0.isCollected }
    let spaces = Set(versions.flatMap { [$0.space, $0.querySpace] }).sorted().compactMap {
      records.spaces[$0]
    }
    var named: Set<String> = []
    for space in spaces {
      if let checkpoint = space.checkpoint, named.insert(checkpoint).inserted {
        checkFiles(of: space, checkpoint)
      }
    }
    for checkpoint in versions.compactMap(\.checkpoint) where named.insert(checkpoint).inserted {
      checkDigest(checkpoint)
    }
    noteUnnamed(named)
  }

  private mutating func checkFiles(of space: SpaceRecord, _ checkpoint: String) {
    let before = report.problemCount
    for file in space.files {
      // Each by itself, because a large file takes a slow disk longer than whoever waits for us may wait.
      let object = "checkpoints/\(checkpoint)/\(file.name)"
      begin(object)
      do { try Checkpoint.verify([file], of: checkpoint, inStoreAt: path) } catch {
        report(.checkpointFile, object, Self.reason(error))
      }
    }
    // The digest of files that are damaged is another one, of course.
    if report.problemCount == before { checkDigest(checkpoint) }
    if report.problemCount == before { notePackedWeights(of: checkpoint) }
  }

  /// A cache: what is wrong with it hurts nobody.
  private mutating func notePackedWeights(of digest: String) {
    let file = PackedFile(of: digest, inStoreAt: path)
    guard Files.exists(file.path),
      let model = try? ModelDirectory(path: path + "/checkpoints/" + digest),
      file.read(model.configuration) == nil
    else { return }
    report.notes.append(
      "\(file.name) is damaged, or of another release: the next command that encodes a text makes it anew"
    )
  }

  private mutating func checkDigest(_ digest: String) {
    let object = "checkpoints/\(digest)"
    begin(object)
    do {
      let found = try ModelDirectory(path: "\(path)/\(object)").digest()
      if found != digest { report(.checkpointDigest, object, "its files have the digest \(found)") }
    } catch {
      report(.checkpointFile, object, Self.reason(error))
    }
  }

  /// What is wrong with a file, without its name and what to do.
  private static func reason(_ error: any Error) -> String {
    if case .damaged(_, _, let problem) = error as? StoreError { return problem }
    return switch error as? EncodingError {
    case .unreadable(_, let reason): "it cannot be read: \(reason)"
    case .malformed(_, let problem): problem
    default: "\(error)"
    }
  }

  /// An orphan is what a killed command left: nothing is wrong with the store.
  private mutating func noteUnnamed(_ named: Set<String>) {
    guard incomplete.isDisjoint(with: ["versions", "spaces", "jobs"]), records.unreadable.isEmpty,
      !records.hasJobs
    else { return }
    for name in Files.names(in: path + "/checkpoints") {
      // A cache of packed weights belongs to the checkpoint whose name it begins with.
      if named.contains(String(name.prefix { $0 != "." })) { continue }
      let place = "checkpoints/\(name)"
      if let age = Files.ageInSeconds("\(path)/\(place)"), age >= minimumOrphanAgeInSeconds {
        report.notes.append("\(place) belongs to no version: pawl gc removes it")
      }
    }
  }
}
