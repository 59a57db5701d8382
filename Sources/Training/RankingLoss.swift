internal import Glibc

/// Cross-entropy of each query's positive among all positives and negatives of the batch, cosines times
/// `scale`: multiple negatives ranking, InfoNCE.
///
/// Source: Henderson et al. 2017, section 4.4; scale as sentence-transformers'.
package struct RankingLoss: Loss {
  package let scale: Double
  /// Whether each positive must also find its query among all queries; the loss is then the mean of both.
  package let isSymmetric: Bool

  package init(scale: Double = 20, isSymmetric: Bool = false) {
    self.scale = scale
    self.isSymmetric = isSymmetric
  }

  package var isSumOverQueries: Bool { false }

  package func evaluate(_ batch: inout LossBatch) -> Double {
    let B = batch.queryCount
    let share = (isSymmetric ? 0.5 : 1) / Double(batch.queryTotal)
    let candidates = Array(B..<batch.rowCount)
    var sum = 0.0
    for query in 0..<B {
      sum += enter(&batch, query, among: candidates, right: query, share: share)
    }
    if isSymmetric {
      let queries = Array(0..<B)
      for query in 0..<B {
        sum += enter(
          &batch, batch.positive(of: query), among: queries, right: query, share: share)
      }
    }
    return sum * share
  }

  /// One row's cross-entropy among candidates of which the `right`th is right.
  private func enter(
    _ batch: inout LossBatch, _ row: Int, among candidates: [Int], right: Int, share: Double
  ) -> Double {
    let scores = candidates.map { scale * batch.dot(row, $0) }
    let highest = scores.max() ?? 0
    let sum = scores.reduce(0) { $0 + exp($1 - highest) }
    for (place, candidate) in candidates.enumerated() {
      let probability = exp(scores[place] - highest) / sum
      let slope = share * scale * (probability - (place == right ? 1 : 0))
      batch.add(slope: slope, ofDot: row, candidate)
    }
    return log(sum) + highest - scores[right]
  }
}
