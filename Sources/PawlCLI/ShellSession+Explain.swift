internal import Pawl

extension ShellSession {
  /// How the last answer came about, or one of its hits.
  ///
  /// - Throws: `ShellFault` where there is no such answer or rank.
  func explain(rank: Int?, on page: AnswerText) throws -> [String] {
    guard let (query, answer) = last else { throw ShellFault.nothingToExplain }
    guard let rank else {
      let query = try QueryReport(
        query: query, answer, store.explain(query, version: answer.version))
      return settings.isJSON ? [try JSONOutput.line(query)] : page.table(query.rows)
    }
    guard answer.hits.indices.contains(rank - 1) else {
      throw ShellFault.noSuchRank(rank: rank, count: answer.hits.count)
    }
    let found = answer.hits[rank - 1]
    let hit = HitReport(
      query: query, answer, found, try store.explain(found, version: answer.version))
    return settings.isJSON ? [try JSONOutput.line(hit)] : page.table(hit.rows)
  }
}

/// A query, explained: as JSON, or as rows of a name and a fact.
private struct QueryReport: Encodable {
  let query: String
  let isExact: Bool
  let searched: Int
  let scored: Int
  let probes: Int
  let pending: Int
  let milliseconds: [String: Double]
  let explanation: QueryExplanation
  private let timing: Answer.Timing
  private let cost: CostText

  private enum CodingKeys: CodingKey {
    case query, isExact, searched, scored, probes, pending, milliseconds, explanation
  }

  init(query: String, _ answer: Answer, _ explanation: QueryExplanation) {
    let report = AnswerReport(query: query, answer)
    self.query = query
    isExact = answer.cost.isExact
    searched = answer.searchedCount
    scored = answer.cost.scannedCount
    probes = answer.cost.probeCount
    cost = CostText(cost: answer.cost, searchedCount: answer.searchedCount)
    pending = answer.pendingCount
    milliseconds = report.milliseconds
    timing = answer.timing
    self.explanation = explanation
  }

  var rows: [(name: String, fact: String)] {
    [
      ("query", query),
      ("prefix", explanation.queryPrefix.isEmpty ? "none" : "\"\(explanation.queryPrefix)\""),
      ("tokens", tokens),
      ("version", explanation.version + (explanation.isActive ? ", active" : "")),
      ("model", "\(explanation.origin), checkpoint \(explanation.checkpoint.prefix(12))"),
      (
        "space",
        "\(explanation.space.prefix(12)), \(explanation.width) dimensions, "
          + "\(explanation.numericPath) by \(explanation.kernels)"
      ),
      (
        "index",
        "\(explanation.index), \(explanation.codec), \(explanation.codeSizeInBytes) bytes a passage"
          + (explanation.listCount == 0
            ? "" : ", \(Figures.count(explanation.listCount, "list"))")
      ),
      ("search", search),
      ("time", ShellSession.steps(timing)),
    ]
  }

  private var tokens: String {
    let (count, limit) = (explanation.tokenCount, explanation.tokenLimit)
    let lost = count > limit ? ", so the last \(count - limit) were cut off" : ""
    return "\(count) of at most \(limit)\(lost): " + explanation.tokens.joined(separator: " ")
  }

  private var search: String {
    cost.line
      + (pending > 0 ? "; \(Figures.count(pending, "passage")) not embedded yet" : "; none pending")
  }
}

/// A hit, explained.
private struct HitReport: Encodable {
  let query: String
  let version: String
  let rank: Int
  let pid: String
  let score: Float
  let sharedWords: [String]
  let explanation: PassageExplanation
  private let hitCount: Int

  private enum CodingKeys: CodingKey {
    case query, version, rank, pid, score, sharedWords, explanation
  }

  init(query: String, _ answer: Answer, _ hit: Hit, _ explanation: PassageExplanation) {
    self.query = query
    version = answer.version
    rank = hit.rank
    pid = hit.id
    score = hit.score
    sharedWords = QueryWords(query).shared(with: hit.text)
    hitCount = answer.hits.count
    self.explanation = explanation
  }

  var rows: [(name: String, fact: String)] {
    [
      ("hit", "\(rank) of \(hitCount) by \(version): \(pid)"),
      ("score", "\(Figures.fixed(Double(score), 6)), the cosine up to the code's rounding"),
      (
        "shared", sharedWords.isEmpty ? "no word of the query" : sharedWords.joined(separator: ", ")
      ),
      ("tokens", tokens),
      ("row", "\(explanation.row), \(stored)"),
    ]
      + (explanation.hasChanged ? [("note", "the passage has another text since this answer")] : [])
  }

  private var tokens: String {
    let (count, limit) = (explanation.tokenCount, explanation.tokenLimit)
    return "\(count) of at most \(limit)"
      + (count > limit ? ", so its end was not read by the encoder" : "")
  }

  private var stored: String {
    let share =
      100 * Double(explanation.storedSizeInBytes) / Double(max(1, explanation.textSizeInBytes))
    return "\(Figures.grouped(explanation.storedSizeInBytes)) bytes stored "
      + "(\(Figures.fixed(share, 0)) % of the text)"
  }
}
