internal import FoundationEssentials
internal import LMDB

/// An evaluation set, as far as a walk has met it.
private struct CheckedSet {
  var name: String
  /// Nil where the record could not be read.
  var record: StoredSet?
  var content: [UInt8] = []
  var pieceCount: UInt32 = 0
  /// A piece could not be read, and that has been reported.
  var isDamaged = false

  var object: String { "evaluation set \(name)" }
}

extension StoreCheck {
  /// Every evaluation set has all its pieces, and the counts of its record; no piece is of no set.
  mutating func checkSets(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("sets", snapshot) else { return }
    var decompressor = TextDecompressor()
    var current: CheckedSet?
    while advance(&walk, "sets") {
      let value = value(walk, "sets")
      // Names hold no NUL; the keys of pieces do: name ‖ 0 ‖ piece (4).
      guard let end = walk.key.indices.first(where: { walk.key[$0] == 0 }) else {
        if let current { finish(current) }
        current = CheckedSet(name: walk.key.text)
        guard let value else { continue }
        current?.record = decode(StoredSet.self, value, "evaluation set \(walk.key.text)")
        continue
      }
      let name = walk.key.extracting(0..<end).text
      guard let number = walk.key.bigEndianUInt32(at: end + 1), var set = current.take(),
        set.name == name
      else {
        report(.evaluationSet, "evaluation set \(name)", "it has pieces, but no record")
        continue
      }
      take(value, number, &set, &decompressor)
      current = set
    }
    if let current, !incomplete.contains("sets") { finish(current) }
  }

  private mutating func take(
    _ value: Span<UInt8>?, _ number: UInt32, _ set: inout CheckedSet,
    _ decompressor: inout TextDecompressor
  ) {
    defer { set.pieceCount += 1 }
    guard let value else {
      set.isDamaged = true
      return
    }
    let piece =
      value.count > 0
      ? decompressor.decompress(
        value.extracting(1..<value.count), dictionary: value[0], from: [:]) : nil
    if let piece, number == set.pieceCount {
      set.content += piece
    } else {
      report(.evaluationSet, set.object, "piece \(set.pieceCount) is missing or cannot be read")
      set.isDamaged = true
    }
  }

  private mutating func finish(_ set: CheckedSet) {
    guard let record = set.record, !set.isDamaged else { return }
    if record.name != set.name {
      report(.evaluationSet, set.object, "its record is that of \(record.name)")
    }
    guard let content = decode(StoredSetContent.self, set.content.span, set.object) else { return }
    if content.queries.count < record.queryCount || content.judgments.count != record.judgmentCount
    {
      report(
        .evaluationSet, set.object,
        "it holds \(content.queries.count) queries and \(content.judgments.count) judgments, its "
          + "record says \(record.queryCount) and \(record.judgmentCount)")
    }
  }

  /// Whether some command is at work, whose files may not be named yet.
  mutating func checkJobs(_ snapshot: borrowing Snapshot) {
    readRecords(JobRecord.self, "jobs", snapshot) { records, _, job in
      if job.isRunning { records.hasJobs = true }
    }
  }
}
