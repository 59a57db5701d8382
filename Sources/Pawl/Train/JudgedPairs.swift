internal import Corpus
internal import Encoding
internal import LMDB
internal import Training

/// What the judgments of a set give to learn from, and what is kept back to watch the run.
///
/// A tenth of the groups is for validation: queries that hang together are on one side.
struct JudgedPairs {
  let data: TrainingData
  let validation: Validation
  /// Judged queries without a stored passage from the wanted grade on.
  let unansweredCount: Int

  /// Queries that a validation asks at most, and passages beside their answers: both decide what it costs.
  private static let (validationQueries, validationPassages) = (400, 1_500)

  init(
    _ set: EvaluationSet, _ places: PassagePlaces, in store: Store, minimumGrade: Int32,
    texts: BatchMaker.TextSettings, seed: UInt64
  ) throws {
    var queries: [(query: Query, answers: Set<Int>)] = []
    let snapshot = try store.environment.snapshot()
    for query in set.judged {
      var answers: Set<Int> = []
      for judgment in set.qrels[query.id] where judgment.grade >= minimumGrade {
        if let row = try store.checkedRow(of: judgment.id, in: snapshot),
          let place = places.place(ofRow: row)
        {
          answers.insert(place)
        }
      }
      if !answers.isEmpty { queries.append((query, answers)) }
    }
    unansweredCount = set.judged.count - queries.count
    let isKept = Self.keptBack(
      queries.map { set.groups[$0.query.id] ?? $0.query.id.text }, seed: seed)
    let trained = queries.indices.filter { !isKept[$0] }.map { queries[$0] }
    data = TrainingData(
      queries: trained.map(\.query.text), passages: places,
      examples: trained.enumerated().flatMap { number, query in
        query.answers.sorted().map { TrainingExample(query: number, positive: $0) }
      }, answers: trained.map(\.answers))
    validation = try Self.validation(
      queries.indices.filter { isKept[$0] }.map { queries[$0] }, places, texts, seed: seed)
  }

  /// For each query whether its group is among the tenth that is kept back.
  private static func keptBack(_ groups: [String], seed: UInt64) -> [Bool] {
    let names = Array(Set(groups)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0x5eed))
    let order = numbers.permutation(names.count)
    let kept = Set(order.prefix(names.count / 10).map { names[$0] })
    return groups.map(kept.contains)
  }

  private static func validation(
    _ queries: [(query: Query, answers: Set<Int>)], _ places: PassagePlaces,
    _ texts: BatchMaker.TextSettings, seed: UInt64
  ) throws -> Validation {
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0x7e57))
    let chosen = numbers.permutation(queries.count).prefix(validationQueries).map { queries[$0] }
    var passages: [Int] = []
    var positions: [Int: Int] = [:]
    func add(_ place: Int) {
      if positions[place] != nil { return }
      positions[place] = passages.count
      passages.append(place)
    }
    for query in chosen { query.answers.sorted().forEach(add) }
    let others = min(validationPassages, places.count - passages.count)
    let end = passages.count + others
    while passages.count < end { add(numbers.below(places.count)) }
    return Validation(
      queries: chosen.map { texts.queryPrefix + $0.query.text },
      passages: try passages.map { texts.passagePrefix + (try places.text($0)) },
      answers: chosen.map { Set($0.answers.compactMap { positions[$0] }) })
  }
}
