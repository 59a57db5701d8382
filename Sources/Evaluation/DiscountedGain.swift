internal import Glibc

/// Measures of the nDCG family: gain by the logarithm of rank + 1.
///
/// Source: Järvelin & Kekäläinen, ACM TOIS 20(4), 2002, with trec_eval's linear gain.
extension JudgedRanking {
  /// The gains of the hits down to `depth`, each by log2(rank + 1).
  func discountedGain(_ gains: GradeGains, depth: Int = .max) -> Double {
    var sum = 0.0
    for hit in hits {
      if hit.rank > depth { break }
      let gain = gains.gain(of: hit.grade)
      if gain != 0 { sum += gain / log2(Double(hit.rank + 1)) }
    }
    return sum
  }

  /// The highest discounted gain that there could be down to `depth`.
  func idealDiscountedGain(_ gains: GradeGains, depth: Int = .max) -> Double {
    var sum = 0.0
    var rank = 0
    for (gain, count) in gains.ideal(for: self) {
      for _ in 0..<min(count, depth - rank) {
        rank += 1
        sum += gain / log2(Double(rank + 1))
      }
    }
    return sum
  }

  /// Discounted gain as a share of the highest possible one: nDCG.
  func normalizedDiscountedGain(_ gains: GradeGains, depth: Int = .max) -> Double {
    let ideal = idealDiscountedGain(gains, depth: depth)
    return ideal > 0 ? discountedGain(gains, depth: depth) / ideal : 0
  }

  /// nDCG averaged over the ranks of the hits with a gain; for a passage that was not retrieved,
  /// nDCG at the end.
  func normalizedDiscountedGainAtRelevant(_ gains: GradeGains) -> Double {
    var ideal = IdealGain(gains.ideal(for: self))
    var (dcg, sum) = (0.0, 0.0)
    var gainedCount = 0
    for hit in hits {
      let gain = gains.gain(of: hit.grade)
      if gain == 0 { continue }
      dcg += gain / log2(Double(hit.rank + 1))
      ideal.advance(to: hit.rank)
      if gain > 0 {
        sum += dcg / ideal.sum
        gainedCount += 1
      }
    }
    ideal.advance(to: .max)
    guard ideal.sum > 0 else { return 0 }
    sum += Double(ideal.rank - gainedCount) * dcg / ideal.sum
    return sum > 0 ? sum / Double(ideal.rank) : 0
  }

  /// nDCG averaged over the ranks at which the gain of the ideal answer falls, and over the end of
  /// the answer where that lies behind the first rank at which the ideal gain is gone.
  func normalizedDiscountedGainAtLevels(_ gains: GradeGains) -> Double {
    guard relevantCount > 0 else { return 0 }
    let steps = gains.ideal(for: self)
    var ideal = IdealGain(steps)
    var (sum, boundary) = (0.0, 0)
    var count = 0
    for (index, step) in steps.enumerated() {
      boundary += step.count
      if index + 1 < steps.count, steps[index + 1].gain == step.gain { continue }
      ideal.advance(to: boundary)
      sum += discountedGain(gains, depth: boundary) / ideal.sum
      count += 1
    }
    if count > 0, retrievedCount > boundary + 1 {
      sum += discountedGain(gains) / ideal.sum
      count += 1
    }
    return count == 0 ? 0 : sum / Double(count)
  }
}

/// The discounted gain of the ideal answer, added up rank by rank.
private struct IdealGain {
  /// The rank down to which `sum` goes; never beyond the last gain.
  private(set) var rank = 0
  private(set) var sum = 0.0
  private let steps: [(gain: Double, count: Int)]
  private var step = 0
  private var countInStep = 0

  init(_ steps: [(gain: Double, count: Int)]) {
    self.steps = steps
  }

  mutating func advance(to end: Int) {
    while rank < end, step < steps.count {
      rank += 1
      sum += steps[step].gain / log2(Double(rank + 1))
      countInStep += 1
      if countInStep == steps[step].count {
        step += 1
        countInStep = 0
      }
    }
  }
}
