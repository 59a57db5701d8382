internal import Corpus
internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra
internal import Training

/// One call of `train`: from judgments or triples to a version.
struct TrainingJob {
  private let store: Store
  private let options: TrainOptions
  private let recipe: Recipe
  private let parent: VersionRecord
  private let space: SpaceRecord
  private let base: ModelDirectory
  private let encoder: TextEncoder
  private let kernels: Kernels
  private let texts: BatchMaker.TextSettings
  private let places: PassagePlaces
  private let pairs: TrainingPairs
  private let fingerprint: String
  private let folder: TrainingRun

  /// - Returns: nil where it was stopped.
  init?(
    _ store: Store, _ set: EvaluationSet?, _ options: TrainOptions, _ watcher: TrainingWatcher
  ) throws {
    let snapshot = try store.environment.snapshot()
    let parent = try store.version(nil, in: snapshot)
    let space = try store.space(parent.space, in: snapshot)
    guard let checkpoint = space.checkpoint else { throw StoreError.noEncoder(path: store.path) }
    self.store = store
    self.options = options
    self.parent = parent
    self.space = space
    base = try ModelDirectory(path: store.checkpointPath(checkpoint))
    encoder = try store.encoder(for: space)
    kernels = encoder.kernels
    recipe = options.recipe
    texts = BatchMaker.TextSettings(
      queryPrefix: parent.queryPrefix, passagePrefix: space.passagePrefix,
      maxLength: options.maxLength ?? space.maxLength)
    try Self.check(recipe, options, texts, base, space)
    var triples: SampledTriples?
    if let path = options.triples {
      triples = try SampledTriples(
        path: path, count: options.sampleCount, seed: options.seed, progress: watcher.didPrepare)
      if triples == nil { return nil }
    }
    var places = try PassagePlaces(store)
    pairs = try TrainingPairs(set, triples, &places, in: store, options, texts)
    self.places = places
    fingerprint = try Self.fingerprint(pairs, recipe, options, texts, checkpoint)
    folder =
      try TrainingRun(unfinished: fingerprint, in: store, snapshot)
      ?? TrainingRun(of: store.nextVersionName(in: snapshot), inStoreAt: store.path)
    try checkData()
  }

  private static func check(
    _ recipe: Recipe, _ options: TrainOptions, _ texts: BatchMaker.TextSettings,
    _ base: ModelDirectory, _ space: SpaceRecord
  ) throws {
    let positionCount = base.configuration.positionCount
    guard (3...positionCount).contains(texts.maxLength) else {
      throw EncodingError.unsupported(
        path: base.path,
        feature: "a maximum length of \(texts.maxLength) tokens (the model takes 3 to "
          + "\(positionCount))")
    }
    if recipe.batchSize < 2, recipe.separatesAnswers {
      throw TrainingError.batchOfOne(loss: recipe.loss.rawValue)
    }
    if let fault = recipe.fault { throw TrainingError.recipe(problem: fault) }
    if recipe.needsTeacher, options.triples == nil {
      throw TrainingError.recipe(
        problem:
          "the loss \(recipe.loss.rawValue) needs a teacher's scores: triples of five columns, scores first"
      )
    }
    if recipe.negatives == .given, options.triples == nil {
      throw TrainingError.recipe(problem: "given negatives are those of --triples")
    }
    if recipe.part == .queryAdapter, texts.maxLength != space.maxLength {
      throw TrainingError.recipe(
        problem: "an adapter of queries shares its parent's encoder, and with it the maximum length"
      )
    }
  }

