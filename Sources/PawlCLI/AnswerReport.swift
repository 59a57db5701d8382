internal import Pawl

/// The JSON of an answer.
struct AnswerReport: Encodable {
  struct HitReport: Encodable {
    let rank: Int
    let score: Float
    let pid: String
    let text: String
  }

  let query: String
  let version: String
  let searched: Int
  /// Passages that the query was compared with.
  let scanned: Int
  let probes: Int
  let exact: Bool
  let pending: Int
  let hits: [HitReport]
  let milliseconds: [String: Double]

  init(query: String, _ answer: Answer) {
    self.query = query
    version = answer.version
    searched = answer.searchedCount
    scanned = answer.cost.scannedCount
    probes = answer.cost.probeCount
    exact = answer.cost.isExact
    pending = answer.pendingCount
    hits = answer.hits.map {
      HitReport(rank: $0.rank, score: $0.score, pid: $0.id, text: $0.text)
    }
    milliseconds = [
      "encode": answer.timing.encode * 1_000, "search": answer.timing.search * 1_000,
      "fetch": answer.timing.fetch * 1_000,
    ]
  }
}
