internal import Corpus
internal import Encoding
internal import Glibc
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// Some embeddings of a version, and what they say of its space.
struct EmbeddingSample {
  let report: EmbeddingReport

  /// Queries whose distance to their answers is looked at.
  private static let queryCount = 500
  /// Passages whose neighbours are counted.
  private static let neighbourhood = 1_000

  /// - Parameter rows: of passages; those without a code are left out.
  init(
    _ store: Store, _ version: VersionRecord, rows: [UInt32], _ set: EvaluationSet,
    _ minimumGrade: Int, in snapshot: borrowing Snapshot
  ) throws {
    let codes = try IndexCodes(store, version.index, in: snapshot)
    let D = codes.width
    let (vectors, areUnit) = Self.scaled(
      try codes.codes(of: rows, in: snapshot).decoded(), width: D)
    let space = try store.space(version.space, in: snapshot)
    let encoder = try store.queryEncoder(of: version, space, in: snapshot)
    var pairs: [(query: String, row: UInt32)] = []
    for query in set.judged where pairs.count < Self.queryCount {
      guard let best = set.bestAnswer(of: query, relevantFrom: minimumGrade),
        let row = try store.checkedRow(of: best.id, in: snapshot),
        try codes.hasCode(of: row, in: snapshot)
      else { continue }
      pairs.append((query.text, row))
    }
    let queries = encoder.encode(pairs.map(\.query))
    let answers = Self.scaled(
      try codes.codes(of: pairs.map(\.row), in: snapshot).decoded(), width: D
    ).vectors
    let figures = EmbeddingFigures(vectors, width: D)
    report = EmbeddingReport(
      effectiveRank: figures?.rank ?? 0, meanCosine: figures?.meanCosine ?? 1,
      alignment: Self.alignment(queries, answers, width: D),
      uniformity: Self.uniformity(vectors, width: D), hubness: Self.hubness(vectors, width: D),
      areUnit: areUnit && Self.scaled(queries, width: D).areUnit)
  }

  /// What codes stand for, brought to unit length, and whether it was so already, within 1 %.
  private static func scaled(
    _ decoded: [Float], width D: Int
  ) -> (vectors: [Float], areUnit: Bool) {
    var vectors = decoded
    var areUnit = true
    for start in stride(from: 0, to: vectors.count, by: D) {
      var square = 0.0
      for index in start..<start + D { square += Double(vectors[index]) * Double(vectors[index]) }
      // Of what is no number this is false, too.
      areUnit = areUnit && abs(square.squareRoot() - 1) <= 0.01
      guard square > 0 else { continue }
      let scale = Float(1 / square.squareRoot())
      for index in start..<start + D { vectors[index] *= scale }
    }
    return (vectors, areUnit)
  }

  private static func alignment(_ queries: [Float], _ answers: [Float], width D: Int) -> Double {
    guard !queries.isEmpty, queries.count == answers.count else { return 0 }
    var sum = 0.0
    for index in queries.indices {
      let difference = Double(queries[index]) - Double(answers[index])
      sum += difference * difference
    }
    return sum / Double(queries.count / D)
  }

  private static func uniformity(_ vectors: [Float], width D: Int) -> Double {
    let count = vectors.count / D
    guard count > 1 else { return 0 }
    var (sum, pairs) = (0.0, 0)
    eachRow(vectors, width: D, count: count) { row, cosines in
      for other in row + 1..<count {
        sum += exp(-2 * (2 - 2 * Double(cosines[other])))
        pairs += 1
      }
    }
    return log(sum / Double(max(1, pairs)))
  }

  private static func hubness(_ vectors: [Float], width D: Int) -> Double {
    let count = min(neighbourhood, vectors.count / D)
    guard count > 11 else { return 0 }
    var occurrences = [Double](repeating: 0, count: count)
    eachRow(vectors, width: D, count: count) { row, cosines in
      let nearest = (0..<count).filter { $0 != row }.sorted { cosines[$0] > cosines[$1] }
      for other in nearest.prefix(10) { occurrences[other] += 1 }
    }
    let mean = 10.0
    let moments = (2...3).map { power in
      occurrences.reduce(0) { $0 + pow($1 - mean, Double(power)) } / Double(count)
    }
    return moments[0] > 0 ? moments[1] / pow(moments[0], 1.5) : 0
  }

  /// Calls with each row's cosines to all of the first `count` rows.
  private static func eachRow(
    _ vectors: [Float], width D: Int, count: Int, _ body: (Int, [Float]) -> Void
  ) {
    var linear = Linear(inputWidth: D, outputWidth: count)
    linear.append(
      weight: vectors.span.extracting(0..<count * D),
      bias: [Float](repeating: 0, count: count).span)
    var cosines = [Float](repeating: 0, count: count)
    for row in 0..<count {
      var view = cosines.mutableSpan
      Kernels.best.apply(
        linear, to: vectors.span.extracting(row * D..<(row + 1) * D), rows: 1, into: &view)
      body(row, cosines)
    }
  }
}

extension Store {
  /// The rows of some passages, by chance; of all where there are no more.
  ///
  /// - Complexity: a look at a few times as many rows; where most row numbers are gone, through all rows.
  func sampledRows(
    _ count: Int, seed: UInt64, in snapshot: borrowing Snapshot
  ) throws -> [UInt32] {
    let end = Int(try storeRecord(in: snapshot).nextRow)
    let wanted = min(count, try tables.rows.count(in: snapshot))
    var random = SplitMix64(seed: seed)
    var rows: Set<UInt32> = []
    for _ in 0..<8 * count where rows.count < wanted {
      let row = UInt32(random.below(max(1, end)))
      if try tables.rows.contains(Key(row), in: snapshot) { rows.insert(row) }
    }
    if rows.count == wanted { return rows.sorted() }
    // Algorithm R: each row is kept with the same chance.
    var kept: [UInt32] = []
    var seen = 0
    var cursor = try tables.rows.cursor(in: snapshot)
    var isAtRow = try cursor.first()
    while isAtRow, let row = cursor.key.bigEndianUInt32(at: 0) {
      seen += 1
      if kept.count < wanted {
        kept.append(row)
      } else {
        let place = random.below(seen)
        if place < wanted { kept[place] = row }
      }
      isAtRow = try cursor.next()
    }
    return kept.sorted()
  }
}
