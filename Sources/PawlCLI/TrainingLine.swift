internal import Pawl
internal import Synchronization
internal import Training

/// What a run tells while it goes: a line for each validation, and one that moves.
final class TrainingLine: Sendable {
  private let line: Mutex<ProgressLine>
  private let isQuiet: Bool

  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    line = Mutex(ProgressLine(unit: "steps", isQuiet: isQuiet))
  }

  var watcher: TrainingWatcher {
    var watcher = TrainingWatcher()
    watcher.didMine = { progress in
      self.line.withLock {
        $0.update("finding negatives", done: progress.done, total: progress.total)
      }
      return !Interrupt.isAsked
    }
    watcher.didPlan = { self.show($0) }
    watcher.didStep = { step, total in
      self.line.withLock {
        $0.update(
          "loss \(Figures.fixed(step.loss, 4))", done: step.number + 1, total: total)
      }
      return !Interrupt.isAsked
    }
    watcher.didValidate = { result, step, isBest in
      self.say(
        "step \(Figures.grouped(step)): MRR@10 \(Figures.fixed(result.reciprocalRank, 4))"
          + (isBest ? ", the best so far" : "")
          + "; effective rank \(Figures.fixed(result.effectiveRank, 0)), "
          + "mean cosine \(Figures.fixed(result.meanCosine, 3))")
    }
    return watcher
  }

  private func show(_ plan: TrainingPlan) {
    for line in Self.lines(plan) { say(line) }
  }

  static func lines(_ plan: TrainingPlan) -> [String] {
    [
      "\(plan.version) from \(plan.parent) by the recipe \(plan.recipe): "
        + "\(Figures.count(plan.exampleCount, "pair")) of "
        + "\(Figures.count(plan.queryCount, "query", "queries")), "
        + "\(Figures.grouped(plan.trainedCount)) of \(Figures.grouped(plan.parameterCount)) parameters "
        + "(\(Figures.fixed(100 * Double(plan.trainedCount) / Double(plan.parameterCount), 2)) %), "
        + Figures.count(plan.stepCount, "step"),
      "watched with \(Figures.count(plan.validationQueryCount, "query", "queries")) kept back among "
        + Figures.count(plan.validationPassageCount, "passage"),
    ] + (plan.doneCount > 0 ? ["goes on after step \(Figures.grouped(plan.doneCount))"] : [])
  }

  private func say(_ text: String) {
    finish()
    if !isQuiet { Terminal.error(text) }
  }

  func finish() { line.withLock { $0.finish() } }
}
