internal import Corpus
internal import Evaluation
internal import Glibc
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// What a comparison looks at.
public struct ComparisonOptions: Sendable {
  /// The first decides.
  public var metrics = ["mrr@10", "ndcg@10", "recall@100", "map"]
  /// The grade from which a passage counts as relevant.
  public var minimumGrade = 1
  /// Differences below it are none.
  public var minimumEffect = 0.01
  /// Queries that are timed, versions in turn; 0: none.
  public var timedCount = 2_000
  /// Queries that moved most, of each direction.
  public var moverCount = 5
  public var seed: UInt64 = 1
  /// Rank only the judged passages and what the first version finds, so that the other need not be embedded.
  public var isPooled = false

  public init() {}
}

extension Store {
  /// Asks two versions the same judged queries and tells how they differ, and how sure that is.
  ///
  /// Queries that one of them, or an ancestor, has learned from are left out.
  /// - Parameter progress: answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Throws: `StoreError.nothingToCompare` where fewer than two queries or groups are left, `.notReady`,
  ///   `EvaluationError` for a metric that there is not.
  /// - Complexity: two encodings a query, for each version a search for each depth that metrics look to and an exact
  ///   one, and two encodings and searches for each query that is timed.
  public func compare(
    _ a: String, _ b: String, _ set: EvaluationSet, _ options: ComparisonOptions = .init(),
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> VersionComparison? {
    try Comparing(self, a, b, set, options).run(progress)
  }
}

/// One comparison of two versions.
struct Comparing {
  private let store: Store
  /// Their records are read where they are needed: a comparison takes minutes, in which others may index anew.
  private let versions: [String]
  /// Without queries that one of them has used.
  let set: EvaluationSet
  private let usedCount: Int
  private let foreignCount: Int
  /// Passages that each version lacks.
  private let pendingCounts: [Int]
  private let options: ComparisonOptions
  private let metrics: [Metric]
  /// A number a judged query; nil where all are independent.
  private let groups: [Int]?

  /// Queries of a slice, at least.
  private static let leastSliced = 100

  init(
    _ store: Store, _ a: String, _ b: String, _ given: EvaluationSet, _ options: ComparisonOptions
  ) throws {
    let snapshot = try store.environment.snapshot()
    let records = try [a, b].map { try store.version($0, in: snapshot) }
    versions = records.map(\.name)
    // Of a pool the first version makes the list, and the other may be embedded for it.
    for version in records.prefix(options.isPooled ? 1 : 2) { try store.requireReady(version) }
    pendingCounts = try store.pendingCounts(of: versions, in: snapshot)
    let used = try records.flatMap { try store.usedQueries(by: $0, in: snapshot) }
    let overlap = QueryOverlap(given, used)
    let unused = given.judged.filter { !overlap.queries.contains($0.id) }
    foreignCount = overlap.foreignCount
    usedCount = given.judged.count - unused.count
    if unused.isEmpty {
      throw StoreError.nothingToCompare(path: store.path, queryCount: 0, usedCount: usedCount)
    }
    set = try given.without { overlap.queries.contains($0.id) }
    groups = set.groupNumbers
    metrics = try (options.metrics.isEmpty ? [""] : options.metrics).map { try Metric(name: $0) }
    self.store = store
    self.options = options
  }

  func run(_ progress: @escaping ProgressHandler) throws -> VersionComparison? {
    if options.isPooled { return try runPooled(progress) }
    var served: [VersionAnswers] = []
    var exact: [VersionAnswers] = []
    for version in versions {
      guard let answers = try answers(of: version, progress) else { return nil }
      served.append(answers.served)
      exact.append(answers.exact)
    }
    var found = try compared(served, exact: exact)
    let latency = try options.timedCount > 0 ? timed() : nil
    found.latency = latency?.ratio
    found.costs = try costs(latency)
    found.spaces = try spaces()
    let snapshot = try store.environment.snapshot()
    found.passageCount = try store.tables.rows.count(in: snapshot)
    let pending = try store.pendingCounts(of: versions, in: snapshot)
    found.laterCounts = zip(pending, pendingCounts).map { max(0, $0 - $1) }
    return found
  }

  /// Both rank one pool; of indexes, costs and spaces nothing is said.
  private func runPooled(_ progress: @escaping ProgressHandler) throws -> VersionComparison? {
    let pool = try AnswerPool(store, set, of: versions[0], progress: progress)
    guard let pool else { return nil }
    var answers: [VersionAnswers] = []
    for version in versions {
      let found = try pool.answers(
        of: version, set, metrics, minimumGrade: options.minimumGrade, progress: progress)
      guard let found else { return nil }
      answers.append(found)
    }
    var found = try compared(answers, exact: answers)
    found.poolCount = pool.count
    return found
  }

