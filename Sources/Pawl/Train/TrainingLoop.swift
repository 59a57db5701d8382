internal import Training

/// Steps, and looks at the queries kept back while they are taken.
struct TrainingSchedule {
  let stepCount: Int
  let validationCount: Int

  /// Whether there is a look after so many steps: as many looks as were wanted, evenly, the last at the end.
  func isLook(after done: Int) -> Bool {
    let count = min(validationCount, stepCount)
    return done * count / stepCount > (done - 1) * count / stepCount
  }
}

/// The steps of a run, with what is written down on the way.
struct TrainingLoop {
  let kind: any TrainingKind
  let folder: TrainingRun
  let schedule: TrainingSchedule
  let fingerprint: String
  let watcher: TrainingWatcher

  /// - Returns: false where it was stopped.
  func finish(_ trainer: inout Trainer, hasState: Bool) throws -> Bool {
    if !hasState { _ = try look(&trainer) }
    if !watcher.isWanted() { return false }
    if !trainer.goesOn { return true }
    while let step = try trainer.step() {
      try folder.log(RunEntry(step))
      let goesOn = watcher.didStep(step, schedule.stepCount)
      if schedule.isLook(after: step.number + 1), try !look(&trainer) { return true }
      // A look takes seconds, in which somebody may have asked.
      if !goesOn || !watcher.isWanted() {
        try trainer.save(to: folder.path, fingerprint: fingerprint)
        return false
      }
    }
    return true
  }

  /// Looks at the current values, tells of it, and keeps what the run needs to go on from here.
  ///
  /// - Returns: whether the run should go on.
  private func look(_ trainer: inout Trainer) throws -> Bool {
    let result = try kind.validate(trainer.current)
    let goesOn = trainer.note(result)
    let progress = trainer.progress
    watcher.didValidate(
      ValidationReport(
        step: progress.stepCount, result: result, isBest: progress.best?.step == progress.stepCount,
        hasCollapsed: progress.base.map(result.hasCollapsed) ?? false))
    try folder.log(RunEntry(result, step: progress.stepCount))
    try folder.plot(recipe: trainer.recipe.name)
    try trainer.save(to: folder.path, fingerprint: fingerprint)
    return goesOn
  }
}
