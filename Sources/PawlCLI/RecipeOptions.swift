internal import ArgumentParser
internal import Training

extension Recipe.LossName: ExpressibleByArgument {}
extension Recipe.Negatives: ExpressibleByArgument {}
extension Recipe.Part: ExpressibleByArgument {}
extension Recipe.OptimizerName: ExpressibleByArgument {}
extension LearningRate.Schedule: ExpressibleByArgument {}

/// A product that may have an adapter, by a short name.
enum AdapterTarget: String, CaseIterable, ExpressibleByArgument {
  case query, key, value, output, intermediate
  case downProjection = "down"

  var target: AdapterSettings.Target {
    switch self {
    case .query: .query
    case .key: .key
    case .value: .value
    case .output: .attentionOutput
    case .intermediate: .intermediate
    case .downProjection: .output
    }
  }
}

/// Which passages of a ranking may be negatives; names as sentence-transformers' `mine_hard_negatives`.
struct MiningOptions: ParsableArguments {
  enum SamplingStrategy: String, CaseIterable, ExpressibleByArgument { case top, random }

  @Option(help: ArgumentHelp("Negatives from this rank on, answers left out.", valueName: "rank"))
  var rangeMin: Int?
  @Option(help: ArgumentHelp("Negatives up to this rank.", valueName: "rank"))
  var rangeMax: Int?
  @Option(
    help: ArgumentHelp(
      "Negatives score at most the positive's score times 1 − x (.05, in paper recipes none).",
      valueName: "x"))
  var relativeMargin: Double?
  @Option(
    help: ArgumentHelp("Negatives score at most the positive's score less x.", valueName: "x"))
  var absoluteMargin: Double?
  @Flag(help: "No margin: whatever a positive scores, and where it is not found at all.")
  var noMargin = false
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Negatives score at most x.", valueName: "x"))
  var maxScore: Double?
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Negatives score at least x.", valueName: "x"))
  var minScore: Double?
  @Option(help: ArgumentHelp("Negatives of each pair.", valueName: "n"))
  var numNegatives: Int?
  @Option(help: "The first of those that are left, or a seeded choice.")
  var samplingStrategy: SamplingStrategy?

  func validate() throws {
    if let numNegatives, numNegatives < 0 || numNegatives > 1_000 {
      throw ValidationError("--num-negatives takes 0 to 1000.")
    }
    if noMargin, relativeMargin != nil || absoluteMargin != nil {
      throw ValidationError("Give --no-margin or a margin.")
    }
    for (name, value) in [
      ("--relative-margin", relativeMargin), ("--absolute-margin", absoluteMargin),
    ] {
      if let value, !(0...1).contains(value) { throw ValidationError("\(name) takes 0 to 1.") }
    }
    for (name, value) in [("--max-score", maxScore), ("--min-score", minScore)] {
      if let value, !value.isFinite { throw ValidationError("\(name) takes a number.") }
    }
    if let rangeMin, rangeMin < 1 { throw ValidationError("--range-min must be at least 1.") }
    if let rangeMax, !(max(1, rangeMin ?? 1)...10_000).contains(rangeMax) {
      throw ValidationError("--range-max takes \(max(1, rangeMin ?? 1)) to 10000 here.")
    }
  }

  func apply(to settings: inout MiningSettings) {
    if let rangeMin { settings.rangeMin = rangeMin }
    if let rangeMax {
      settings.rangeMax = rangeMax
    } else {
      settings.rangeMax = max(settings.rangeMax, settings.rangeMin)
    }
    if noMargin { settings.relativeMargin = nil }
    if let relativeMargin { settings.relativeMargin = relativeMargin }
    if let absoluteMargin { settings.absoluteMargin = absoluteMargin }
    if let maxScore { settings.maxScore = maxScore }
    if let minScore { settings.minScore = minScore }
    if let samplingStrategy { settings.samplesRandomly = samplingStrategy == .random }
  }
}

