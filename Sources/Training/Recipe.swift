/// Everything that decides how a run goes, but for the data: a table of settings with a name.
///
/// With the same data, recipe and seed a run gives the same bytes.
package struct Recipe: Sendable, Codable, Equatable {
  package enum LossName: String, Sendable, Codable, CaseIterable {
    case tripletCosine = "triplet-cosine"
    case tripletEuclidean = "triplet-euclidean"
    case ranking
    case rankingSymmetric = "ranking-symmetric"
    case contrastive
    case cosine
    case marginMSE = "margin-mse"
    case listwise
  }

  package enum Negatives: String, Sendable, Codable, CaseIterable {
    /// Only the other positives of a batch.
    case batch
    /// Any passages but those that answer the query.
    case random
    /// Found by the version that is trained.
    case mined
    /// Those of the triples that are trained on.
    case given
  }

  package enum Part: String, Sendable, Codable, CaseIterable {
    case full
    case lora
    /// An adapter of queries' vectors, beside an encoder that stays as it is.
    case queryAdapter = "query-adapter"
  }

  package enum OptimizerName: String, Sendable, Codable, CaseIterable {
    case adamw
    case lion
  }

  package var name: String
  package var loss = LossName.ranking
  /// Of triplet and contrastive losses.
  package var margin = 0.2
  /// Of ranking losses.
  package var scale = 20.0
  /// Of `listwise`.
  package var temperature = 1.0
  package var negatives = Negatives.batch
  /// Of each query; 0 where they are the batch's.
  package var negativeCount = 0
  package var mining = MiningSettings()
  package var part = Part.full
  package var rank = 16
  package var alpha = 32.0
  package var adapterDropout = 0.05
  package var adapterTargets: [AdapterSettings.Target] = [.query, .value]
  package var dropout = 0.0
  package var freezesEmbeddings = false
  /// Layers below this one keep their values.
  package var firstLayer = 0
  /// λ of the pull towards the parent's embeddings.
  package var anchorWeight = 0.0
  /// The result has at most this share of the trained values; the rest are the parent's.
  package var mostShare = 1.0
  /// Whether smaller shares are tried on validation.
  package var interpolates = false
  /// What a running mean of the values keeps a step, at most; the mean then is the result; 0: none.
  package var averageDecay = 0.0
  package var optimizer = OptimizerName.adamw
  package var rate = 2e-5
  package var weightDecay = 0.01
  package var schedule = LearningRate.Schedule.linear
  /// Of the steps.
  package var warmupShare = 0.1
  /// The longest gradient; longer ones are shortened.
  package var clip = 1.0
  package var batchSize = 32
  /// At most so often is each example seen.
  package var epochs = 1.0
  /// Validations over the run, the one before the first step left out.
  package var validations = 10
  /// Validations without a better result after which the run stops; 0: never.
  package var patience = 4
  /// Whether the last values are the result, not those of the best validation.
  package var takesLast = false

  package init(name: String) { self.name = name }

  /// What has to be in the batch besides query and positive.
  package var scope: TrainingScope {
    var scope = TrainingScope()
    scope.trainsEmbeddings = !freezesEmbeddings
    scope.firstLayer = firstLayer
    scope.dropout = dropout
    if part == .lora {
      var adapters = AdapterSettings()
      adapters.rank = rank
      adapters.alpha = alpha
      adapters.dropout = adapterDropout
      adapters.targets = adapterTargets
      scope.adapters = adapters
    }
    return scope
  }

  package var lossFunction: any Loss {
    switch loss {
    case .tripletCosine: TripletLoss(distance: .cosine, margin: margin)
    case .tripletEuclidean: TripletLoss(distance: .euclidean, margin: margin)
    case .ranking: RankingLoss(scale: scale)
    case .rankingSymmetric: RankingLoss(scale: scale, isSymmetric: true)
    case .contrastive: ContrastiveLoss(margin: margin)
    case .cosine: CosineSimilarityLoss()
    case .marginMSE: MarginMSELoss()
    case .listwise: ListwiseLoss(temperature: temperature)
    }
  }

  /// What settings contradict each other, in words; nil where none do.
  package var fault: String? {
    if negatives == .batch, negativeCount > 0 {
      return
        "negatives of the batch are as many as it has: with a number of them they are random, mined or given"
    }
    if negatives == .batch, !separatesAnswers {
      return "the loss \(loss.rawValue) needs negatives of each query: random, mined or given"
    }
    if negatives != .batch, negativeCount < 1 {
      return "\(negatives.rawValue) negatives are at least one a query"
    }
    if needsTeacher, negatives != .given {
      return
        "the loss \(loss.rawValue) needs a teacher's scores, which only given negatives have: take --triples"
    }
    if batchSize * (2 + negativeCount) > Self.mostTexts {
      return
        "a batch of \(batchSize) with \(negativeCount) negatives has more than \(Self.mostTexts) texts"
    }
    if part == .lora, freezesEmbeddings || firstLayer > 0 {
      return
        "--freeze-embeddings and --freeze-layers are for full training: adapters leave all else as it is"
    }
    if part == .lora, adapterTargets.isEmpty { return "adapters need a product to be at" }
    if mining.rangeMin < 1 || mining.rangeMax < mining.rangeMin {
      return "ranks \(mining.rangeMin) to \(mining.rangeMax) hold nothing"
    }
    if part == .queryAdapter {
      if negatives == .random {
        return "an adapter of queries takes mined or given negatives, or the batch's"
      }
      if anchorWeight > 0 || !triedShares.isEmpty || dropout > 0 || freezesEmbeddings
        || firstLayer > 0
      {
        return
          "anchor, shares, dropout and freezing are for encoders, not for an adapter of queries"
      }
    }
    return nil
  }

  /// Texts of a batch, whose vectors are in memory at once.
  private static let mostTexts = 65_536

  /// Passages that there must be, so that every batch finds negatives by chance.
  ///
  /// - Parameter answers: how many each query has.
  package func leastPassages(answers: [Int]) -> Int {
    if negatives == .batch { return 1 }
    if !separatesAnswers { return (answers.max() ?? 0) + negativeCount }
    // Of the batch with most answers none may be a negative, nor may one come twice.
    return answers.sorted(by: >).prefix(batchSize).reduce(0, +) + batchSize
      * (1 + 2 * negativeCount)
  }

  /// Whether passages of a batch are negatives of other queries.
  package var separatesAnswers: Bool { !lossFunction.isSumOverQueries }

  /// Whether the loss compares with scores that triples bring along.
  package var needsTeacher: Bool { loss == .marginMSE || loss == .listwise }

  /// Whether it compares with them where they are there.
  package var takesTeacher: Bool { needsTeacher || loss == .cosine }

  /// Of the trained values, besides all of them: what a run looks at when it has taken its last step.
  package var triedShares: [Double] {
    ([1] + (interpolates ? [0.25, 0.5, 0.75] : [])).map { $0 * mostShare }.filter { $0 < 1 }
  }

  package var optimizerKind: OptimizerKind { optimizer == .adamw ? .adamW() : .lion() }
}

