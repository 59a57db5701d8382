package import LinearAlgebra

/// A run: steps in their order, each the same whatever came between.
///
/// Nothing outside changes a step's result: batches, dropout and rates depend on the step's number, sums have one
/// order. So a run that was stopped and goes on from its state ends with the bytes of one that was not.
package struct Trainer: ~Copyable {
  package let recipe: Recipe
  package let objective: any Objective
  package internal(set) var progress = TrainingProgress()
  let optimizer: Optimizer
  /// A running mean of the trained values; no floats without one.
  let average: SharedFloats
  /// Trained values of the best validation so far.
  package let best: SharedFloats

  private let rate: LearningRate

  /// What one step did.
  package struct Step: Sendable {
    package let number: Int
    package let loss: Double
    package let rate: Double
    package let gradientNorm: Double
    package let tokenCount: Int
    /// Loss or gradients were not finite, and nothing was changed.
    package let isSkipped: Bool
  }

  package init(
    _ recipe: Recipe, _ objective: any Objective, stepCount: Int, workerCount: Int
  ) {
    self.recipe = recipe
    self.objective = objective
    let values = objective.trained.values
    optimizer = Optimizer(
      recipe.optimizerKind, weightDecay: recipe.weightDecay, objective.trained,
      kernels: objective.kernels, workerCount: workerCount)
    rate = LearningRate(
      peak: recipe.rate, schedule: recipe.schedule,
      warmupSteps: Int((Double(stepCount) * recipe.warmupShare).rounded()), stepCount: stepCount)
    average = SharedFloats(count: recipe.averageDecay > 0 ? values.count : 0)
    if average.count > 0 { average.copy(values) }
    best = SharedFloats(count: values.count)
    best.copy(values)
  }

  /// Takes the next step; nil where the run is at its end.
  package mutating func step() throws -> Step? {
    let number = progress.stepCount
    guard number < rate.stepCount, let batch = try objective.addGradients(ofStep: number) else {
      return nil
    }
    let norm = optimizer.gradientNorm()
    let isFinite = batch.loss.isFinite && norm.isFinite
    let scale = recipe.clip > 0 ? min(1, recipe.clip / (norm + 1e-6)) : 1
    let rate = rate.rate(number)
    if isFinite {
      // Skipped steps do not count for the means: they begin with the first that is taken.
      let taken = number - progress.skippedCount + 1
      optimizer.step(number: taken, rate: rate, gradientScale: scale)
      objective.valuesDidChange()
      if average.count > 0 { average.approach(values, by: share(ofStep: taken)) }
    } else {
      objective.trained.gradients.fill(0)
    }
    progress.count(isSkipped: !isFinite)
    if progress.skippedInARow >= 3 { throw TrainingError.diverged(step: number, version: nil) }
    return Step(
      number: number, loss: batch.loss, rate: rate, gradientNorm: norm,
      tokenCount: batch.tokenCount, isSkipped: !isFinite)
  }

  /// What the values of a step are of their running mean: at first more, so that the mean leaves the parent's values
  /// behind, and that a short run's mean is of its last quarter.
  ///
  /// Source: Shamir & Zhang 2013, section 3 (polynomial decay, η 3).
  private func share(ofStep number: Int) -> Double {
    max(1 - recipe.averageDecay, 4 / Double(number + 3))
  }

  private var values: SharedFloats { objective.trained.values }

  /// The values that a validation looks at: the running mean where there is one.
  package var current: SharedFloats { average.count > 0 ? average : values }

  /// The values that a finished run gives, and the look at them.
  package var result: (values: SharedFloats, look: TrainingProgress.Look?) {
    recipe.takesLast ? (current, progress.validations.last) : (best, progress.best)
  }

  /// Notes a validation of the current values, and keeps them where none was better.
  ///
  /// - Returns: whether the run should go on.
  package mutating func note(_ result: Validation.Result) -> Bool {
    if progress.note(result) { best.copy(current) }
    return goesOn
  }

  /// Whether the last validations leave hope.
  package var goesOn: Bool {
    recipe.patience == 0 || progress.validationsSinceBest < recipe.patience
  }
}

/// How far a run is: with the values and means all that it needs to go on.
package struct TrainingProgress: Sendable, Codable, Equatable {
  package struct Look: Sendable, Codable, Equatable {
    /// Steps taken before it.
    package let step: Int
    package let result: Validation.Result

    package var metric: Double { result.reciprocalRank }
  }

  package private(set) var stepCount = 0
  package private(set) var skippedCount = 0
  package private(set) var skippedInARow = 0
  package private(set) var validations: [Look] = []
  package private(set) var best: Look?

  package init() {}

  /// The parent's figures.
  package var base: Validation.Result? { validations.first?.result }

  var validationsSinceBest: Int {
    guard let best else { return 0 }
    return validations.count - 1 - (validations.lastIndex(of: best) ?? 0)
  }

  mutating func count(isSkipped: Bool) {
    stepCount += 1
    skippedCount += isSkipped ? 1 : 0
    skippedInARow = isSkipped ? skippedInARow + 1 : 0
  }

  /// Whether it is the best; of equal ones the first is.
  mutating func note(_ result: Validation.Result) -> Bool {
    let look = Look(step: stepCount, result: result)
    validations.append(look)
    if let best, best.metric >= look.metric { return false }
    best = look
    return true
  }
}
