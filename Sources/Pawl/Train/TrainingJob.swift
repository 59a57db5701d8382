internal import Corpus
internal import Encoding
internal import FoundationEssentials
internal import IVF
internal import LMDB
internal import LinearAlgebra
internal import Training

/// One call of `train`: from judgments to a version.
struct TrainingJob {
  private let store: Store
  private let options: TrainOptions
  private let recipe: Recipe
  private let parent: VersionRecord
  private let space: SpaceRecord
  private let base: ModelDirectory
  private let encoder: TextEncoder
  private let texts: BatchMaker.TextSettings
  private let places: PassagePlaces
  private let pairs: JudgedPairs
  private let version: String
  private let folder: TrainingRun
  private let fingerprint: String

  /// Tokens of a pass: about 600 MB of memory for all-MiniLM-L6-v2.
  private static let tokenCapacity = 6_144
  /// Of the trained values, tried where the recipe interpolates.
  private static let shares = [0.25, 0.5, 0.75]

  init(_ store: Store, _ set: EvaluationSet, _ options: TrainOptions) throws {
    let snapshot = try store.environment.snapshot()
    let parent = try store.version(nil, in: snapshot)
    let space = try store.space(parent.space, in: snapshot)
    guard let checkpoint = parent.checkpoint else { throw StoreError.noEncoder(path: store.path) }
    let base = try ModelDirectory(path: store.checkpointPath(checkpoint))
    encoder = try store.encoder(for: space)
    let maxLength = options.maxLength ?? space.maxLength
    texts = BatchMaker.TextSettings(
      queryPrefix: parent.queryPrefix, passagePrefix: space.passagePrefix, maxLength: maxLength)
    places = try PassagePlaces(store)
    pairs = try JudgedPairs(
      set, places, in: store, minimumGrade: options.minimumGrade, texts: texts, seed: options.seed)
    let known = try store.versionRecords(in: snapshot).compactMap { Int($0.name.dropFirst()) }
    version = "v\((known.max() ?? 0) + 1)"
    folder = TrainingRun(of: version, inStoreAt: store.path)
    self.store = store
    self.options = options
    self.parent = parent
    self.space = space
    self.base = base
    recipe = options.recipe
    fingerprint = try Self.fingerprint(pairs.data, recipe, options, texts, checkpoint)
    try check()
  }

  private func check() throws {
    let positionCount = base.configuration.positionCount
    guard (3...positionCount).contains(texts.maxLength) else {
      throw EncodingError.unsupported(
        path: base.path,
        feature: "a maximum length of \(texts.maxLength) tokens (the model takes 3 to "
          + "\(positionCount))")
    }
    if recipe.batchSize < 2, !recipe.lossFunction.isSumOverQueries {
      throw TrainingError.batchOfOne(loss: recipe.loss.rawValue)
    }
    guard pairs.data.examples.count >= recipe.batchSize else {
      throw TrainingError.tooFewExamples(
        found: pairs.data.examples.count, needed: recipe.batchSize)
    }
    let mostAnswers = pairs.data.answers.map(\.count).max() ?? 0
    guard recipe.negatives == .batch || places.count >= mostAnswers + recipe.negativeCount else {
      throw StoreError.nothingToTrainOn(
        path: store.path,
        problem:
          "\(places.count) different texts are too few for \(recipe.negativeCount) negatives of "
          + "each query. Ingest more passages, or take --recipe contrastive.")
    }
    guard pairs.validation.queryCount > 0 else {
      throw StoreError.nothingToTrainOn(
        path: store.path,
        problem:
          "a tenth of the judged queries is kept back to watch the run, and here that is none. "
          + "Give at least ten judged queries, or groups.")
    }
  }

