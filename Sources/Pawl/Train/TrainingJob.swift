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
  private let texts: BatchMaker.TextSettings
  private let places: PassagePlaces
  private let pairs: TrainingPairs
  /// Of the pairs what is learned from.
  private let data: TrainingData
  /// Examples of a file that were not drawn.
  private let leftOutCount: Int
  /// As `TrainingRun.Plan` has it.
  private let fingerprint: String
  /// Since the call.
  private let watch = Stopwatch()

  /// - Returns: nil where it was stopped.
  init?(
    _ store: Store, _ set: EvaluationSet?, _ options: TrainOptions, _ watcher: TrainingWatcher
  ) throws {
    let (parent, space) = try Self.parent(of: options, in: store)
    guard let checkpoint = space.checkpoint else { throw StoreError.noEncoder(path: store.path) }
    try store.requireOwnEncoder(of: parent)
    if parent.adapter != nil {
      throw StoreError.isQueryAdapter(path: store.path, version: parent.name)
    }
    base = try ModelDirectory(path: store.checkpointPath(checkpoint))
    encoder = try store.encoder(for: space)
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
    leftOutCount = triples.map { $0.foundCount - $0.examples.count } ?? 0
    var places = try PassagePlaces(store)
    pairs = try TrainingPairs(set, triples, &places, in: store, options)
    self.places = places
    data =
      recipe.part == .queryAdapter
      ? pairs.data.sampled(Self.mostCached, seed: options.seed) : pairs.data
    self.store = store
    self.options = options
    self.parent = parent
    self.space = space
    fingerprint = try Self.fingerprint(data, places, recipe, options, texts, checkpoint)
    try checkData()
  }

  private static func parent(
    of options: TrainOptions, in store: Store
  ) throws -> (VersionRecord, SpaceRecord) {
    let snapshot = try store.environment.snapshot()
    let parent = try store.version(options.version, in: snapshot)
    return (parent, try store.space(parent.space, in: snapshot))
  }

  private static func check(
    _ recipe: Recipe, _ options: TrainOptions, _ texts: BatchMaker.TextSettings,
    _ base: ModelDirectory, _ space: SpaceRecord
  ) throws {
    let positionCount = base.configuration.positionCount
    guard (3...positionCount).contains(texts.maxLength) else {
      throw TrainingError.recipe(
        problem:
          "a maximum length of \(texts.maxLength) tokens: the model takes 3 to \(positionCount)")
    }
    if recipe.batchSize < 2, recipe.separatesAnswers {
      throw TrainingError.batchOfOne(loss: recipe.loss.rawValue)
    }
    if let fault = recipe.fault { throw TrainingError.recipe(problem: fault) }
    if recipe.negatives == .given, options.triples == nil {
      throw TrainingError.recipe(problem: "given negatives are those of --triples")
    }
    if recipe.part == .full, recipe.freezesEmbeddings,
      recipe.firstLayer >= base.configuration.layerCount
    {
      throw TrainingError.recipe(problem: "with all of it frozen there is nothing to train")
    }
    if recipe.part == .queryAdapter, texts.maxLength != space.maxLength {
      throw TrainingError.recipe(
        problem: "an adapter of queries shares its parent's encoder, and with it the maximum length"
      )
    }
  }

  private func checkData() throws {
    let count = data.examples.count
    guard count >= recipe.batchSize else {
      throw TrainingError.tooFewExamples(found: count, needed: recipe.batchSize)
    }
    let least = recipe.leastPassages(answers: data.answers.map(\.count))
    guard places.count >= least else {
      throw StoreError.nothingToTrainOn(
        path: store.path,
        problem:
          "\(places.count) different texts are too few for batches of \(recipe.batchSize) with "
          + "\(recipe.negativeCount) negatives each: \(least) are needed. Ingest more passages, or take a "
          + "smaller --batch-size, fewer --num-negatives, or --negatives batch.")
    }
    guard pairs.keptCount > 0 else {
      throw StoreError.nothingToTrainOn(
        path: store.path,
        problem: "a tenth of the queries is kept back to watch the run, and here that is none. "
          + "Give at least ten queries, or groups.")
    }
    if recipe.negatives == .mined {
      let snapshot = try store.environment.snapshot()
      if try store.index(store.version(parent.name, in: snapshot).index, in: snapshot).count == 0 {
        throw StoreError.nothingToTrainOn(
          path: store.path,
          problem: "\(parent.name) has no embedded passages among which negatives could be found. "
            + "Run pawl ingest or pawl reindex first.")
      }
    }
  }

  private static func fingerprint(
    _ data: TrainingData, _ places: PassagePlaces, _ recipe: Recipe, _ options: TrainOptions,
    _ texts: BatchMaker.TextSettings, _ checkpoint: String
  ) throws -> String {
    var digest = ""
    var facts = String(decoding: try Table.encode(recipe), as: UTF8.self)
    facts += "\n\(checkpoint) \(options.seed) \(texts.maxLength) \(options.stepCount ?? 0) "
    facts += "\(options.minutes ?? 0)\n\(texts.queryPrefix)\n\(texts.passagePrefix)\n"
    facts += "\(places.checksum)\n"
    func flush(atLeast size: Int) {
      if facts.utf8.count < size { return }
      digest = SHA256.hex(of: digest + facts)
      facts = ""
    }
    for query in data.queries {
      facts += query + "\n"
      flush(atLeast: 1 << 20)
    }
    for example in data.examples {
      facts +=
        "\(example.query) \(example.positive) \(example.negatives) \(example.teacherScores)\n"
      flush(atLeast: 1 << 20)
    }
    flush(atLeast: 0)
    return digest
  }

  // MARK: The run

  /// - Returns: nil where it was stopped.
  func run(_ watcher: TrainingWatcher) throws -> TrainSummary? {
    let folder = try runFolder()
    guard var plan = folder.plan() else {
      throw TrainingError.state(folder: folder.path, problem: "plan.json is damaged")
    }
    let validation = try validation(folder)
    guard let mined = try mined(folder, watcher) else { return nil }
    let kind = try kind(mined, validation)
    if kind.objective.batchCount() == 0 { throw TrainingError.noBatch(batchSize: recipe.batchSize) }
    if plan.stepCount == nil {
      let schedule = try schedule(kind)
      (plan.stepCount, plan.validationCount) = (schedule.stepCount, schedule.validationCount)
      try folder.write(plan)
    }
    let schedule = TrainingSchedule(
      stepCount: plan.stepCount ?? 1, validationCount: plan.validationCount ?? 1)
    var trainer = Trainer(
      recipe, kind.objective, stepCount: schedule.stepCount, workerCount: Process.processorCount)
    let hasState = try trainer.restore(from: folder.path, fingerprint: fingerprint)
    try folder.keepLog(below: hasState ? trainer.progress.stepCount : nil)
    let withoutNegatives =
      recipe.negatives == .mined ? mined.examples.count(where: \.negatives.isEmpty) : 0
    watcher.didPlan(
      try self.plan(
        trainer, validation, folder, stepCount: schedule.stepCount,
        withoutNegatives: withoutNegatives))
    if !watcher.isWanted() { return nil }
    let run = TrainingLoop(
      kind: kind, folder: folder, schedule: schedule, fingerprint: fingerprint, watcher: watcher)
    do {
      guard try run.finish(&trainer, hasState: hasState) else { return nil }
    } catch TrainingError.diverged(let step, _) {
      // Its last values are no result, whatever the recipe takes.
      let isBetter = !recipe.takesLast && (trainer.progress.best?.step ?? 0) > 0
      let made = isBetter ? try publish(trainer, kind, folder).version : nil
      if !isBetter { Files.removeTree(folder.path) }
      throw TrainingError.diverged(step: step, version: made)
    }
    var summary = try publish(trainer, kind, folder)
    summary.upkeep = store.measureIfDue(summary.version, progress: watcher.didPrepare)
    return summary
  }

  /// The folder of the run that this call goes on with, or of a new one, whose name nobody else takes.
  private func runFolder() throws -> TrainingRun {
    // Versions are named in write transactions: none is made until this one ends.
    // Its end, unless committed, is to leave all as it was.
    let write = try store.environment.beginWrite()
    if let run = try TrainingRun(unfinished: fingerprint, in: store, write) { return run }
    let folder = TrainingRun(of: try store.nextVersionName(in: write), inStoreAt: store.path)
    try folder.begin(
      TrainingRun.Plan(
        version: folder.version, parent: parent.name, recipe: recipe, seed: options.seed,
        maxLength: texts.maxLength, fingerprint: fingerprint))
    return folder
  }

  private func looks() throws -> TrainingLooks {
    try pairs.looks(among: places, in: store, version: parent.name, seed: options.seed)
  }

  private func validation(_ folder: TrainingRun) throws -> Validation {
    if let known = try folder.kept(TrainingRun.looks) { return try known.validation(places, texts) }
    let looks = try looks()
    try folder.keep(looks, as: TrainingRun.looks)
    return try looks.validation(places, texts)
  }

  /// What is learned from, with negatives where the recipe mines them.
  ///
  /// - Returns: nil where it was stopped.
  private func mined(_ folder: TrainingRun, _ watcher: TrainingWatcher) throws -> TrainingData? {
    if recipe.negatives != .mined { return data }
    var negatives = try folder.kept(TrainingRun.negatives)
    if negatives == nil {
      let mined = try store.mine(
        data, places, recipe.mining, version: parent.name, count: recipe.negativeCount,
        seed: options.seed, progress: watcher.didPrepare)
      guard let mined else { return nil }
      try MinedNegatives(path: folder.path + "/negatives.tsv", store, places).write(
        mined, data, labels: pairs.labels, version: parent.name)
      let chosen = mined.map { $0.map(\.place) }
      try folder.keep(chosen, as: TrainingRun.negatives)
      negatives = chosen
    }
    guard let negatives, negatives.count == data.examples.count else {
      throw TrainingError.state(folder: folder.path, problem: "state-negatives.json is damaged")
    }
    return data.with(
      zip(data.examples, negatives).map { example, negatives in
        TrainingExample(
          query: example.query, positive: example.positive, negatives: negatives)
      })
  }

  /// Examples whose vectors a run keeps in memory: 1.5 KB each, and as much for every negative.
  private static let mostCached = 50_000

  private func kind(
    _ data: TrainingData, _ validation: Validation
  ) throws -> any TrainingKind {
    if recipe.part != .queryAdapter {
      return try EncoderTraining(
        recipe, data, validation, base: base, parent: encoder, texts, seed: options.seed)
    }
    // Every passage that a step may take has to be among the vectors.
    let data = data.filled(recipe.negativeCount, seed: options.seed)
    var needed = Set(validation.places)
    for example in data.examples { needed.formUnion([example.positive] + example.negatives) }
    return QueryAdapterTraining(
      recipe, data, validation, encoder: encoder, queryPrefix: texts.queryPrefix,
      try vectors(of: needed.sorted()), seed: options.seed)
  }

  /// What the codes of texts stand for; of those that have none yet, what the encoder says.
  private func vectors(of wanted: [Int]) throws -> (rows: [Int: Int], values: [Float]) {
    let snapshot = try store.environment.snapshot()
    let codes = try IndexCodes(
      store, store.version(parent.name, in: snapshot).index, in: snapshot)
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

  /// Of the time that is given, looks at the queries kept back may take this share.
  private static let validationShare = 0.25

  /// As many steps as were asked for, or as the minutes have room for; at most those of the recipe's epochs.
  private func schedule(_ kind: any TrainingKind, _ known: Pace? = nil) throws -> TrainingSchedule {
    if let count = options.stepCount {
      return TrainingSchedule(stepCount: count, validationCount: recipe.validations)
    }
    let most = max(1, Int(min(1e9, Double(kind.objective.batchCount()) * recipe.epochs)))
    guard let minutes = options.minutes else {
      return TrainingSchedule(stepCount: most, validationCount: recipe.validations)
    }
    let pace = try known ?? Pace(kind)
    let seconds = min(1e9, minutes * 60) - watch.elapsed
    let affordable = min(1e6, Self.validationShare * seconds / max(pace.validation, 1e-6))
    let validations = min(recipe.validations, max(2, Int(affordable) - otherValidations))
    let left = seconds - Double(validations + otherValidations) * pace.validation
    let steps = min(Double(most), max(1, left / max(pace.step, 1e-6)))
    return TrainingSchedule(stepCount: Int(steps), validationCount: validations)
  }

  /// Looks before the first step, and at values between the parent's and the best.
  private var otherValidations: Int { 1 + recipe.triedShares.count }

  /// What a run would do, and about what it would take; nothing is written.
  ///
  /// Mined negatives cost one search a query; others by chance, which a batch is filled with, cost a step as much.
  func estimate() throws -> TrainingEstimate {
    let validation = try looks().validation(places, texts)
    let kind = try kind(data, validation)
    if kind.objective.batchCount() == 0 { throw TrainingError.noBatch(batchSize: recipe.batchSize) }
    let pace = try Pace(kind)
    let schedule = try schedule(kind, pace)
    let snapshot = try store.environment.snapshot()
    let folder = TrainingRun(of: try store.nextVersionName(in: snapshot), inStoreAt: store.path)
    let trainer = Trainer(
      recipe, kind.objective, stepCount: schedule.stepCount, workerCount: 1)
    return TrainingEstimate(
      plan: try plan(
        trainer, validation, folder, stepCount: schedule.stepCount, withoutNegatives: 0),
      advice: recipe.advice,
      seconds: Double(schedule.stepCount) * pace.step
        + Double(schedule.validationCount + otherValidations) * pace.validation,
      memoryInBytes: Process.peakMemory)
  }

  private func plan(
    _ trainer: borrowing Trainer, _ validation: Validation, _ folder: TrainingRun, stepCount: Int,
    withoutNegatives: Int
  ) throws -> TrainingPlan {
    let trained = trainer.objective.trained
    return TrainingPlan(
      version: folder.version, parent: parent.name, recipe: recipe.name,
      exampleCount: data.examples.count, queryCount: Set(data.examples.map(\.query)).count,
      unansweredCount: pairs.unansweredCount, unusableCount: pairs.unusableCount,
      leftOutCount: leftOutCount + pairs.data.examples.count - data.examples.count,
      withoutNegativesCount: withoutNegatives,
      validationQueryCount: validation.queryCount,
      validationPassageCount: validation.passageCount,
      trainedCount: trained.tensors.reduce(0) { $0 + $1.range.count },
      parameterCount: trainer.objective.parameterCount, stepCount: stepCount,
      doneCount: trainer.progress.stepCount,
      otherRuns: try TrainingRun.unfinished(in: store, store.environment.snapshot()).map(\.path)
        .filter { $0 != folder.path })
  }

  // MARK: The version

  private func publish(
    _ trainer: borrowing Trainer, _ kind: any TrainingKind, _ folder: TrainingRun
  ) throws -> TrainSummary {
    let result = trainer.result
    let bestStep = result.look?.step ?? 0
    let outcome = try kind.outcome(result.values, result.look)
    // Before the version: what a kill leaves undone the same command does.
    let isNew = try pairs.calibration.map(store.addCalibration) ?? false
    let summary = TrainSummary(
      version: folder.version, stepCount: trainer.progress.stepCount, bestStep: bestStep,
      baseMetric: trainer.progress.base?.reciprocalRank ?? 0, metric: outcome.metric,
      share: outcome.share, calibrationCount: isNew ? pairs.calibration?.queryCount : nil)
    if let adapters = outcome.adapters {
      let target = folder.path + "/adapter"
      Files.removeTree(target)
      try Files.makeFolder(target)
      try AdapterFile.write(adapters.layout, adapters.values, base: parent.name, to: target)
    }
    var version = NewVersion(
      name: folder.version, parent: parent.name, queryPrefix: parent.queryPrefix,
      origin: "trained by the recipe \(recipe.name)", training: record(summary), used: pairs.used)
    switch outcome.product {
    case .queryAdapter(let adapter):
      version.adapter = adapter
      try store.add(version)
    case .encoder where bestStep == 0:
      // The parent's own files: nothing has to be embedded anew.
      try store.add(
        version, base, maxLength: texts.maxLength, passagePrefix: texts.passagePrefix,
        numericPath: space.numericPath)
    case .encoder(let values):
      try Files.makeEmptyFolder(folder.modelPath)
      try ModelWriter(base: base, layout: values.layout).write(
        values.values, maxLength: texts.maxLength, to: folder.modelPath)
      try store.add(
        version, ModelDirectory(path: folder.modelPath), maxLength: texts.maxLength,
        passagePrefix: texts.passagePrefix, numericPath: space.numericPath)
    }
    folder.removeWork()
    return summary
  }

  private func record(_ summary: TrainSummary) -> TrainingRecord {
    TrainingRecord(
      recipe: recipe, seed: options.seed, minimumGrade: options.minimumGrade,
      exampleCount: data.examples.count, queryCount: Set(data.examples.map(\.query)).count,
      stepCount: summary.stepCount, bestStep: summary.bestStep, baseMetric: summary.baseMetric,
      metric: summary.metric, share: summary.share)
  }
}
