internal import Pawl
internal import Synchronization
internal import Training

/// What a run tells while it goes: a line for each validation, and one that moves.
final class TrainingLine: Sendable {
  private let line: Mutex<ProgressLine>
  /// What the last validation said.
  private let metric = Mutex<Double?>(nil)
  private let isQuiet: Bool
  private let progress = Mutex<(version: String, steps: Int, of: Int)?>(nil)

  /// The version that the run makes, and its steps; nil before there is a plan.
  var done: (version: String, steps: Int, of: Int)? { progress.withLock { $0 } }

  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    line = Mutex(ProgressLine(unit: "steps", isQuiet: isQuiet))
  }

  var watcher: TrainingWatcher {
    var watcher = TrainingWatcher()
    watcher.didPrepare = { progress in
      let (text, shift) =
        switch progress.stage {
        case .reading: ("reading triples (MiB)", 20)
        case .calibrating: ("measuring recall", 0)
        default: ("finding negatives", 0)
        }
      self.line.withLock {
        $0.update(text, done: progress.done >> shift, total: progress.total >> shift)
      }
      return !Interrupt.isAsked
    }
    watcher.isWanted = { !Interrupt.isAsked }
    watcher.didPlan = { plan in
      self.progress.withLock { $0 = (plan.version, plan.doneCount, plan.stepCount) }
      self.show(plan)
    }
    watcher.didStep = { step, total in
      self.progress.withLock { $0?.steps = step.number + 1 }
      let note =
        step.isSkipped
        ? "loss not finite: step left out"
        : "loss \(Figures.fixed(step.loss, 4))  rate \(Figures.scientific(step.rate))"
          + (self.metric.withLock { $0 }.map { "  MRR@10 \(Figures.fixed($0, 4))" } ?? "")
      self.line.withLock { $0.update("training", done: step.number + 1, total: total, note: note) }
      return !Interrupt.isAsked
    }
    watcher.didValidate = { report in
      self.metric.withLock { $0 = report.result.reciprocalRank }
      self.say(
        "step \(Figures.grouped(report.step)): MRR@10 \(Figures.fixed(report.result.reciprocalRank, 4))"
          + (report.step == 0 ? ", the parent" : report.isBest ? ", the best so far" : "")
          + "; effective rank \(Figures.fixed(report.result.effectiveRank, 0)), "
          + "mean cosine \(Figures.fixed(report.result.meanCosine, 3))")
      if report.hasCollapsed {
        self.say(
          "warning: the embeddings draw together (effective rank below .8 of the parent's, or mean cosine "
            + "more than .1 above it). A gate refuses such a version: stop, and lower --learning-rate."
        )
      }
    }
    return watcher
  }

  private func show(_ plan: TrainingPlan) {
    for line in Self.lines(plan) { say(line) }
  }

  static func lines(_ plan: TrainingPlan) -> [String] {
    let share = 100 * Double(plan.trainedCount) / Double(plan.parameterCount)
    var lines = [
      "\(plan.version) from \(plan.parent) by the recipe \(plan.recipe): "
        + "\(Figures.count(plan.exampleCount, "pair")) of "
        + "\(Figures.count(plan.queryCount, "query", "queries")), "
        + "\(Figures.grouped(plan.trainedCount)) of \(Figures.grouped(plan.parameterCount)) parameters "
        + "(\(Figures.fixed(share, 2)) %), \(Figures.count(plan.stepCount, "step"))",
      "watched with \(Figures.count(plan.validationQueryCount, "query", "queries")) kept back among "
        + Figures.count(plan.validationPassageCount, "passage"),
    ]
    if plan.unansweredCount > 0 {
      lines.append(
        Figures.count(plan.unansweredCount, "query has", "queries have")
          + " no answer in the store: left out")
    }
    if plan.unusableCount > 0 {
      lines.append(
        Figures.count(plan.unusableCount, "triple is", "triples are")
          + " left out: a passage is not in the store, or a teacher says too little")
    }
    if plan.leftOutCount > 0 {
      lines.append("drawn; \(Figures.grouped(plan.leftOutCount)) more are left out")
    }
    if plan.withoutNegativesCount > 0 {
      lines.append(
        Figures.count(plan.withoutNegativesCount, "pair has", "pairs have")
          + " no passage in the range and below the margin: negatives by chance fill in")
    }
    for run in plan.otherRuns {
      lines.append(
        "\(run) is another run that has not ended: the command that began it goes on with it")
    }
    if plan.doneCount > 0 { lines.append("goes on after step \(Figures.grouped(plan.doneCount))") }
    return lines
  }

  private func say(_ text: String) {
    finish()
    if !isQuiet { Terminal.error(text) }
  }

  func finish() { line.withLock { $0.finish() } }
}