  /// Of all that decides the result but the number of steps.
  private static func fingerprint(
    _ data: TrainingData, _ recipe: Recipe, _ options: TrainOptions,
    _ texts: BatchMaker.TextSettings, _ checkpoint: String
  ) throws -> String {
    var facts = String(decoding: try Table.encode(recipe), as: UTF8.self)
    facts += "\n\(checkpoint) \(options.seed) \(texts.maxLength) \(options.stepCount ?? 0) "
    facts += "\(options.minutes ?? 0)\n\(texts.queryPrefix)\n\(texts.passagePrefix)\n"
    for query in data.queries { facts += query + "\n" }
    for example in data.examples {
      facts += "\(example.query) \(example.positive) \(example.negatives)\n"
    }
    return SHA256.hex(of: facts)
  }

  // MARK: The run

  func run(_ watcher: TrainingWatcher) throws -> TrainSummary? {
    guard let data = try data(watcher) else { return nil }
    let workerCount = Process.processorCount
    let kernels = try Kernels(environment: Process.environment)
    let trainable = try TrainableEncoder(
      base, scope: recipe.scope, kernels: kernels, workerCount: workerCount,
      tokenCapacity: max(Self.tokenCapacity, texts.maxLength))
    trainable.trained.startAdapters(seed: options.seed)
    trainable.pack()
    let old = folder.plan()
    let isResumed = old?.fingerprint == fingerprint
    let stepCount =
      if let old, isResumed { old.stepCount } else { try plannedSteps(trainable, data, kernels) }
    var trainer = Trainer(
      recipe, encoder: trainable, anchor: try anchor(kernels), batches: try batches(data),
      stepCount: stepCount, seed: options.seed, workerCount: workerCount)
    if !isResumed {
      try folder.begin(
        TrainingRun.Plan(
          version: version, parent: parent.name, recipe: recipe, seed: options.seed,
          maxLength: texts.maxLength, stepCount: stepCount, fingerprint: fingerprint))
    }
    let hasState = try trainer.restore(from: folder.path, fingerprint: fingerprint)
    watcher.didPlan(plan(trainer, stepCount: stepCount))
    if !hasState {
      let baseResult = validate(
        TrainedValues(trainable, trained: trainable.trained.values), kernels)
      _ = trainer.note(baseResult.reciprocalRank)
      watcher.didValidate(baseResult, 0, true)
      try trainer.save(to: folder.path, fingerprint: fingerprint)
    }
    guard try train(&trainer, stepCount: stepCount, kernels, watcher) else { return nil }
    return try finish(trainer, kernels)
  }

  /// - Returns: false where it was stopped.
  private func train(
    _ trainer: inout Trainer, stepCount: Int, _ kernels: Kernels, _ watcher: TrainingWatcher
  ) throws -> Bool {
    let interval = max(1, stepCount / max(1, recipe.validations))
    while let step = try trainer.step() {
      try folder.log(StepEntry(step))
      let goesOn = watcher.didStep(step, stepCount)
      let done = step.number + 1
      if done % interval == 0 || done == stepCount {
        let result = validate(
          TrainedValues(trainer.encoder, trained: trainer.current), kernels)
        let isLast = !trainer.note(result.reciprocalRank)
        let isBest = trainer.progress.best?.step == done
        watcher.didValidate(result, done, isBest)
        try folder.log(ValidationEntry(step: done, result: result))
        try trainer.save(to: folder.path, fingerprint: fingerprint)
        if isLast { return true }
      }
      if !goesOn {
        try trainer.save(to: folder.path, fingerprint: fingerprint)
        return false
      }
    }
    return true
  }

  /// What the judgments give, with negatives where the recipe mines them.
  private func data(_ watcher: TrainingWatcher) throws -> TrainingData? {
    if recipe.negatives != .mined { return pairs.data }
    let examples = try store.mine(
      pairs.data, places, recipe.mining, count: recipe.negativeCount, seed: options.seed,
      progress: watcher.didMine)
    return examples.map {
      TrainingData(
        queries: pairs.data.queries, passages: places, examples: $0, answers: pairs.data.answers)
    }
  }

  private func batches(_ data: TrainingData) throws -> BatchMaker {
    BatchMaker(
      data, recipe, try Tokenizer(directory: base.transformerPath), texts,
      seed: options.seed)
  }