extension Recipe {
  /// What an older Pawl did not write is as it was then: its default.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(name: try values.decode(String.self, forKey: .name))
    func take<Value: Decodable>(
      _ path: WritableKeyPath<Recipe, Value>, _ key: CodingKeys, of recipe: inout Recipe
    ) throws {
      if let value = try values.decodeIfPresent(Value.self, forKey: key) {
        recipe[keyPath: path] = value
      }
    }
    try take(\.loss, .loss, of: &self)
    try take(\.margin, .margin, of: &self)
    try take(\.scale, .scale, of: &self)
    try take(\.temperature, .temperature, of: &self)
    try take(\.negatives, .negatives, of: &self)
    try take(\.negativeCount, .negativeCount, of: &self)
    try take(\.mining, .mining, of: &self)
    try take(\.part, .part, of: &self)
    try take(\.rank, .rank, of: &self)
    try take(\.alpha, .alpha, of: &self)
    try take(\.adapterDropout, .adapterDropout, of: &self)
    try take(\.adapterTargets, .adapterTargets, of: &self)
    try take(\.dropout, .dropout, of: &self)
    try take(\.freezesEmbeddings, .freezesEmbeddings, of: &self)
    try take(\.firstLayer, .firstLayer, of: &self)
    try take(\.anchorWeight, .anchorWeight, of: &self)
    try take(\.mostShare, .mostShare, of: &self)
    try take(\.interpolates, .interpolates, of: &self)
    try take(\.averageDecay, .averageDecay, of: &self)
    try take(\.optimizer, .optimizer, of: &self)
    try take(\.rate, .rate, of: &self)
    try take(\.weightDecay, .weightDecay, of: &self)
    try take(\.schedule, .schedule, of: &self)
    try take(\.warmupShare, .warmupShare, of: &self)
    try take(\.clip, .clip, of: &self)
    try take(\.batchSize, .batchSize, of: &self)
    try take(\.epochs, .epochs, of: &self)
    try take(\.validations, .validations, of: &self)
    try take(\.patience, .patience, of: &self)
    try take(\.takesLast, .takesLast, of: &self)
  }
}

