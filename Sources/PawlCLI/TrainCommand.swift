internal import ArgumentParser
internal import Pawl
internal import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Make the next version of the encoder from queries and judgments.",
    discussion: """
      A tenth of the judged queries, whole groups of them, is kept back to watch the run; the best \
      values on it become the version. It serves nobody until it is embedded, compared and promoted.

      A run that is stopped or killed goes on when the same command is run again, and ends with the same \
      bytes as one that was not.

      Example:
        pawl train demo.pawl --queries queries.train.tsv --qrels qrels.train.tsv --minutes 8
        pawl train demo.pawl --queries q.tsv --qrels qrels.tsv --recipe contrastive --steps 250
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var source: EvaluationSource
  @Option(
    help: ArgumentHelp("qid<TAB>group a line: what hangs together.", valueName: "groups.tsv"))
  var groups: String?
  @Option(
    help: ArgumentHelp(
      "One of: \(Recipe.all.map(\.name).joined(separator: ", ")).", valueName: "name"),
    transform: Self.recipe(named:))
  var recipe = Recipe.safe
  @Option(help: ArgumentHelp("About so long (default: the recipe's epochs).", valueName: "m"))
  var minutes: Double?
  @Option(help: ArgumentHelp("So many batches instead.", valueName: "n"))
  var steps: Int?
  @Option(help: ArgumentHelp("Queries a batch.", valueName: "n"))
  var batchSize: Int?
  @Option(help: ArgumentHelp("The peak of the learning rate.", valueName: "x"))
  var learningRate: Double?
  @Option(help: ArgumentHelp("Tokens of the longest text (default: the parent's).", valueName: "t"))
  var maxLength: Int?
  @Option(help: ArgumentHelp("Of all random choices.", valueName: "n"))
  var seed: UInt64 = 1
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Passages are relevant from this grade on.", valueName: "g"))
  var minGrade: Int32 = 1
  @Flag(help: "Say what would be done and about what it would take; write nothing.")
  var explain = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if groups != nil, source.queries == nil {
      throw ValidationError("--groups goes with --queries and --qrels; a stored set has its own.")
    }
    if minutes != nil, steps != nil { throw ValidationError("Give --minutes or --steps.") }
    if let minutes, minutes <= 0 { throw ValidationError("--minutes must be above 0.") }
    if let steps, steps < 1 { throw ValidationError("--steps must be at least 1.") }
    if let batchSize, batchSize < 1 { throw ValidationError("--batch-size must be at least 1.") }
    if let learningRate, learningRate <= 0 || !learningRate.isFinite {
      throw ValidationError("--learning-rate must be above 0.")
    }
    if minGrade < 0 { throw ValidationError("--min-grade must be at least 0.") }
  }

  static func recipe(named name: String) throws -> Recipe {
    guard let recipe = Recipe.named(name) else {
      throw ValidationError(
        "There is no recipe \"\(name)\", only \(Recipe.all.map(\.name).joined(separator: ", ")).")
    }
    return recipe
  }

  /// The judged queries, with what hangs together.
  private func set(in store: Store) throws -> EvaluationSet {
    guard let groups, let queries = source.queries, let qrels = source.qrels else {
      return try source.set(in: store, minimumGrade: Int(minGrade))
    }
    let set = try EvaluationSet(queries: queries, qrels: qrels, groups: groups)
    if !source.onlyStored { return set }
    return try set.restricted(toStoredIn: store, relevantFrom: Int(minGrade))
  }

  private func show(_ estimate: TrainingEstimate) throws {
    if output.json { return Output.line(try JSONOutput.line(EstimateReport(estimate))) }
    for line in TrainingLine.lines(estimate.plan) { Output.line(line) }
    Output.line(estimate.advice)
    Output.line(
      "about \(Figures.duration(estimate.seconds)) min and \(Figures.bytes(estimate.memoryInBytes)) "
        + "of memory here; nothing was written")
  }

  func run() throws {
    let store = try Store(path: target.store)
    var options = TrainOptions()
    options.recipe = recipe
    if let batchSize { options.recipe.batchSize = batchSize }
    if let learningRate { options.recipe.rate = learningRate }
    options.minutes = minutes
    options.stepCount = steps
    options.maxLength = maxLength
    options.seed = seed
    options.minimumGrade = minGrade
    let set = try set(in: store)
    if explain { return try show(store.estimateTraining(set, options)) }
    Interrupt.watch()
    let line = TrainingLine(isQuiet: quiet)
    let summary = try store.train(set, options, line.watcher)
    line.finish()
    guard let summary else {
      Terminal.error("stopped; the same command goes on where it was")
      throw ExitStatus.failed.code
    }
    if output.json { return Output.line(try JSONOutput.line(TrainReport(summary))) }
    Output.line(
      "\(target.store): MRR@10 \(Figures.fixed(summary.baseMetric, 4)) → "
        + "\(Figures.fixed(summary.metric, 4)) on the queries kept back, by step \(summary.bestStep) "
        + "of \(summary.stepCount)"
        + (summary.share < 1 ? ", \(Figures.fixed(summary.share, 2)) of the way" : ""))
    Output.line(summary.version)
  }
}

/// What a run would do, as JSON.
struct EstimateReport: Encodable {
  let version: String
  let parent: String
  let recipe: String
  let pairs: Int
  let queries: Int
  let trainedParameters: Int
  let parameters: Int
  let steps: Int
  let seconds: Double
  let memoryInBytes: Int
  let advice: String

  init(_ estimate: TrainingEstimate) {
    version = estimate.plan.version
    parent = estimate.plan.parent
    recipe = estimate.plan.recipe
    pairs = estimate.plan.exampleCount
    queries = estimate.plan.queryCount
    trainedParameters = estimate.plan.trainedCount
    parameters = estimate.plan.parameterCount
    steps = estimate.plan.stepCount
    seconds = estimate.seconds
    memoryInBytes = estimate.memoryInBytes
    advice = estimate.advice
  }
}

/// A run's result as JSON.
struct TrainReport: Encodable {
  let version: String
  let steps: Int
  let bestStep: Int
  let base: Double
  let metric: Double
  let share: Double

  init(_ summary: TrainSummary) {
    version = summary.version
    steps = summary.stepCount
    bestStep = summary.bestStep
    base = summary.baseMetric
    metric = summary.metric
    share = summary.share
  }
}