  private func anchor(_ kernels: Kernels) throws -> Anchor? {
    if recipe.anchorWeight == 0 { return nil }
    return Anchor(encoder.transformer, workerCount: Process.processorCount)
  }

  private func validate(_ values: TrainedValues, _ kernels: Kernels) -> Validation.Result {
    guard
      let transformer = try? TransformerEncoder(
        base.configuration, base.pooling, values, .standard, kernels: kernels)
    else { return Validation.Result(reciprocalRank: 0, effectiveRank: 0, meanCosine: 1) }
    return pairs.validation.evaluate(
      TextEncoder(encoder, transformer: transformer), workerCount: Process.processorCount)
  }

  /// As many as were asked for, at most those of the recipe's epochs.
  private func plannedSteps(
    _ trainable: TrainableEncoder, _ data: TrainingData, _ kernels: Kernels
  ) throws -> Int {
    var batches = try batches(data)
    let perEpoch = batches.batchCount()
    let most = max(1, Int(Double(perEpoch) * recipe.epochs))
    if let count = options.stepCount { return count }
    guard let minutes = options.minutes else { return most }
    let timing = try timing(trainable, &batches, kernels)
    let left = minutes * 60 - Double(recipe.validations) * timing.validation
    return min(most, max(1, Int(left / timing.step)))
  }

  /// Seconds of a step and of a validation, each tried.
  private func timing(
    _ trainable: TrainableEncoder, _ batches: inout BatchMaker, _ kernels: Kernels
  ) throws -> (step: Double, validation: Double) {
    let gradient = BatchGradient(encoder: trainable, loss: recipe.lossFunction)
    let clock = ContinuousClock()
    var seconds: [Double] = []
    for step in 0..<3 {
      guard let batch = try batches.batch(ofStep: step) else { break }
      seconds.append(clock.measure { _ = gradient.add(batch) } / .seconds(1))
    }
    trainable.trained.gradients.fill(0)
    let validation =
      clock.measure {
        _ = validate(TrainedValues(trainable, trained: trainable.trained.values), kernels)
      } / .seconds(1)
    // Going forward by int12 for the anchor is a quarter of it; optimizer and packing are a twentieth.
    let all = recipe.anchorWeight > 0 ? 1.25 : 1.05
    return ((seconds.min() ?? 1) * all, validation)
  }

  /// What a run would do, and about what it would take; nothing is written.
  func estimate() throws -> TrainingEstimate {
    let kernels = try Kernels(environment: Process.environment)
    let trainable = try TrainableEncoder(
      base, scope: recipe.scope, kernels: kernels, workerCount: Process.processorCount,
      tokenCapacity: max(Self.tokenCapacity, texts.maxLength))
    // Mined negatives cost one search a query; what a step costs they do not change.
    var recipe = recipe
    if recipe.negatives == .mined { recipe.negatives = .random }
    var batches = BatchMaker(
      pairs.data, recipe, try Tokenizer(directory: base.transformerPath), texts,
      seed: options.seed)
    let most = max(1, Int(Double(batches.batchCount()) * recipe.epochs))
    let timing = try timing(trainable, &batches, kernels)
    let validations = Double(recipe.validations + 1)
    let steps =
      options.stepCount
      ?? options.minutes.map {
        min(most, max(1, Int(($0 * 60 - validations * timing.validation) / timing.step)))
      } ?? most
    let trainer = Trainer(
      recipe, encoder: trainable, anchor: nil, batches: batches, stepCount: steps,
      seed: options.seed, workerCount: 1)
    return TrainingEstimate(
      plan: plan(trainer, stepCount: steps), advice: recipe.advice,
      seconds: Double(steps) * timing.step + validations * timing.validation,
      memoryInBytes: Process.peakMemory)
  }