  /// What answers tell.
  private func compared(
    _ answers: [VersionAnswers], exact: [VersionAnswers]
  ) throws -> VersionComparison {
    guard let encoders = comparison(exact[0].values[0], exact[1].values[0]) else {
      throw StoreError.nothingToCompare(
        path: store.path, queryCount: set.judged.count, usedCount: usedCount)
    }
    let recalls = Self.overlaps(exact[1].top, answers[1].top)
    let recall = Self.mean(recalls)
    let interval = PairedComparison.interval(ofMean: recalls, groups: groups) ?? recall...recall
    return VersionComparison(
      a: versions[0], b: versions[1], queryCount: set.judged.count, usedCount: usedCount,
      foreignCount: foreignCount, pendingCounts: pendingCounts,
      groupCount: groups.map { Set($0).count }, measures: measures(answers),
      exact: VersionComparison.Measure(metrics[0].name ?? "", encoders),
      slices: try slices(answers[0].values[0], answers[1].values[0]), movers: try movers(answers),
      overlap: Self.mean(Self.overlaps(answers[0].top, answers[1].top)), recall: recall,
      recallLow: interval.lowerBound, recallHigh: interval.upperBound,
      minimumEffect: options.minimumEffect)
  }

  private func measures(_ answers: [VersionAnswers]) -> [VersionComparison.Measure] {
    zip(metrics, answers[0].values.indices).compactMap { metric, row in
      comparison(answers[0].values[row], answers[1].values[row]).map {
        VersionComparison.Measure(metric.name ?? "", $0)
      }
    }
  }

  /// By the served setting, each metric of a search for as many hits as it looks at, since the setting depends on
  /// their number; and every passage compared, which the first metric is asked for.
  private func answers(
    of version: String, _ progress: @escaping ProgressHandler
  ) throws -> (served: VersionAnswers, exact: VersionAnswers)? {
    // The metrics of each depth, the deciding one's first.
    var depths: [(depth: Int?, places: [Int])] = []
    for (place, metric) in metrics.enumerated() {
      if let known = depths.firstIndex(where: { $0.depth == metric.depth }) {
        depths[known].places.append(place)
      } else {
        depths.append((metric.depth, [place]))
      }
    }
    let served = depths.map { depth in
      VersionAnswers.Question(
        .usual, depth.places.map { metrics[$0] }, keeping: Self.overlapDepth)
    }
    let exact = VersionAnswers.Question(.exact, [metrics[0]], keeping: Self.overlapDepth)
    let answers = try VersionAnswers.all(
      store, set, served + [exact], version: version, minimumGrade: options.minimumGrade,
      progress: progress)
    guard let answers else { return nil }
    var joined = answers[0]
    joined.values = metrics.indices.map { place in
      let depth = depths.firstIndex { $0.places.contains(place) } ?? 0
      let row = depths[depth].places.firstIndex(of: place) ?? 0
      return answers[depth].values[row]
    }
    return (joined, answers[depths.count])
  }

  /// Hits of two lists that are compared.
  static let overlapDepth = 10

  private func comparison(
    _ a: [Double], _ b: [Double], of chosen: [Int]? = nil
  ) -> PairedComparison? {
    var settings = PairedComparison.Settings()
    settings.seed = options.seed
    guard let chosen else { return PairedComparison(a, b, groups: groups, settings) }
    return PairedComparison(
      chosen.map { a[$0] }, chosen.map { b[$0] },
      groups: groups.map { all in chosen.map { all[$0] } },
      settings)
  }

  /// Of each query the share of the first ten of `top` that are among those of `other`; 1 where there is none.
  private static func overlaps(_ top: [[RunHit]], _ other: [[RunHit]]) -> [Double] {
    zip(top, other).map { first, second in
      let known = Set(first.prefix(overlapDepth).map(\.passage))
      let found = second.prefix(overlapDepth).count { known.contains($0.passage) }
      return known.isEmpty ? 1 : Double(found) / Double(known.count)
    }
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 1 : values.reduce(0, +) / Double(values.count)
  }

  // MARK: Slices and movers

  private func slices(_ a: [Double], _ b: [Double]) throws -> [VersionComparison.Slice] {
    var places: [String: [Int]] = [:]
    let snapshot = try store.environment.snapshot()
    var reader = try RowReader(store, in: snapshot)
    for (place, query) in set.judged.enumerated() {
      let words = query.text.words
      let length = words.count < 4 ? "1 to 3" : words.count < 8 ? "4 to 7" : "8 or more"
      places["\(length) words", default: []].append(place)
      if let first = words.first { places["first word \"\(first)\"", default: []].append(place) }
      if let share = try sharedWords(query, words, &reader, in: snapshot) {
        let part =
          share < 0.25 ? "under a quarter" : share < 0.75 ? "a quarter to three quarters" : "most"
        places["\(part) of the words in the answer", default: []].append(place)
      }
    }
    let compared = places.filter { $0.value.count >= Self.leastSliced }
      .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      .compactMap { name, places in comparison(a, b, of: places).map { (name, places.count, $0) } }
    let adjusted = PairedComparison.benjaminiHochberg(compared.map { $0.2.randomization })
    return zip(compared, adjusted).map { slice, p in
      VersionComparison.Slice(
        name: slice.0, queryCount: slice.1,
        measure: VersionComparison.Measure(metrics[0].name ?? "", slice.2), adjusted: p)
    }
  }

