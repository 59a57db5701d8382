/// The texts of a batch as tokens, in the order of `LossBatch`: queries, positives, negatives.
package struct TokenBatch: Sendable {
  /// Of all texts, one behind another, and a start for each text and the end.
  package private(set) var tokens: [Int32] = []
  package private(set) var offsets: [Int] = [0]
  package let queryCount: Int
  /// k, of each query.
  package let negativeCount: Int
  /// Queries over which a loss is a mean.
  let queryTotal: Int
  /// Texts over which the anchor is a mean.
  let textTotal: Int
  /// For each query its positive, then its negatives; empty without a teacher.
  let teacherScores: [Float]
  /// Unit vectors of all texts by the encoder that this one must stay near, text count × D; empty without.
  package var anchors: [Float]

  package var textCount: Int { offsets.count - 1 }

  /// An empty batch, to be filled with `(2 + negativeCount) * queryCount` texts by `append`.
  package init(
    queryCount: Int, negativeCount: Int, teacherScores: [Float] = [], anchors: [Float] = []
  ) {
    self.init(
      queryCount: queryCount, negativeCount: negativeCount, queryTotal: queryCount,
      textTotal: (2 + negativeCount) * queryCount, teacherScores: teacherScores, anchors: anchors)
  }

  private init(
    queryCount: Int, negativeCount: Int, queryTotal: Int, textTotal: Int, teacherScores: [Float],
    anchors: [Float]
  ) {
    self.queryCount = queryCount
    self.negativeCount = negativeCount
    self.queryTotal = queryTotal
    self.textTotal = textTotal
    self.teacherScores = teacherScores
    self.anchors = anchors
  }

  package mutating func append(_ text: some Sequence<Int32>) {
    tokens += text
    offsets.append(tokens.count)
  }

  func tokens(of text: Int) -> ArraySlice<Int32> { tokens[offsets[text]..<offsets[text + 1]] }

  /// The texts of some of the queries, their positives and negatives.
  private func texts(of queries: Range<Int>) -> [Int] {
    var texts = Array(queries)
    for query in queries { texts.append(queryCount + query) }
    for query in queries {
      let start = 2 * queryCount + query * negativeCount
      texts += Array(start..<start + negativeCount)
    }
    return texts
  }

  /// Some of the queries with their candidates: a part of the same mean.
  private func part(_ queries: Range<Int>) -> TokenBatch {
    let texts = texts(of: queries)
    let scored = teacherScores.isEmpty ? 0 : 1 + negativeCount
    let D = anchors.count / textCount
    var part = TokenBatch(
      queryCount: queries.count, negativeCount: negativeCount, queryTotal: queryTotal,
      textTotal: textTotal,
      teacherScores: Array(
        teacherScores[queries.lowerBound * scored..<queries.upperBound * scored]),
      anchors: texts.flatMap { anchors[$0 * D..<($0 + 1) * D] })
    for text in texts { part.append(tokens(of: text)) }
    return part
  }

  /// Parts of whole queries, each of at most `capacity` tokens; nil where one query has more.
  func parts(ofTokens capacity: Int) -> [TokenBatch]? {
    var parts: [TokenBatch] = []
    var (first, sum) = (0, 0)
    for query in 0..<queryCount {
      let size = texts(of: query..<query + 1).reduce(0) { $0 + tokens(of: $1).count }
      if size > capacity { return nil }
      if sum + size > capacity {
        parts.append(part(first..<query))
        (first, sum) = (query, 0)
      }
      sum += size
    }
    parts.append(part(first..<queryCount))
    return parts
  }

  /// Ranges of texts, each of at most `capacity` tokens, but one text at least.
  func passes(ofTokens capacity: Int) -> [Range<Int>] {
    var passes: [Range<Int>] = []
    var first = 0
    for text in 0..<textCount where offsets[text + 1] - offsets[first] > capacity && text > first {
      passes.append(first..<text)
      first = text
    }
    passes.append(first..<textCount)
    return passes
  }
}
