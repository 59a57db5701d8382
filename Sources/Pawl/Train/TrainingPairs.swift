internal import Corpus
internal import Encoding
internal import LMDB
internal import Training

/// What a run's looks ask: chosen once, since what the parent ranks high may be another matter when the run goes on.
struct TrainingLooks: Codable, Equatable {
  /// Without prefix.
  let queries: [String]
  /// Of the passages, none twice.
  let places: [Int]
  /// For each query where its answers are among these.
  let answers: [[Int]]

  func validation(
    _ passages: PassagePlaces, _ texts: BatchMaker.TextSettings
  ) throws -> Validation {
    Validation(
      queries: queries.map { texts.queryPrefix + $0 },
      passages: try places.map { texts.passagePrefix + (try passages.text($0)) },
      places: places, answers: answers.map(Set.init))
  }
}

/// What judgments or triples give to learn from, and what is kept back to watch the run.
///
/// A tenth of the groups is for validation: queries that hang together are on one side.
struct TrainingPairs {
  let data: TrainingData
  /// Of the data's queries: their ids, or where triples are texts the line of the first.
  let labels: [String]
  private let kept: [Source]
  /// Judged queries without a stored passage from the wanted grade on.
  let unansweredCount: Int
  /// Examples of which a passage is not stored, or for which a teacher says too little.
  let unusableCount: Int
  /// Of all queries, those kept back included: what a gate must not ask again.
  let used: UsedQueries
  /// Judged queries that are kept back, as many as a calibration takes; nil where they would promise little.
  let calibration: EvaluationSet?

  /// Queries that a look asks at most, and the passages that it embeds: both decide what it costs.
  private static let (lookQueries, lookPassages) = (1_000, 2_000)
  /// Of what a query's parent ranks best and is no answer, passages that a look embeds.
  private static let hardPassages = 2
  private static let leastCalibration = 200

  /// A query with all that is known of it.
  private struct Source {
    /// Nil where triples are texts.
    var id: String?
    let label: String
    let text: String
    /// Queries of one text hang together, whatever else is known of them.
    let group: String
    var answers: Set<Int> = []
    var examples: [TrainingExample] = []

    /// A pair an answer, of the query of that number.
    func pairs(query: Int) -> [TrainingExample] {
      answers.sorted().map { TrainingExample(query: query, positive: $0) }
    }
  }

  /// - Parameters:
  ///   - set: judged queries; nil where triples are all there is.
  ///   - triples: what is learned from instead of the judgments.
  ///   - places: gets places for texts that the store does not have.
  init(
    _ set: EvaluationSet?, _ triples: SampledTriples?, _ places: inout PassagePlaces,
    in store: Store, _ options: TrainOptions
  ) throws {
    let snapshot = try store.environment.snapshot()
    var sources =
      try set.map {
        try Self.judged($0, places, store, options.minimumGrade, in: snapshot)
      } ?? []
    var unusable = 0
    if let triples {
      try Self.add(
        triples, set, to: &sources, &places, store, options, &unusable, in: snapshot)
    } else {
      for query in sources.indices {
        sources[query].examples = sources[query].pairs(query: query)
      }
    }
    unansweredCount = sources.count { $0.answers.isEmpty }
    unusableCount = unusable
    sources.removeAll { $0.answers.isEmpty }
    used = UsedQueries(sources.map { ($0.id, $0.text) })
    let isKept = Self.keptBack(sources.map(\.group), seed: options.seed)
    let trained = sources.indices.filter { !isKept[$0] && !sources[$0].examples.isEmpty }
    labels = trained.map { sources[$0].label }
    data = TrainingData(
      queries: trained.map { sources[$0].text }, passages: places,
      examples: trained.enumerated().flatMap { number, query in
        sources[query].examples.map { example in
          TrainingExample(
            query: number, positive: example.positive, negatives: example.negatives,
            teacherScores: example.teacherScores)
        }
      }, answers: trained.map { sources[$0].answers })
    let kept = sources.indices.filter { isKept[$0] }.map { sources[$0] }
    self.kept = kept
    calibration = try set.flatMap { try Self.calibration(kept, of: $0, seed: options.seed) }
  }

  // MARK: Where queries come from

  private static func judged(
    _ set: EvaluationSet, _ places: PassagePlaces, _ store: Store, _ minimumGrade: Int32,
    in snapshot: borrowing Snapshot
  ) throws -> [Source] {
    try set.judged.map { query in
      var source = Source(
        id: query.id.text, label: query.id.text, text: query.text,
        group: group(of: query, set))
      for judgment in set.qrels[query.id] where judgment.grade >= minimumGrade {
        if let place = try self.place(of: judgment.id, places, store, in: snapshot) {
          source.answers.insert(place)
        }
      }
      return source
    }
  }

  private static func place(
    of id: Identifier, _ places: PassagePlaces, _ store: Store, in snapshot: borrowing Snapshot
  ) throws -> Int? {
    try store.checkedRow(of: id, in: snapshot).flatMap { places.place(ofRow: $0) }
  }

