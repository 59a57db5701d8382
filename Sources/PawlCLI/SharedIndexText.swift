internal import Pawl

/// What a new version's sharing of an index brought with it, for people.
struct SharedIndexText {
  private let upkeep: IndexUpkeep
  private let version: String
  private let store: String

  init(_ upkeep: IndexUpkeep, version: String, store: String) {
    self.upkeep = upkeep
    self.version = version
    self.store = store
  }

  /// The recall of its queries, where it was measured.
  func tell() {
    guard let calibration = upkeep.calibration else { return }
    let text = CalibrationText(CalibrationReport(calibration))
    Output.line("\(store): recall of \(version)'s queries measured with \(calibration.source)")
    if let sentence = text.sentence(recall: 0.98, k: 10) { Output.line("\(store): \(sentence)") }
  }

  /// That it was not; ends the command where it was to stop.
  func tellProblem() throws {
    guard let problem = upkeep.problem else { return }
    Terminal.error(
      "\(version) is there, but the recall of its queries is not measured: \(problem)")
    Terminal.error(
      "until then its searches compare every passage: pawl calibrate \(store.quotedForShell) --version \(version)"
    )
    if Interrupt.isAsked { throw ExitStatus.failed.code }
  }
}
