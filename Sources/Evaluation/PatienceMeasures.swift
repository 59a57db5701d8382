internal import Glibc

/// Measures that model a reader who loses patience.
extension JudgedRanking {
  /// Gain by the logarithm of what was read in vain before it, as a share of the gain of the ideal
  /// answer.
  ///
  /// At each rank the ideal answer gains what it can, at least 1; what the answer lags behind is
  /// what was read in vain. Source: trec_eval's measure G (2008), which has no paper.
  func gainByLag(_ gains: GradeGains) -> Double {
    let steps = gains.ideal(for: self)
    let idealSum = steps.reduce(0) { $0 + $1.gain * Double($1.count) }
    guard idealSum > 0 else { return 0 }
    var (cost, gained, sum) = (0.0, 0.0, 0.0)
    var (rank, step, countInStep) = (0, 0, 0)
    for hit in hits {
      let gain = gains.gain(of: hit.grade)
      if gain == 0 { continue }
      while rank < hit.rank {
        rank += 1
        cost += step < steps.count ? max(steps[step].gain, 1) : 1
        guard step < steps.count else { continue }
        countInStep += 1
        if countInStep == steps[step].count { (step, countInStep) = (step + 1, 0) }
      }
      gained += gain
      sum += gain / log2(2 + cost - gained)
    }
    return sum / idealSum
  }

  /// The same with a gain of 1 for every relevant passage: what is not relevant was read in vain.
  var binaryGainByLag: Double {
    guard relevantCount > 0 else { return 0 }
    var sum = 0.0
    for (index, rank) in relevantRanks.enumerated() {
      sum += 1 / log2(Double(2 + rank - (index + 1)))
    }
    return sum / Double(relevantCount)
  }

  /// Rank-biased precision: the gain of a reader who goes on from each rank to the next with the
  /// probability `persistence`.
  ///
  /// Gains outside 0 to 1 are mapped to it, the lowest to 0 and the highest to 1.
  /// Source: Moffat & Zobel, ACM TOIS 27(1), 2008.
  func rankBiasedPrecision(persistence: Double, _ gains: GradeGains) -> Double {
    var ends = gains.overrides.map(\.gain) + levels.map { gains.gain(of: $0.grade) }
    ends.append(gains.gain(of: 0))
    let (low, high) = (ends.min() ?? 0, ends.max() ?? 0)
    let isMapped = (low < 0 || high > 1) && low < high
    var (sum, weight) = (0.0, 1.0)
    var rank = 1
    for hit in hits where hit.isJudged {
      let gain = gains.gain(of: hit.grade)
      let mapped = isMapped ? (gain - low) / (high - low) : gain
      // Step by step, since powers round otherwise.
      while rank < hit.rank { (weight, rank) = (weight * persistence, rank + 1) }
      sum += mapped * weight
    }
    return (1 - persistence) * sum
  }

  /// What rank-biased precision could gain if all that nobody judged were relevant; 0 where all
  /// hits were judged.
  func rankBiasedResidual(persistence: Double) -> Double {
    let judgedRanks = hits.filter(\.isJudged).map(\.rank)
    guard judgedRanks.count < retrievedCount else { return 0 }
    var (sum, weight) = (0.0, 1.0)
    var next = 0
    for rank in 1...retrievedCount {
      if next < judgedRanks.count, judgedRanks[next] == rank {
        next += 1
      } else {
        sum += weight
      }
      weight *= persistence
    }
    return weight + (1 - persistence) * sum
  }
}