  private static func add(
    _ triples: SampledTriples, _ set: EvaluationSet?, to sources: inout [Source],
    _ places: inout PassagePlaces, _ store: Store, _ options: TrainOptions, _ unusable: inout Int,
    in snapshot: borrowing Snapshot
  ) throws {
    let isIDs = triples.content == .identifiers
    // By their bytes: two names may be canonically equivalent.
    var known: [[UInt8]: Int] = [:]
    for (place, source) in sources.enumerated() {
      known[Array((isIDs ? source.label : source.text).utf8)] = place
    }
    for example in triples.examples {
      let key = Array(example.query.utf8)
      if known[key] == nil {
        known[key] = sources.count
        if isIDs {
          let id = Identifier(example.query)
          guard let query = set?.queries[id] else { throw triples.unknownQuery(example) }
          sources.append(
            Source(
              id: id.text, label: id.text, text: query.text,
              group: set.map { group(of: query, $0) } ?? id.text))
        } else {
          sources.append(
            Source(
              label: "line-\(example.line)", text: example.query,
              group: UsedQueries.normalized(example.query)))
        }
      }
      let query = known[key] ?? 0
      func place(_ name: String) throws -> Int? {
        try isIDs
          ? self.place(of: Identifier(name), places, store, in: snapshot)
          : places.place(of: name, in: snapshot)
      }
      guard let positive = try place(example.positive) else {
        unusable += 1
        continue
      }
      sources[query].answers.insert(positive)
      let negatives = try example.negatives.map(place)
      // A teacher's scores are for all of a query's candidates.
      let isWhole = !negatives.contains(nil) && example.scores.count == 1 + negatives.count
      sources[query].examples.append(
        TrainingExample(
          query: query, positive: positive, negatives: negatives.compactMap(\.self),
          teacherScores: isWhole ? example.scores : []))
    }
    for query in sources.indices {
      let all = sources[query].examples.map { withoutAnswers($0, sources[query].answers) }
      sources[query].examples = all.filter { isUsable($0, options.recipe) }
      unusable += all.count - sources[query].examples.count
    }
  }

  /// What answers a query is none of its negatives, whatever a file says.
  private static func withoutAnswers(
    _ example: TrainingExample, _ answers: Set<Int>
  ) -> TrainingExample {
    let kept = example.negatives.indices.filter { !answers.contains(example.negatives[$0]) }
    return TrainingExample(
      query: example.query, positive: example.positive,
      negatives: kept.map { example.negatives[$0] },
      teacherScores: example.teacherScores.isEmpty
        ? [] : [example.teacherScores[0]] + kept.map { example.teacherScores[1 + $0] })
  }

  /// Whether the example has what the recipe takes of a file.
  private static func isUsable(_ example: TrainingExample, _ recipe: Recipe) -> Bool {
    if recipe.needsTeacher { return example.teacherScores.count > recipe.negativeCount }
    return recipe.negatives != .given || !example.negatives.isEmpty
  }

  private static func group(of query: Query, _ set: EvaluationSet) -> String {
    set.groups[query.id] ?? UsedQueries.normalized(query.text)
  }

  // MARK: What is kept back

  var keptCount: Int { kept.count }

  /// Judged queries as they are, nothing kept back, and their ids.
  static func judged(
    _ set: EvaluationSet, _ places: PassagePlaces, in store: Store, minimumGrade: Int32
  ) throws -> (data: TrainingData, labels: [String]) {
    let snapshot = try store.environment.snapshot()
    let sources = try judged(set, places, store, minimumGrade, in: snapshot).filter {
      !$0.answers.isEmpty
    }
    let data = TrainingData(
      queries: sources.map(\.text), passages: places,
      examples: sources.enumerated().flatMap { $1.pairs(query: $0) },
      answers: sources.map(\.answers))
    return (data, sources.map(\.label))
  }

  /// For each query whether its group is among the tenth that is kept back.
  private static func keptBack(_ groups: [String], seed: UInt64) -> [Bool] {
    let names = Array(Set(groups)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0x5eed))
    let order = numbers.permutation(names.count)
    let kept = Set(order.prefix(names.count / 10).map { names[$0] })
    return groups.map(kept.contains)
  }

  private static func calibration(
    _ queries: [Source], of set: EvaluationSet, seed: UInt64
  ) throws -> EvaluationSet? {
    let ids = queries.compactMap(\.id).filter { !set.qrels[Identifier($0)].isEmpty }
    if ids.count < leastCalibration { return nil }
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0xca11))
    let chosen = Set(
      numbers.permutation(ids.count).prefix(Store.calibrationSize).map { Identifier(ids[$0]) })
    return try set.without { !chosen.contains($0.id) }
  }

  /// Queries kept back, with their answers and what their parent takes for answers first; others by chance make it up
  /// to a size.
  ///
  /// Among passages by chance alone almost every answer is first, and looks differ by noise. What the parent ranks
  /// high flatters whatever has moved away from it: looks are for choosing within a run, and the gate asks the
  /// whole store.
  ///
  /// - Parameter version: the parent's name.
  func looks(
    among places: PassagePlaces, in store: Store, version: String, seed: UInt64
  ) throws -> TrainingLooks {
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0x7e57))
    var queries = numbers.permutation(kept.count).prefix(Self.lookQueries).map { kept[$0] }
    var hard = [[Int]](repeating: [], count: queries.count)
    // Some more, since equal texts are one.
    _ = try store.rank(
      queries.map(\.text), places, version: version,
      depth: { queries[$0].answers.count + 5 * Self.hardPassages }
    ) { query, ranked in
      hard[query] = Array(
        ranked.lazy.map(\.place).filter { !queries[query].answers.contains($0) }
          .prefix(Self.hardPassages))
    }
    var passages: [Int] = []
    var positions: [Int: Int] = [:]
    func add(_ place: Int) {
      if positions[place] != nil { return }
      positions[place] = passages.count
      passages.append(place)
    }
    var asked = 0
    while asked < queries.count, passages.count < Self.lookPassages {
      queries[asked].answers.sorted().forEach(add)
      hard[asked].forEach(add)
      asked += 1
    }
    queries.removeLast(queries.count - asked)
    let size = max(passages.count, min(Self.lookPassages, places.count))
    while passages.count < size { add(numbers.below(places.count)) }
    return TrainingLooks(
      queries: queries.map(\.text), places: passages,
      answers: queries.map { $0.answers.compactMap { positions[$0] }.sorted() })
  }
}