  /// Share of a query's words that stand in the passage that answers it best; nil where none is stored.
  private func sharedWords(
    _ query: Query, _ words: [String], _ reader: inout RowReader, in snapshot: borrowing Snapshot
  ) throws -> Double? {
    guard !words.isEmpty,
      let best = set.bestAnswer(of: query, relevantFrom: options.minimumGrade),
      let row = try store.checkedRow(of: best.id, in: snapshot),
      let bytes = try reader.textIfPresent(of: row, in: snapshot)
    else { return nil }
    let there = Set(String(decoding: bytes, as: UTF8.self).words)
    return Double(words.count(where: there.contains)) / Double(words.count)
  }

  private func movers(_ answers: [VersionAnswers]) throws -> [VersionComparison.Mover] {
    let (a, b) = (answers[0].values[0], answers[1].values[0])
    let order = a.indices.sorted { (b[$0] - a[$0], $0) < (b[$1] - a[$1], $1) }
    let worst = order.prefix(options.moverCount).filter { b[$0] < a[$0] }
    let best = order.suffix(options.moverCount).filter { b[$0] > a[$0] }.reversed()
    let snapshot = try store.environment.snapshot()
    var reader = try RowReader(store, in: snapshot)
    func text(_ hit: RunHit?) throws -> String {
      guard let hit, let row = try store.checkedRow(of: hit.passage, in: snapshot),
        let bytes = try reader.textIfPresent(of: row, in: snapshot)
      else { return "" }
      return String(decoding: bytes, as: UTF8.self)
    }
    return try (best + worst).map { place in
      let (before, after) = (answers[0].top[place], answers[1].top[place])
      return VersionComparison.Mover(
        id: set.judged[place].id.text, text: set.judged[place].text, a: a[place], b: b[place],
        before: before.prefix(3).map(\.passage.text), after: after.prefix(3).map(\.passage.text),
        beforeText: try text(before.first), afterText: try text(after.first))
    }
  }

  // MARK: Cost

  /// Seconds of each query by each version, in turn.
  private struct Timing {
    let seconds: [[Double]]

    /// Of the geometric means.
    var ratio: VersionComparison.Latency {
      let logs = zip(seconds[0], seconds[1]).map { log($1 / $0) }
      let n = Double(logs.count)
      let mean = logs.reduce(0, +) / n
      let variance = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, n - 1)
      let error = (variance / n).squareRoot()
      return VersionComparison.Latency(
        ratio: exp(mean), low: exp(mean - 1.96 * error),
        high: exp(mean + 1.96 * error), queryCount: logs.count)
    }

    func quantile(_ version: Int, _ share: Double) -> Double {
      let sorted = seconds[version].sorted()
      return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
  }

  private func timed() throws -> Timing {
    var seconds: [[Double]] = [[], []]
    let clock = ContinuousClock()
    for number in 0..<options.timedCount + 20 {
      let query = set.judged[number % set.judged.count].text
      // Who is first warms the caches of both: they take turns at it.
      for turn in 0..<2 {
        let version = (turn + number) % 2
        let start = clock.now
        _ = try store.query(query, k: 10, version: versions[version])
        if number >= 20 { seconds[version].append((clock.now - start) / .seconds(1)) }
      }
    }
    return Timing(seconds: seconds)
  }

  private func costs(_ timing: Timing?) throws -> [VersionComparison.Cost] {
    let snapshot = try store.environment.snapshot()
    return try versions.indices.map { place in
      let version = try store.version(versions[place], in: snapshot)
      let index = try store.index(version.index, in: snapshot)
      let width = try store.space(version.space, in: snapshot).width
      return VersionComparison.Cost(
        median: timing?.quantile(place, 0.5) ?? 0, p99: timing?.quantile(place, 0.99) ?? 0,
        bytesPerPassage: Double(index.codec.listedSizeInBytes(width: width)))
    }
  }

  // MARK: Spaces

  /// Passages whose embeddings are looked at.
  private static let sampleSize = 2_000

  private func spaces() throws -> [EmbeddingReport] {
    let snapshot = try store.environment.snapshot()
    let rows = try store.sampledRows(Self.sampleSize, seed: options.seed, in: snapshot)
    return try versions.map { name in
      try EmbeddingSample(
        store, store.version(name, in: snapshot), rows: rows, set, options.minimumGrade,
        in: snapshot
      )
      .report
    }
  }
}
