/// Measures that count relevant hits down to a rank. Where a run is shorter than the rank, hits that
/// are not relevant fill it up.
extension JudgedRanking {
  /// The share of relevant passages among the first `rank` hits; 0 for rank 0.
  func precision(at rank: Int) -> Double {
    rank == 0 ? 0 : Double(relevantCount(downTo: rank)) / Double(rank)
  }

  /// The share of the relevant passages that are among the first `rank` hits.
  func recall(at rank: Int) -> Double {
    relevantCount == 0 ? 0 : Double(relevantCount(downTo: rank)) / Double(relevantCount)
  }

  /// 1 where a relevant passage is among the first `rank` hits, else 0.
  func success(at rank: Int) -> Double {
    relevantCount(downTo: rank) > 0 ? 1 : 0
  }

  /// Precision as a share of the highest one that is possible at this rank.
  func relativePrecision(at rank: Int) -> Double {
    relevantCount == 0
      ? 0 : Double(relevantCount(downTo: rank)) / Double(min(rank, relevantCount))
  }

  /// Precision at rank R, the number of relevant passages.
  var rPrecision: Double { precision(at: relevantCount) }

  /// Precision at a multiple of R. The rank is `⌊multiple · R + 0.9⌋`, as trec_eval has it.
  func rPrecision(multiple: Double) -> Double {
    let rank = multiple * Double(relevantCount) + 0.9
    return precision(at: rank < 0x1p53 ? Int(max(rank, 0)) : 1 << 53)
  }

  /// The share of passages that nobody judged among the first `rank` hits.
  func unjudgedShare(at rank: Int) -> Double {
    let judged = hits.reduce(0) { $0 + ($1.rank <= rank && $1.isJudged ? 1 : 0) }
    return Double(min(rank, retrievedCount) - judged) / Double(rank)
  }
}