  private func checkData() throws {
    let count = pairs.data.examples.count
    guard count >= recipe.batchSize else {
      throw TrainingError.tooFewExamples(found: count, needed: recipe.batchSize)
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
          "a tenth of the queries is kept back to watch the run, and here that is none. "
          + "Give at least ten queries, or groups.")
    }
  }

  /// Of all that decides the result but the number of steps.
  private static func fingerprint(
    _ pairs: TrainingPairs, _ recipe: Recipe, _ options: TrainOptions,
    _ texts: BatchMaker.TextSettings, _ checkpoint: String
  ) throws -> String {
    var facts = String(decoding: try Table.encode(recipe), as: UTF8.self)
    facts += "\n\(checkpoint) \(options.seed) \(texts.maxLength) \(options.stepCount ?? 0) "
    facts += "\(options.minutes ?? 0)\n\(texts.queryPrefix)\n\(texts.passagePrefix)\n"
    for query in pairs.data.queries { facts += query + "\n" }
    for example in pairs.data.examples {
      facts +=
        "\(example.query) \(example.positive) \(example.negatives) \(example.teacherScores)\n"
    }
    return SHA256.hex(of: facts)
  }

  // MARK: The run

  func run(_ watcher: TrainingWatcher) throws -> TrainSummary? {
    let job = try store.beginOnlyJob(JobRecord.training)
    defer {
      do { try store.endJob(job) } catch { store.forgetOwnJob(job) }
    }
    var plan =
      folder.plan()
      ?? TrainingRun.Plan(
        version: folder.version, parent: parent.name, recipe: recipe, seed: options.seed,
        maxLength: texts.maxLength, fingerprint: fingerprint)
    if folder.plan() == nil { try folder.begin(plan) }
    guard let data = try data(watcher) else { return nil }
    let kind = try kind(data)
    let stepCount = try plan.stepCount ?? stepCount(kind.objective, Pace(kind))
    if plan.stepCount == nil {
      plan.stepCount = stepCount
      try folder.write(plan)
    }
    var trainer = Trainer(
      recipe, kind.objective, stepCount: stepCount, workerCount: Process.processorCount)
    let hasState = try trainer.restore(from: folder.path, fingerprint: fingerprint)
    try folder.keepLog(below: trainer.progress.stepCount)
    watcher.didPlan(try self.plan(trainer, stepCount: stepCount))
    if !hasState {
      let result = try kind.validate(kind.objective.trained.values)
      _ = trainer.note(result)
      try note(result, of: trainer, watcher)
    }
    guard try train(&trainer, kind, stepCount: stepCount, watcher) else { return nil }
    return try finish(trainer, kind)
  }

  /// - Returns: false where it was stopped.
  private func train(
    _ trainer: inout Trainer, _ kind: any TrainingKind, stepCount: Int, _ watcher: TrainingWatcher
  ) throws -> Bool {
    let interval = max(1, stepCount / max(1, recipe.validations))
    if !trainer.goesOn { return true }
    while let step = try trainer.step() {
      try folder.log(RunEntry(step))
      let goesOn = watcher.didStep(step, stepCount)
      let done = step.number + 1
      if done % interval == 0 || done == stepCount {
        let result = try kind.validate(trainer.current)
        let isLast = !trainer.note(result)
        try note(result, of: trainer, watcher)
        if isLast { return true }
      }
      if !goesOn {
        try trainer.save(to: folder.path, fingerprint: fingerprint)
        return false
      }
    }
    return true
  }

  /// Tells of a validation, and keeps what the run needs to go on from here.
  private func note(
    _ result: Validation.Result, of trainer: borrowing Trainer, _ watcher: TrainingWatcher
  ) throws {
    let progress = trainer.progress
    watcher.didValidate(
      ValidationReport(
        step: progress.stepCount, result: result, isBest: progress.best?.step == progress.stepCount,
        hasCollapsed: progress.base.map(result.hasCollapsed) ?? false))
    try folder.log(RunEntry(result, step: progress.stepCount))
    try folder.plot(recipe: recipe.name)
    try trainer.save(to: folder.path, fingerprint: fingerprint)
  }

  /// What is learned from, with negatives where the recipe mines them.
  private func data(_ watcher: TrainingWatcher) throws -> TrainingData? {
    let data = sampled(pairs.data)
    if recipe.negatives != .mined { return data }
    let file = MinedNegatives(path: folder.path + "/negatives.tsv", store, places)
    if let known = try file.read(data, labels: pairs.labels) { return known }
    let mined = try store.mine(
      data, places, recipe.mining, count: recipe.negativeCount, seed: options.seed,
      progress: watcher.didPrepare)
    guard let mined else { return nil }
    try file.write(mined, data, labels: pairs.labels, version: parent.name)
    return data.with(
      zip(data.examples, mined).map { example, mined in
        TrainingExample(
          query: example.query, positive: example.positive, negatives: mined.map(\.place))
      })
  }

  /// Examples whose vectors a run keeps in memory: 1.5 KB each, and as much for every negative.
  private static let mostCached = 50_000

  /// As many examples as the run may take.
  private func sampled(_ data: TrainingData) -> TrainingData {
    recipe.part == .queryAdapter ? data.sampled(Self.mostCached, seed: options.seed) : data
  }

  private func kind(_ data: TrainingData) throws -> any TrainingKind {
    if recipe.part != .queryAdapter {
      return try EncoderTraining(
        recipe, data, pairs.validation, base: base, parent: encoder, texts, seed: options.seed,
        kernels: kernels)
    }
    // Every passage that a step may take has to be among the vectors.
    let data = data.filled(recipe.negativeCount, seed: options.seed)
    var needed = Set(pairs.validation.places)
    for example in data.examples { needed.formUnion([example.positive] + example.negatives) }
    return QueryAdapterTraining(
      recipe, data, pairs.validation, encoder: encoder, queryPrefix: texts.queryPrefix,
      try vectors(of: needed.sorted()), seed: options.seed)
  }

  /// What the codes of texts stand for; of those that have none yet, what the encoder says.
  private func vectors(of wanted: [Int]) throws -> (rows: [Int: Int], values: [Float]) {
    let snapshot = try store.environment.snapshot()
    let codes = try IndexCodes(store, parent.index, in: snapshot)
    var (rows, values, missing) = ([Int: Int](), [Float](), [Int]())
    for start in stride(from: 0, to: wanted.count, by: 1_024) {
      var found = CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
      for place in wanted[start..<min(start + 1_024, wanted.count)] {
        if let row = places.row(of: place),
          try codes.copyCode(of: row, to: row, &found, in: snapshot)
        {
          rows[place] = rows.count
        } else {
          missing.append(place)
        }
      }
      values += found.decoded()
    }
    for place in missing { rows[place] = rows.count }
    values += encoder.encode(
      try missing.map(places.text), prefix: texts.passagePrefix,
      workerCount: Process.processorCount)
    return (rows, values)
  }

  // MARK: What it takes

  /// Seconds of a step and of a validation, each tried.
  private struct Pace {
    let step: Double
    let validation: Double

    init(_ kind: any TrainingKind) throws {
      let clock = ContinuousClock()
      var seconds: [Double] = []
      for step in 0..<3 {
        let start = clock.now
        if try kind.objective.addGradients(ofStep: step) == nil { break }
        seconds.append((clock.now - start) / .seconds(1))
      }
      kind.objective.trained.gradients.fill(0)
      let start = clock.now
      _ = try kind.validate(kind.objective.trained.values)
      validation = (clock.now - start) / .seconds(1)
      // Optimizer and packing are a twentieth.
      step = (seconds.min() ?? 1) * 1.05
    }
  }

  /// As many as were asked for, or in the minutes that were; at most those of the recipe's epochs.
  private func stepCount(_ objective: any Objective, _ pace: Pace) -> Int {
    if let count = options.stepCount { return count }
    let most = max(1, Int(Double(objective.batchCount()) * recipe.epochs))
    guard let minutes = options.minutes else { return most }
    let left = minutes * 60 - validationSeconds(pace)
    return min(most, max(1, Int(left / pace.step)))
  }

  /// Of all validations: the one before the first step, and those of values between the parent's and the best.
  private func validationSeconds(_ pace: Pace) -> Double {
    Double(recipe.validations + 1 + (recipe.interpolates ? 3 : 0)) * pace.validation
  }

  /// What a run would do, and about what it would take; nothing is written.
  func estimate() throws -> TrainingEstimate {
    // Mined negatives cost one search a query; others by chance, which a batch is filled with, cost a step as
    // much.
    let kind = try kind(sampled(pairs.data))
    let pace = try Pace(kind)
    let count = stepCount(kind.objective, pace)
    let trainer = Trainer(recipe, kind.objective, stepCount: count, workerCount: 1)
    return TrainingEstimate(
      plan: try plan(trainer, stepCount: count), advice: recipe.advice,
      seconds: Double(count) * pace.step + validationSeconds(pace),
      memoryInBytes: Process.peakMemory)
  }

  private func plan(_ trainer: borrowing Trainer, stepCount: Int) throws -> TrainingPlan {
    let trained = trainer.objective.trained
    return TrainingPlan(
      version: folder.version, parent: parent.name, recipe: recipe.name,
      exampleCount: pairs.data.examples.count, queryCount: pairs.data.queries.count,
      unansweredCount: pairs.unansweredCount, unusableCount: pairs.unusableCount,
      validationQueryCount: pairs.validation.queryCount,
      validationPassageCount: pairs.validation.passageCount,
      trainedCount: trained.tensors.reduce(0) { $0 + $1.range.count },
      parameterCount: trainer.objective.parameterCount, stepCount: stepCount,
      doneCount: trainer.progress.stepCount,
      otherRuns: try TrainingRun.unfinished(in: store, store.environment.snapshot()).map(\.path)
        .filter { $0 != folder.path })
  }

  // MARK: The version

  private func finish(
    _ trainer: borrowing Trainer, _ kind: any TrainingKind
  ) throws -> TrainSummary {
    let outcome = try kind.outcome(trainer.best, metric: trainer.progress.best?.metric ?? 0)
    let summary = TrainSummary(
      version: folder.version, stepCount: trainer.progress.stepCount,
      bestStep: trainer.progress.best?.step ?? 0,
      baseMetric: trainer.progress.validations.first?.metric ?? 0, metric: outcome.metric,
      share: outcome.share)
    if let adapters = outcome.adapters {
      let target = folder.path + "/adapter"
      Files.removeTree(target)
      try Files.makeFolder(target)
      try AdapterFile.write(adapters.layout, adapters.values, base: parent.name, to: target)
    }
    let version = NewVersion(
      name: folder.version, parent: parent, queryPrefix: parent.queryPrefix,
      origin: "trained by the recipe \(recipe.name)", training: record(summary), used: pairs.used)
    switch outcome.product {
    case .queryAdapter(let adapter): try store.add(version, adapter)
    case .encoder(let values):
      let made = folder.path + "/model"
      Files.removeTree(made)
      try Files.makeFolder(made)
      try ModelWriter(base: base, layout: values.layout).write(
        values.values, maxLength: texts.maxLength, to: made)
      try store.add(
        version, ModelDirectory(path: made), maxLength: texts.maxLength,
        passagePrefix: texts.passagePrefix, numericPath: space.numericPath)
      Files.removeTree(made)
    }
    folder.removeState()
    return summary
  }

  private func record(_ summary: TrainSummary) -> TrainingRecord {
    TrainingRecord(
      recipe: recipe, seed: options.seed, minimumGrade: options.minimumGrade,
      exampleCount: pairs.data.examples.count, queryCount: pairs.data.queries.count,
      stepCount: summary.stepCount, bestStep: summary.bestStep, baseMetric: summary.baseMetric,
      metric: summary.metric, share: summary.share)
  }
}
