internal import Corpus
internal import FoundationEssentials

/// What a stored evaluation set is for.
public enum SetRole: String, Sendable, Codable, CaseIterable {
  /// Decides on promotions: nothing may be trained or tuned on it.
  case gate
  /// Of other queries than those learned from: the gate looks whether they are answered worse.
  case probe
  /// Measures recall against probes.
  case calibration
}

/// Queries, what is relevant to them, and which of them hang together.
public struct EvaluationSet: Sendable {
  let queries: Queries
  let qrels: Qrels
  let groups: Groups

  /// Judged queries, in the order of the queries.
  let judged: [Query]

  /// Queries of the set that have a judgment.
  public var queryCount: Int { judged.count }
  /// Queries that have none; they are left out.
  public var unjudgedCount: Int { queries.count - judged.count }
  /// Judged queries whose text is not in the set; they are left out.
  public var textlessCount: Int { qrels.queries.count - judged.count }
  public var judgmentCount: Int { qrels.count }
  /// Judged queries that have a group.
  public var groupedCount: Int { judged.count { groups[$0.id] != nil } }

  /// Reads `qid<TAB>query`, `qid 0 pid grade` and, if given, `qid<TAB>group` files.
  ///
  /// - Throws: `CorpusError` for a malformed line, `StoreError.nothingToEvaluate`.
  public init(queries: String, qrels: String, groups: String? = nil) throws {
    try self.init(
      queries: Queries(path: queries), qrels: Qrels(path: qrels),
      groups: groups.map { try Groups(path: $0) } ?? Groups([]),
      name: "\(queries) and \(qrels)")
  }

  /// Judgments of passages that a store does not have.
  public func absentCount(in store: Store) throws -> Int {
    qrels.count - (try storedJudgments(in: store)).count
  }

  /// Queries for which some passage is relevant, whether a store has it or not.
  public func answerableCount(relevantFrom minimumGrade: Int = 1) -> Int {
    judged.count { query in qrels[query.id].contains { $0.grade >= minimumGrade } }
  }

  /// The set without judgments of passages that a store does not have, and without queries for which
  /// nothing relevant is left: what can be asked of a part of a collection.
  ///
  /// - Parameter minimumGrade: the grade from which a passage counts as relevant.
  /// - Throws: `StoreError.nothingStored`.
  public func restricted(
    toStoredIn store: Store, relevantFrom minimumGrade: Int = 1
  ) throws -> EvaluationSet {
    let stored = try storedJudgments(in: store)
    if stored.isEmpty { throw StoreError.nothingStored(path: store.path, relevantFrom: nil) }
    let answerable = Set(stored.filter { $0.grade >= minimumGrade }.map(\.query))
    guard queries.contains(where: { answerable.contains($0.id) }) else {
      throw StoreError.nothingStored(path: store.path, relevantFrom: minimumGrade)
    }
    return try EvaluationSet(
      queries: Queries(queries.filter { answerable.contains($0.id) }),
      qrels: Qrels(stored.filter { answerable.contains($0.query) }), groups: groups,
      name: "the passages of \(store.path)")
  }

  /// The set without some of its queries.
  ///
  /// - Throws: `StoreError.nothingToEvaluate` where none are left.
  func without(_ isLeftOut: (Query) -> Bool) throws -> EvaluationSet {
    let kept = queries.filter { !isLeftOut($0) }
    if kept.count == queries.count { return self }
    let ids = Set(kept.map(\.id))
    return try EvaluationSet(
      queries: Queries(kept),
      qrels: Qrels(
        qrels.queries.filter(ids.contains).flatMap { query in
          qrels[query].map { Judgment(query: query, passage: $0.id, grade: $0.grade) }
        }), groups: groups, name: "the queries that no version has used")
  }

  /// The judgment of a passage that answers a query best; nil where none is relevant.
  func bestAnswer(of query: Query, relevantFrom minimumGrade: Int) -> JudgedPassage? {
    qrels[query.id].filter { $0.grade >= Int32(clamping: minimumGrade) }
      .max { $0.grade < $1.grade }
  }

  /// Whether some passage answers better than others.
  var hasGrades: Bool {
    qrels.queries.contains { query in qrels[query].contains { $0.grade > 1 } }
  }

  /// A number for the group of each judged query; one that is in none is alone. Nil for a set without groups.
  var groupNumbers: [Int]? {
    if groups.queryCount == 0 { return nil }
    var numbers: [String: Int] = [:]
    return judged.enumerated().map { place, query in
      guard let group = groups[query.id] else { return -1 - place }
      return numbers[group]
        ?? {
          numbers[group] = numbers.count
          return numbers.count - 1
        }()
    }
  }

  private func storedJudgments(in store: Store) throws -> [Judgment] {
    var ids: Set<Identifier> = []
    for query in qrels.queries { ids.formUnion(qrels[query].map(\.id)) }
    let stored = try store.storedIDs(among: ids)
    return qrels.queries.flatMap { query in
      qrels[query].filter { stored.contains($0.id) }.map {
        Judgment(query: query, passage: $0.id, grade: $0.grade)
      }
    }
  }

  init(queries: Queries, qrels: Qrels, groups: Groups, name: String) throws {
    self.queries = queries
    self.qrels = qrels
    self.groups = groups
    judged = queries.filter { !qrels[$0.id].isEmpty }
    if judged.isEmpty { throw StoreError.nothingToEvaluate(what: name) }
  }
}

/// An evaluation set as the store keeps it.
struct StoredSetContent: Codable {
  struct StoredQuery: Codable {
    let id: String
    let text: String
  }
  struct StoredJudgment: Codable {
    let query: String
    let passage: String
    let grade: Int32
  }
  struct StoredGroup: Codable {
    let query: String
    let group: String
  }

  var queries: [StoredQuery]
  var judgments: [StoredJudgment]
  var groups: [StoredGroup]

  init(_ set: EvaluationSet) {
    queries = set.queries.map { StoredQuery(id: $0.id.text, text: $0.text) }
    judgments = set.qrels.queries.flatMap { query in
      set.qrels[query].map {
        StoredJudgment(query: query.text, passage: $0.id.text, grade: $0.grade)
      }
    }
    groups = set.queries.compactMap { query in
      set.groups[query.id].map { StoredGroup(query: query.id.text, group: $0) }
    }
  }

  func set(named name: String) throws -> EvaluationSet {
    try EvaluationSet(
      queries: Queries(queries.map { Query(id: Identifier($0.id), text: $0.text) }),
      qrels: Qrels(
        judgments.map {
          Judgment(
            query: Identifier($0.query), passage: Identifier($0.passage), grade: $0.grade)
        }),
      groups: Groups(groups.map { (Identifier($0.query), $0.group) }), name: "the set \(name)")
  }
}