/// Which passages of a query's ranking may be its negatives; names as sentence-transformers'
/// `mine_hard_negatives`.
package struct MiningSettings: Sendable, Codable, Equatable {
  /// Ranks, 1 the best, the positives left out: from this one to that one.
  package var rangeMin = 1
  package var rangeMax = 50
  /// Left out are passages with a score above the positive's times 1 − this.
  package var relativeMargin: Double? = 0.05
  /// Left out are passages with a score above the positive's less this.
  package var absoluteMargin: Double?
  /// Left out are passages with a score above this.
  package var maxScore: Double?
  /// Left out are passages with a score below this.
  package var minScore: Double?
  /// Whether they are drawn from those that are left; else the first are taken.
  package var samplesRandomly = false

  package init() {}
}

extension AdapterSettings.Target: Codable {}

extension Recipe {
  /// The recipes that have a name, the default first.
  package static let all: [Recipe] =
    [safe, anchored, mined, contrastive, queryAdapter]
    + [Recipe.Negatives.random, .mined].flatMap { negatives in
      [Recipe.Part.full, .lora].flatMap { part in
        [paper(negatives, part), paperAsRun(negatives, part)]
      }
    }

  /// The recipe for triples: each query's negatives are those that it comes with.
  package var onTriples: Recipe {
    var recipe = self
    recipe.name += " on triples"
    recipe.negatives = .given
    recipe.negativeCount = max(1, negativeCount)
    return recipe
  }

  package static func named(_ name: String) -> Recipe? { all.first { $0.name == name } }

  /// In-batch negatives alone. Source: as the base model was trained.
  package static let contrastive = Recipe(name: "contrastive")

  /// With a negative a query that its ranking gives, those near the positive's score left out.
  /// Source: Moreira et al. 2024 (NV-Retriever), section 3.
  package static let mined: Recipe = {
    var recipe = Recipe(name: "mined")
    recipe.negatives = .mined
    recipe.negativeCount = 1
    recipe.mining.rangeMin = 10
    return recipe
  }()

  /// And embeddings that are pulled towards the parent's.
  package static let anchored: Recipe = {
    var recipe = mined
    recipe.name = "anchored"
    recipe.anchorWeight = 0.3
    return recipe
  }()

  /// But with what the version takes for the best answers and is none, whatever it scores; and of the way that a
  /// running mean of the values went, seven tenths or less: validation chooses.
  /// Source: Polyak & Juditsky 1992; Wortsman et al. 2022 (WiSE-FT), section 3; Xiao et al. 2023 (LM-Cocktail),
  /// section 3.
  package static let safe: Recipe = {
    var recipe = anchored
    recipe.name = "safe"
    recipe.mining.rangeMin = 1
    recipe.mining.rangeMax = 5
    recipe.mining.relativeMargin = nil
    recipe.mining.samplesRandomly = true
    recipe.averageDecay = 0.99
    recipe.mostShare = 0.7
    recipe.interpolates = true
    return recipe
  }()

  /// An adapter of queries' vectors: passages and index stay as they are.
  /// Source: arXiv 2601.04646 and 2604.03403 for the idea.
  package static let queryAdapter: Recipe = {
    var recipe = Recipe(name: "query-adapter")
    recipe.part = .queryAdapter
    recipe.rank = 32
    recipe.batchSize = 256
    recipe.rate = 1e-3
    recipe.epochs = 20
    recipe.validations = 20
    return recipe
  }()

  /// The paper's recipe as it is written, its warm-up as a share of the steps.
  /// Source: arXiv 2506.18535, section IV.
  static func paper(_ negatives: Negatives, _ part: Part) -> Recipe {
    var recipe = Recipe(name: "paper-\(negatives == .random ? "random" : "hard")-\(part.rawValue)")
    recipe.loss = .tripletCosine
    recipe.negatives = negatives
    recipe.negativeCount = 1
    recipe.mining.rangeMin = 51
    recipe.mining.rangeMax = 200
    recipe.mining.relativeMargin = nil
    recipe.mining.samplesRandomly = true
    recipe.part = part
    recipe.batchSize = 128
    recipe.warmupShare = negatives == .random ? 0.043 : 0.051
    recipe.epochs = negatives == .mined && part == .full ? 5 : 3
    recipe.patience = 0
    recipe.takesLast = true
    return recipe
  }

  /// The paper's recipe as its code runs: Euclidean distances of vectors as pooling gives them, margin 5.
  static func paperAsRun(_ negatives: Negatives, _ part: Part) -> Recipe {
    var recipe = paper(negatives, part)
    recipe.name =
      "paper-as-run-\(negatives == .random ? "random" : "hard")-\(part.rawValue)"
    recipe.loss = .tripletEuclidean
    recipe.margin = 5
    return recipe
  }
}
