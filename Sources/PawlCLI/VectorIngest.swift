internal import Pawl

/// `pawl ingest --vectors`, and what it reports.
struct VectorIngest {
  let store: Store
  let isQuiet: Bool
  let isJSON: Bool

  func run(vectors: String, ids: String, limit: Int?) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let summary = try CommandProgress.during(isQuiet: isQuiet) { line in
      try store.ingest(vectors: vectors, ids: ids, limit: limit) { line.show($0) }
    }
    let seconds = (clock.now - start) / .seconds(1)
    if isJSON {
      Output.line(try JSONOutput.line(VectorIngestReport(summary, seconds: seconds)))
    } else {
      Output.line("\(store.path): \(Self.text(summary)) in \(Figures.fixed(seconds, 1)) s")
      IngestCommand.tell(summary.upkeep, store.path)
    }
    if summary.normalizedCount > 0 {
      Terminal.error(
        "\(vectors): "
          + Figures.count(summary.normalizedCount, "vector was", "vectors were")
          + " not of unit length and brought to it; scores are cosines")
    }
    try IngestCommand.tellProblem(of: summary.upkeep, store.path)
    if summary.isInterrupted {
      Terminal.error("stopped after a whole batch; the same command goes on from here")
      throw ExitStatus.failed.code
    }
  }

  private static func text(_ summary: VectorIngestSummary) -> String {
    var parts = ["\(Figures.count(summary.newCount, "new vector"))"]
    if summary.updatedCount > 0 { parts.append("\(Figures.grouped(summary.updatedCount)) updated") }
    if summary.unchangedCount > 0 {
      parts.append("\(Figures.grouped(summary.unchangedCount)) unchanged")
    }
    return parts.joined(separator: ", ")
  }
}

/// The JSON of an ingest of vectors.
private struct VectorIngestReport: Encodable {
  let read: Int
  let new: Int
  let updated: Int
  let unchanged: Int
  let normalized: Int
  let interrupted: Bool
  let seconds: Double
  /// Missing where the vectors had not outgrown the last clustering.
  let reindex: ReindexReport?
  /// Recall, where it was measured anew.
  let calibration: CalibrationReport?
  /// Why a clustering or a measuring that is due was not done.
  let problem: String?

  init(_ summary: VectorIngestSummary, seconds: Double) {
    read = summary.readCount
    new = summary.newCount
    updated = summary.updatedCount
    unchanged = summary.unchangedCount
    normalized = summary.normalizedCount
    interrupted = summary.isInterrupted
    self.seconds = seconds
    reindex = summary.upkeep.reindex.map { ReindexReport($0) }
    calibration = summary.upkeep.calibration.map(CalibrationReport.init)
    problem = summary.upkeep.problem
  }
}