/// A recipe, and what of it shall be otherwise.
struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "One of: \(Recipe.all.map(\.name).joined(separator: ", ")).", valueName: "name"),
    transform: Self.recipe(named:))
  var recipe = Recipe.safe
  @Option(help: "What is trained.")
  var part: Recipe.Part?
  @Option(help: "What a batch loses.")
  var loss: Recipe.LossName?
  @Option(help: ArgumentHelp("Of triplet and contrastive losses.", valueName: "x"))
  var margin: Double?
  @Option(help: ArgumentHelp("Of ranking losses: cosines are multiplied by it.", valueName: "x"))
  var scale: Double?
  @Option(help: ArgumentHelp("Of the loss listwise.", valueName: "x"))
  var temperature: Double?
  @Option(help: "Where each query's negatives are from.")
  var negatives: Recipe.Negatives?
  @OptionGroup(title: "Mining") var mining: MiningOptions
  @Option(help: ArgumentHelp("Queries a batch.", valueName: "n"))
  var batchSize: Int?
  @Option(help: "The rule by which values follow their gradients.")
  var optimizer: Recipe.OptimizerName?
  @Option(help: ArgumentHelp("The peak of the learning rate.", valueName: "x"))
  var learningRate: Double?
  @Option(help: ArgumentHelp("Of weights, not of biases and norms.", valueName: "x"))
  var weightDecay: Double?
  @Option(help: "How the learning rate goes after the warm-up.")
  var schedule: LearningRate.Schedule?
  @Option(help: ArgumentHelp("Share of the steps in which the rate rises.", valueName: "x"))
  var warmup: Double?
  @Option(help: ArgumentHelp("Longer gradients are shortened to it; 0: none is.", valueName: "x"))
  var clip: Double?
  @Option(help: ArgumentHelp("Each example is seen so often at most.", valueName: "x"))
  var epochs: Double?
  @Option(help: ArgumentHelp("Rank of adapters, of those of queries, too.", valueName: "r"))
  var loraRank: Int?
  @Option(help: ArgumentHelp("α of adapters.", valueName: "x"))
  var loraAlpha: Double?
  @Option(help: ArgumentHelp("Dropout of adapters' inputs.", valueName: "x"))
  var loraDropout: Double?
  @Option(
    help: ArgumentHelp(
      "Products with adapters, commas between them: "
        + AdapterTarget.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "list"),
    transform: Self.targets)
  var loraTargets: [AdapterTarget]?
  @Option(help: ArgumentHelp("Dropout of the encoder.", valueName: "x"))
  var dropout: Double?
  @Flag(inversion: .prefixedNo, help: "Leave the embeddings as they are.")
  var freezeEmbeddings: Bool?
  @Option(help: ArgumentHelp("Leave the lowest n layers as they are.", valueName: "n"))
  var freezeLayers: Int?
  @Option(help: ArgumentHelp("λ of the pull towards the parent's embeddings.", valueName: "x"))
  var anchor: Double?
  @Option(
    help: ArgumentHelp(
      "The result has at most this share of the trained values, the rest are the parent's.",
      valueName: "x"))
  var share: Double?
  @Flag(inversion: .prefixedNo, help: "Try smaller shares, and take the best.")
  var interpolate: Bool?
  @Option(
    help: ArgumentHelp(
      "Take a running mean of the values, which keeps up to so much a step.",
      valueName: "x"))
  var ema: Double?
  @Option(help: ArgumentHelp("Looks at the queries kept back.", valueName: "n"))
  var validations: Int?
  @Option(
    help: ArgumentHelp("Looks without a better result before the end; 0: never.", valueName: "n"))
  var patience: Int?

  @Flag(inversion: .prefixedNo, help: "Take the last values, not those of the best look.")
  var last: Bool?

  private static func targets(_ text: String) throws -> [AdapterTarget] {
    try text.split(separator: ",").map {
      guard let target = AdapterTarget(rawValue: String($0)) else {
        throw ValidationError(
          "There is no product \"\($0)\", only "
            + AdapterTarget.allCases.map(\.rawValue).joined(separator: ", ") + ".")
      }
      return target
    }
  }

  private static func recipe(named name: String) throws -> Recipe {
    guard let recipe = Recipe.named(name) else {
      throw ValidationError(
        "There is no recipe \"\(name)\", only \(Recipe.all.map(\.name).joined(separator: ", ")).")
    }
    return recipe
  }

  func validate() throws {
    try require(
      [
        ("--learning-rate", learningRate), ("--scale", scale), ("--temperature", temperature),
        ("--epochs", epochs), ("--lora-alpha", loraAlpha),
      ], "must be above 0"
    ) { $0 > 0 && $0 <= 1e9 }
    try require(
      [
        ("--warmup", warmup), ("--dropout", dropout), ("--lora-dropout", loraDropout),
        ("--ema", ema),
      ], "takes 0 up to, but not including, 1"
    ) { (0..<1).contains($0) }
    try require([("--share", share)], "takes more than 0, and 1 at most") { $0 > 0 && $0 <= 1 }
    try require(
      [
        ("--margin", margin), ("--weight-decay", weightDecay), ("--clip", clip),
        ("--anchor", anchor),
      ], "must be at least 0"
    ) { $0 >= 0 && $0.isFinite }
    let counts: [(String, Int?, ClosedRange<Int>)] = [
      ("--batch-size", batchSize, 1...65_536), ("--lora-rank", loraRank, 1...4_096),
      ("--freeze-layers", freezeLayers, 0...1_000), ("--validations", validations, 1...1_000),
      ("--patience", patience, 0...1_000),
    ]
    for (name, value, range) in counts {
      if let value, !range.contains(value) {
        throw ValidationError("\(name) takes \(range.lowerBound) to \(range.upperBound).")
      }
    }
  }

  private func require(
    _ options: [(name: String, value: Double?)], _ words: String, _ isFine: (Double) -> Bool
  ) throws {
    for option in options {
      if let value = option.value, !isFine(value) {
        throw ValidationError("\(option.name) \(words).")
      }
    }
  }

  /// - Parameter hasTriples: whose negatives are then taken where nothing else is said.
  func settings(hasTriples: Bool) -> Recipe {
    var recipe = recipe
    if hasTriples, negatives == nil { recipe = recipe.onTriples }
    func set<Value>(_ value: Value?, _ path: WritableKeyPath<Recipe, Value>) {
      if let value { recipe[keyPath: path] = value }
    }
    set(part, \.part)
    set(loss, \.loss)
    set(margin, \.margin)
    set(scale, \.scale)
    set(temperature, \.temperature)
    if let negatives {
      recipe.negatives = negatives
      recipe.negativeCount = negatives == .batch ? 0 : max(1, recipe.negativeCount)
    }
    set(mining.numNegatives, \.negativeCount)
    mining.apply(to: &recipe.mining)
    set(batchSize, \.batchSize)
    set(optimizer, \.optimizer)
    set(learningRate, \.rate)
    set(weightDecay, \.weightDecay)
    set(schedule, \.schedule)
    set(warmup, \.warmupShare)
    set(clip, \.clip)
    set(epochs, \.epochs)
    set(loraRank, \.rank)
    set(loraAlpha, \.alpha)
    set(loraDropout, \.adapterDropout)
    set(loraTargets.map { $0.map(\.target) }, \.adapterTargets)
    set(dropout, \.dropout)
    set(freezeEmbeddings, \.freezesEmbeddings)
    set(freezeLayers, \.firstLayer)
    set(anchor, \.anchorWeight)
    set(share, \.mostShare)
    set(interpolate, \.interpolates)
    set(ema, \.averageDecay)
    set(validations, \.validations)
    set(patience, \.patience)
    set(last, \.takesLast)
    if let known = Recipe.named(self.recipe.name), recipe != (hasTriples ? known.onTriples : known),
      recipe != known
    {
      recipe.name += ", changed"
    }
    return recipe
  }
}