  private func plan(_ trainer: borrowing Trainer, stepCount: Int) -> TrainingPlan {
    TrainingPlan(
      version: version, parent: parent.name, recipe: recipe.name,
      exampleCount: pairs.data.examples.count, queryCount: pairs.data.queries.count,
      unansweredCount: pairs.unansweredCount, validationQueryCount: pairs.validation.queryCount,
      validationPassageCount: pairs.validation.passageCount,
      trainedCount: trainer.encoder.trained.tensors.reduce(0) { $0 + $1.range.count },
      parameterCount: trainer.encoder.layout.count, stepCount: stepCount,
      doneCount: trainer.progress.stepCount)
  }

  // MARK: The version

  private func finish(
    _ trainer: borrowing Trainer, _ kernels: Kernels
  ) throws -> TrainSummary {
    let best = TrainedValues(trainer.encoder, trained: trainer.best)
    var chosen = (
      values: best, share: 1.0, metric: trainer.progress.best?.metric ?? 0
    )
    if recipe.interpolates {
      let parentWeights = try WeightFile(base)
      for share in Self.shares {
        let mixed = try best.mixed(with: parentWeights, share: share)
        let metric = validate(mixed, kernels).reciprocalRank
        if metric > chosen.metric { chosen = (mixed, share, metric) }
      }
    }
    try writeAdapters(trainer, share: chosen.share)
    try publish(chosen.values)
    folder.removeState()
    return TrainSummary(
      version: version, stepCount: trainer.progress.stepCount,
      bestStep: trainer.progress.best?.step ?? 0,
      baseMetric: trainer.progress.validations.first?.metric ?? 0,
      metric: chosen.metric, share: chosen.share)
  }

  /// What was trained beside the products, for PEFT: `adapter/` in the run's folder.
  private func writeAdapters(_ trainer: borrowing Trainer, share: Double) throws {
    guard var settings = trainer.encoder.trained.adapters?.settings else { return }
    // A part of the way is that part of B·A.
    settings.alpha *= share
    let target = folder.path + "/adapter"
    Files.removeTree(target)
    try Files.makeFolder(target)
    try AdapterFile.write(
      AdapterLayout(base.configuration, settings), trainer.best, base: parent.name, to: target)
  }

  /// The checkpoint on the disk, then the transaction that names it.
  private func publish(_ values: TrainedValues) throws {
    let made = folder.path + "/model"
    Files.removeTree(made)
    try Files.makeFolder(made)
    try ModelWriter(base: base, layout: values.layout).write(
      values.values, maxLength: texts.maxLength, to: made)
    let model = try ModelDirectory(path: made)
    let digest = try model.digest()
    let files = try Checkpoint.publish(model, digest: digest, inStoreAt: store.path)
    let space = SpaceRecord(
      checkpoint: digest, width: values.layout.shape.width, maxLength: texts.maxLength,
      passagePrefix: texts.passagePrefix, numericPath: space.numericPath, files: files)
    var write = try store.environment.beginWrite()
    let codec = try store.index(parent.index, in: write).codec
    let index = try store.newIndexID(in: &write)
    try store.tables.spaces.put(record: space, at: Key(space.id), in: &write)
    try store.tables.indexes.put(
      record: IndexRecord(space: space.id, codec: codec, count: 0, nextRow: 0), at: Key(index),
      in: &write)
    try store.tables.versions.put(
      record: VersionRecord(
        name: version, checkpoint: digest, queryPrefix: texts.queryPrefix, space: space.id,
        index: index, parent: parent.name, state: "trained", created: timestamp(),
        origin: "trained by the recipe \(recipe.name)"), at: Key(version), in: &write)
    try write.commit()
    Files.removeTree(made)
  }
}

/// A line of log.jsonl.
private struct StepEntry: Encodable {
  let step: Int
  let loss: Double
  let rate: Double
  let gradientNorm: Double
  let tokens: Int
  let isSkipped: Bool

  init(_ step: Trainer.Step) {
    self.step = step.number
    loss = step.loss
    rate = step.rate
    gradientNorm = step.gradientNorm
    tokens = step.tokenCount
    isSkipped = step.isSkipped
  }
}

private struct ValidationEntry: Encodable {
  let step: Int
  let result: Validation.Result
}
