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
        pawl train demo.pawl --queries q.tsv --qrels qrels.tsv --minutes 8
        pawl train demo.pawl --queries q.tsv --qrels qrels.tsv \\
          --recipe contrastive --steps 250
        pawl train demo.pawl --triples triples.train.small.tsv \\
          --sample 100000 --recipe paper-random-full
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var source: TrainingSource
  @Option(
    help: ArgumentHelp("Train this version's encoder, not the active one's.", valueName: "vN"))
  var version: String?
  @Option(help: ArgumentHelp("About so long (default: the recipe's epochs).", valueName: "m"))
  var minutes: Double?
  @Option(help: ArgumentHelp("So many batches instead.", valueName: "n"))
  var steps: Int?
  @Option(help: ArgumentHelp("Tokens of the longest text (default: the parent's).", valueName: "t"))
  var maxLength: Int?
  @Option(help: ArgumentHelp("Of all random choices.", valueName: "n"))
  var seed: UInt64 = 1
  @Flag(help: "Say what would be done and about what it would take; write nothing.")
  var explain = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions
  @OptionGroup(title: "The recipe and what of it shall be otherwise") var recipe: RecipeOptions

  func validate() throws {
    if minutes != nil, steps != nil { throw ValidationError("Give --minutes or --steps.") }
    if let minutes, minutes <= 0 || minutes > 100_000 || minutes.isNaN {
      throw ValidationError("--minutes takes more than 0, up to 100000.")
    }
    if let steps, !(1...1_000_000_000).contains(steps) {
      throw ValidationError("--steps takes 1 to 1000000000.")
    }
    if let maxLength, maxLength < 3 {
      throw ValidationError("--max-length must be at least 3: [CLS], [SEP] and a token.")
    }
  }

  private var options: TrainOptions {
    var options = TrainOptions()
    options.recipe = recipe.settings(hasTriples: source.triples != nil)
    options.version = version
    options.triples = source.triples
    options.sampleCount = source.sample
    options.minutes = minutes
    options.stepCount = steps
    options.maxLength = maxLength
    options.seed = seed
    options.minimumGrade = source.queries.judged.minGrade
    return options
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
    let store = try Store(path: target.store, access: explain ? .reading : .writing)
    try source.queries.judged.requireNoGate(in: store)
    let set = try source.set(in: store)
    Interrupt.watch()
    let line = TrainingLine(isQuiet: quiet)
    defer { line.finish() }
    if explain {
      let estimate = try store.estimateTraining(set, options, line.watcher)
      line.finish()
      guard let estimate else {
        Terminal.error("stopped; nothing was written")
        throw ExitStatus.failed.code
      }
      return try show(estimate)
    }
    let summary = try store.train(set, options, line.watcher)
    line.finish()
    guard let summary else { throw try stopped(line.done) }
    let sharing = SharedIndexText(summary.upkeep, version: summary.version, store: target.store)
    if output.json {
      Output.line(try JSONOutput.line(TrainReport(summary)))
      return try sharing.tellProblem()
    }
    Output.line("\(target.store): \(Self.sentence(summary))")
    if let count = summary.calibrationCount {
      Output.line(
        "\(target.store): \(Figures.count(count, "query", "queries")) of those kept back are the set calibration "
          + "now, with which indexes are measured (pawl calibrate: the one that serves, too)")
    }
    sharing.tell()
    Output.line(summary.version)
    try sharing.tellProblem()
  }

  private func stopped(_ done: (version: String, steps: Int, of: Int)?) throws -> ExitCode {
    if output.json {
      Output.line(
        try JSONOutput.line(
          StoppedReport(version: done?.version, steps: done?.steps ?? 0, of: done?.of)))
    }
    let told =
      done.map { " after \(Figures.grouped($0.steps)) of \(Figures.count($0.of, "step"))" } ?? ""
    Terminal.error("stopped\(told); the same command goes on where it was")
    return ExitStatus.failed.code
  }

  private static func sentence(_ summary: TrainSummary) -> String {
    let base = Figures.fixed(summary.baseMetric, 4)
    if summary.bestStep == 0 {
      return "no step was better than the parent (MRR@10 \(base) on the queries kept back): "
        + "\(summary.version) has its values"
    }
    return "MRR@10 \(base) → \(Figures.fixed(summary.metric, 4)) on the queries kept back, by step "
      + "\(Figures.grouped(summary.bestStep)) of \(Figures.grouped(summary.stepCount))"
      + (summary.share < 1 ? ", \(Figures.fixed(summary.share, 2)) of the way" : "")
  }
}

/// What is learned from.
struct TrainingSource: ParsableArguments {
  @OptionGroup var queries: GroupedQueries
  @Option(
    help: ArgumentHelp(
      "Learn from query<TAB>positive<TAB>negative lines: texts, where the first positive has a blank in it, else "
        + "ids of the queries and the store; for some losses with a teacher's scores of both passages before them.",
      valueName: "triples.tsv"))
  var triples: String?
  @Option(
    help: ArgumentHelp(
      "Draw so many of the triples' examples: lines of one query and positive that follow each other.",
      valueName: "n"))
  var sample: Int?

  func validate() throws {
    if !queries.judged.areGiven, triples == nil {
      throw ValidationError("Give --queries and --qrels, or --set, or --triples of texts alone.")
    }
    if let sample {
      if triples == nil { throw ValidationError("--sample goes with --triples.") }
      if sample < 1 { throw ValidationError("--sample must be at least 1.") }
    }
  }

  /// The judged queries, with what hangs together; nil where triples are all there is.
  func set(in store: Store) throws -> EvaluationSet? {
    queries.judged.areGiven ? try queries.read(in: store) : nil
  }
}

/// What a run would do, as JSON.
struct EstimateReport: Encodable {
  let version: String
  let parent: String
  let recipe: String
  let pairs: Int
  let queries: Int
  let unanswered: Int
  let unusable: Int
  let validationQueries: Int
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
    unanswered = estimate.plan.unansweredCount
    unusable = estimate.plan.unusableCount
    validationQueries = estimate.plan.validationQueryCount
    trainedParameters = estimate.plan.trainedCount
    parameters = estimate.plan.parameterCount
    steps = estimate.plan.stepCount
    seconds = estimate.seconds
    memoryInBytes = estimate.memoryInBytes
    advice = estimate.advice
  }
}

/// A run that was stopped, as JSON.
private struct StoppedReport: Encodable {
  /// That the run will make; missing where it was stopped before it had a plan.
  let version: String?
  let steps: Int
  let of: Int?
  let interrupted = true
}

/// A run's result as JSON.
struct TrainReport: Encodable {
  let version: String
  let steps: Int
  let bestStep: Int
  let base: Double
  let metric: Double
  let share: Double
  /// Queries kept back that are the store's set for calibrations from now on.
  let calibration: Int?
  /// Of its queries, where it shares an index with others.
  let recall: CalibrationReport?
  /// Why that was not measured.
  let problem: String?

  init(_ summary: TrainSummary) {
    version = summary.version
    steps = summary.stepCount
    bestStep = summary.bestStep
    base = summary.baseMetric
    metric = summary.metric
    share = summary.share
    calibration = summary.calibrationCount
    recall = summary.upkeep.calibration.map(CalibrationReport.init)
    problem = summary.upkeep.problem
  }
}
