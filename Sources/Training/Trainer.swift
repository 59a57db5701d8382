package import LinearAlgebra

/// A run: steps in their order, each the same whatever came between.
///
/// Nothing outside changes a step's result: batches, dropout and rates depend on the step's number, sums have one
/// order. So a run that was stopped and goes on from its state ends with the bytes of one that was not.
package struct Trainer: ~Copyable {
  package let recipe: Recipe
  package let encoder: TrainableEncoder
  package internal(set) var progress = TrainingProgress()
  let optimizer: Optimizer
  /// A running mean of the trained values; no floats without one.
  let average: SharedFloats
  /// Trained values of the best validation so far.
  package let best: SharedFloats

  private let gradient: BatchGradient
  private let rate: LearningRate
  private let seed: UInt64
  private let anchor: Anchor?
  private var batches: BatchMaker

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

  /// - Parameters:
  ///   - encoder: with the recipe's scope, its adapters started.
  ///   - anchor: the parent, where the recipe pulls towards it.
  package init(
    _ recipe: Recipe, encoder: TrainableEncoder, anchor: Anchor?, batches: consuming BatchMaker,
    stepCount: Int, seed: UInt64, workerCount: Int
  ) {
    self.recipe = recipe
    self.encoder = encoder
    self.anchor = anchor
    self.batches = batches
    self.seed = seed
    gradient = BatchGradient(
      encoder: encoder, loss: recipe.lossFunction, anchorWeight: recipe.anchorWeight)
    optimizer = Optimizer(
      recipe.optimizerKind, weightDecay: recipe.weightDecay, encoder.trained,
      kernels: encoder.kernels, workerCount: workerCount)
    rate = LearningRate(
      peak: recipe.rate, schedule: recipe.schedule,
      warmupSteps: Int((Double(stepCount) * recipe.warmupShare).rounded()), stepCount: stepCount)
    average = SharedFloats(count: recipe.averageDecay > 0 ? encoder.trained.values.count : 0)
    if average.count > 0 { average.copy(encoder.trained.values) }
    best = SharedFloats(count: encoder.trained.values.count)
    best.copy(encoder.trained.values)
  }

  /// Takes the next step; nil where the run is at its end.
  package mutating func step() throws -> Step? {
    let number = progress.stepCount
    guard number < rate.stepCount, var batch = try batches.batch(ofStep: number) else {
      return nil
    }
    if let anchor { batch.anchors = anchor.vectors(of: batch) }
    let loss = gradient.add(batch, dropoutKey: RandomKey.mix(seed, UInt64(number)))
    let norm = optimizer.gradientNorm()
    let isFinite = loss.isFinite && norm.isFinite
    let scale = recipe.clip > 0 ? min(1, recipe.clip / (norm + 1e-6)) : 1
    let rate = rate.rate(number)
    if isFinite {
      // Skipped steps do not count for the optimizer: its means begin with the first that is taken.
      optimizer.step(
        number: number - progress.skippedCount + 1, rate: rate, gradientScale: scale)
      encoder.pack()
      if average.count > 0 { average.approach(encoder.trained.values, by: 1 - recipe.averageDecay) }
    } else {
      encoder.trained.gradients.fill(0)
    }
    progress.count(isSkipped: !isFinite)
    if progress.skippedInARow >= 3 { throw TrainingError.diverged(step: number) }
    return Step(
      number: number, loss: loss, rate: rate, gradientNorm: norm,
      tokenCount: batch.tokens.count, isSkipped: !isFinite)
  }

  /// The values that a validation looks at: the running mean where there is one.
  package var current: SharedFloats { average.count > 0 ? average : encoder.trained.values }

  /// Notes a validation of the current values, and keeps them where none was better.
  ///
  /// - Returns: whether the run should go on.
  package mutating func note(_ metric: Double) -> Bool {
    if progress.note(metric) { best.copy(current) }
    return recipe.patience == 0 || progress.validationsSinceBest < recipe.patience
  }
}

/// How far a run is: with the values and means all that it needs to go on.
package struct TrainingProgress: Sendable, Codable, Equatable {
  package struct Validation: Sendable, Codable, Equatable {
    /// Steps taken before it.
    package let step: Int
    package let metric: Double
  }

  package private(set) var stepCount = 0
  package private(set) var skippedCount = 0
  package private(set) var skippedInARow = 0
  package private(set) var validations: [Validation] = []
  package private(set) var best: Validation?

  package init() {}

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
  mutating func note(_ metric: Double) -> Bool {
    let validation = Validation(step: stepCount, metric: metric)
    validations.append(validation)
    if let best, best.metric >= metric { return false }
    best = validation
    return true
  }
}
