/// max(0, d(q, p) − d(q, n) + margin), a mean over all triplets.
///
/// Source: Schroff et al. 2015, equation 2; the distances of sentence-transformers' TripletLoss.
package struct TripletLoss: Loss {
  package enum Distance: String, Sendable, CaseIterable {
    /// 1 − cosine.
    case cosine
    /// Of vectors as pooling gives them.
    case euclidean
  }

  package let distance: Distance
  package let margin: Double

  package init(distance: Distance, margin: Double) {
    self.distance = distance
    self.margin = margin
  }

  package var takesUnitVectors: Bool { distance == .cosine }

  /// PyTorch adds it to each difference, so that equal vectors have a gradient.
  private static let epsilon: Float = 1e-6

  package func evaluate(_ batch: inout LossBatch) -> Double {
    let share = 1 / Double(batch.queryTotal * max(batch.negativeCount, 1))
    var sum = 0.0
    for query in 0..<batch.queryCount {
      let positive = batch.positive(of: query)
      for negative in batch.negatives(of: query) {
        switch distance {
        case .cosine:
          let loss = batch.dot(query, negative) - batch.dot(query, positive) + margin
          if loss <= 0 { continue }
          sum += loss
          batch.add(slope: -share, ofDot: query, positive)
          batch.add(slope: share, ofDot: query, negative)
        case .euclidean:
          let near = Self.difference(batch, query, positive)
          let far = Self.difference(batch, query, negative)
          let loss = near.length - far.length + margin
          if loss <= 0 { continue }
          sum += loss
          let toNear = near.values.map { Float(share / near.length) * $0 }
          let toFar = far.values.map { Float(share / far.length) * $0 }
          batch.add(zip(toNear, toFar).map { $0 - $1 }, to: query)
          batch.add(toNear.map { -$0 }, to: positive)
          batch.add(toFar, to: negative)
        }
      }
    }
    return sum * share
  }

  private static func difference(
    _ batch: LossBatch, _ x: Int, _ y: Int
  ) -> (values: [Float], length: Double) {
    let values = zip(batch.vectors[batch.vector(x)], batch.vectors[batch.vector(y)])
      .map { $0 - $1 + epsilon }
    return (values, values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot())
  }
}
