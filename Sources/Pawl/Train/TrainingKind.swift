internal import Encoding
internal import LinearAlgebra
internal import Training

/// What is trained: how its values are looked at, and what a version takes of them.
protocol TrainingKind {
  var objective: any Objective { get }

  /// Looks at values of the trained block.
  func validate(_ values: SharedFloats) throws -> Validation.Result

  /// Of the best values what shall become the version.
  ///
  /// - Parameter look: what validation says of them, and when.
  func outcome(_ best: SharedFloats, _ look: TrainingProgress.Look?) throws -> TrainingOutcome
}

/// What came of a run.
struct TrainingOutcome {
  enum Product {
    case encoder(TrainedValues)
    case queryAdapter(QueryAdapter)
  }
  let product: Product
  let metric: Double
  /// α of the trained values, 1 − α of the parent's.
  var share = 1.0
  /// Low-rank adapters that the encoder's values have in them.
  var adapters: (layout: AdapterLayout, values: SharedFloats)?
}

/// Training of the whole encoder, or of adapters in it.
struct EncoderTraining: TrainingKind {
  private let recipe: Recipe
  private let base: ModelDirectory
  private let parent: TextEncoder
  private let maxLength: Int
  private let validation: Validation
  private let encoder: EncoderObjective

  var objective: any Objective { encoder }

  /// Tokens of a pass: about 600 MB of memory for all-MiniLM-L6-v2.
  private static let tokenCapacity = 6_144

  /// - Parameter parent: with its own maximum length.
  init(
    _ recipe: Recipe, _ data: TrainingData, _ validation: Validation, base: ModelDirectory,
    parent: TextEncoder, _ texts: BatchMaker.TextSettings, seed: UInt64
  ) throws {
    let workerCount = Process.processorCount
    let trainable = try TrainableEncoder(
      base, scope: recipe.scope, kernels: parent.kernels, workerCount: workerCount,
      tokenCapacity: max(Self.tokenCapacity, texts.maxLength))
    trainable.trained.startAdapters(seed: seed)
    trainable.pack()
    encoder = EncoderObjective(
      recipe, encoder: trainable,
      anchor: recipe.anchorWeight > 0
        ? Anchor(parent.transformer, workerCount: workerCount) : nil,
      batches: BatchMaker(
        data, recipe, try Tokenizer(directory: base.transformerPath), texts, seed: seed),
      seed: seed)
    self.recipe = recipe
    self.base = base
    self.parent = parent
    self.validation = validation
    maxLength = texts.maxLength
  }

  func validate(_ values: SharedFloats) throws -> Validation.Result {
    try validate(TrainedValues(encoder.encoder, trained: values))
  }

  private func validate(_ values: TrainedValues) throws -> Validation.Result {
    let transformer = try TransformerEncoder(
      base.configuration, base.pooling, values, parent.transformer.numericPath,
      kernels: encoder.kernels)
    return validation.evaluate(
      TextEncoder(parent, transformer: transformer, maxLength: maxLength),
      workerCount: Process.processorCount)
  }

  func outcome(_ best: SharedFloats, _ look: TrainingProgress.Look?) throws -> TrainingOutcome {
    let trained = TrainedValues(encoder.encoder, trained: best)
    var (chosen, share, highest) = (trained, 1.0, look?.metric ?? 0)
    // Before the first step they are the parent's own: nothing lies between.
    let shares = (look?.step ?? 0) > 0 ? recipe.triedShares : []
    if !shares.isEmpty {
      let parentWeights = try WeightFile(base)
      if recipe.mostShare < 1 { highest = -.infinity }
      for tried in shares {
        let mixed = try trained.mixed(with: parentWeights, share: tried)
        let metric = try validate(mixed).reciprocalRank
        if metric > highest { (chosen, share, highest) = (mixed, tried, metric) }
      }
    }
    var outcome = TrainingOutcome(product: .encoder(chosen), metric: highest, share: share)
    if var settings = encoder.trained.adapters?.settings {
      // A part of the way is that part of B·A.
      settings.alpha *= share
      outcome.adapters = (AdapterLayout(base.configuration, settings), best)
    }
    return outcome
  }
}

/// Training of an adapter of queries, on vectors that are there already.
struct QueryAdapterTraining: TrainingKind {
  private let validation: Validation
  private let queries: [Float]
  private let passages: [Float]
  private let kernels: Kernels
  private let adapter: QueryAdapterObjective

  var objective: any Objective { adapter }

  /// - Parameters:
  ///   - data: with its negatives.
  ///   - vectors: unit rows of the passages that data and validation need, and where each of them is.
  init(
    _ recipe: Recipe, _ data: TrainingData, _ validation: Validation, encoder: TextEncoder,
    queryPrefix: String, _ vectors: (rows: [Int: Int], values: [Float]), seed: UInt64
  ) {
    let D = encoder.width
    self.validation = validation
    kernels = encoder.kernels
    queries = encoder.encode(validation.queries, workerCount: Process.processorCount)
    passages = validation.places.flatMap { place in
      let start = (vectors.rows[place] ?? 0) * D
      return vectors.values[start..<start + D]
    }
    adapter = QueryAdapterObjective(
      recipe, data,
      CachedVectors(
        width: D,
        queries: encoder.encode(
          data.queries, prefix: queryPrefix, workerCount: Process.processorCount),
        passages: vectors.values, rows: vectors.rows),
      kernels: kernels, seed: seed)
  }

  func validate(_ values: SharedFloats) -> Validation.Result {
    var moved = queries
    let adapter = adapter.adapter(values)
    adapter.apply(to: &moved, kernels: kernels)
    return validation.evaluate(
      queries: moved, passages: passages, width: adapter.width, kernels: kernels)
  }

  func outcome(_ best: SharedFloats, _ look: TrainingProgress.Look?) -> TrainingOutcome {
    TrainingOutcome(product: .queryAdapter(adapter.adapter(best)), metric: look?.metric ?? 0)
  }
}
