/// Pawl's own names: lower case, with the rank behind an @. `mrr@10`, `ndcg@10`, `map`, `rprec`.
extension Metric {
  /// What a name may be, for messages.
  package static let knownNames = [
    "mrr", "mrr@K", "ndcg", "ndcg@K", "map", "map@K", "recall@K", "p@K", "success@K", "rprec",
    "bpref",
  ]

  /// Reads a name, in any case.
  package init(name: String) throws(EvaluationError) {
    let parts = name.lowercased().split(
      separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    var depth: Int?
    if parts.count == 2 {
      guard let number = Int(parts[1]), number > 0, parts[1].allSatisfy(\.isNumber) else {
        throw .unknownMetric(name: name)
      }
      depth = number
    }
    switch (parts.first, depth) {
    case ("mrr", _): self = .reciprocalRank(depth: depth)
    case ("ndcg", _): self = .normalizedDiscountedGain(depth: depth)
    case ("map", _): self = .averagePrecision(depth: depth)
    case ("recall", let rank?): self = .recall(rank)
    case ("p", let rank?): self = .precision(rank)
    case ("success", let rank?): self = .success(rank)
    case ("rprec", nil): self = .rPrecision
    case ("bpref", nil): self = .binaryPreference
    default: throw .unknownMetric(name: name)
    }
  }

  /// Reads names that are separated by commas; of a name that comes twice, the first counts.
  package static func list(_ names: String) throws(EvaluationError) -> [Metric] {
    var metrics: [Metric] = []
    for name in names.split(separator: ",", omittingEmptySubsequences: false) {
      let metric = try Metric(name: String(name.drop { $0 == " " }))
      if !metrics.contains(metric) { metrics.append(metric) }
    }
    return metrics
  }

  /// Hits beyond this rank do not matter; nil for metrics that look at all hits.
  package var depth: Int? {
    switch self {
    case .reciprocalRank(let depth), .averagePrecision(let depth),
      .normalizedDiscountedGain(let depth, _):
      depth
    case .recall(let rank), .precision(let rank), .success(let rank), .relativePrecision(let rank),
      .unjudgedShare(let rank):
      rank
    default: nil
    }
  }

  /// The name that `init(name:)` reads; nil for metrics that only trec_eval's spelling has.
  package var name: String? {
    func at(_ depth: Int?) -> String { depth.map { "@\($0)" } ?? "" }
    return switch self {
    case .reciprocalRank(let depth): "mrr" + at(depth)
    case .normalizedDiscountedGain(let depth, let gains) where gains.overrides.isEmpty:
      "ndcg" + at(depth)
    case .averagePrecision(let depth): "map" + at(depth)
    case .recall(let rank): "recall@\(rank)"
    case .precision(let rank): "p@\(rank)"
    case .success(let rank): "success@\(rank)"
    case .rPrecision: "rprec"
    case .binaryPreference: "bpref"
    default: nil
    }
  }
}
