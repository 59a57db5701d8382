internal import Glibc

/// Measures that look at the ranks of all relevant hits.
extension JudgedRanking {
  /// The sum of the precisions at the ranks of the relevant hits down to `depth`.
  private func precisionSum(depth: Int) -> Double {
    var sum = 0.0
    for (index, rank) in relevantRanks.enumerated() {
      if rank > depth { break }
      sum += Double(index + 1) / Double(rank)
    }
    return sum
  }

  /// Average precision: the mean precision at the ranks of the relevant passages, zero for one that
  /// was not retrieved down to `depth`. Its mean over queries is MAP.
  func averagePrecision(depth: Int = .max) -> Double {
    relevantCount == 0 ? 0 : precisionSum(depth: depth) / Double(relevantCount)
  }

  /// One by the rank of the first relevant hit; 0 where there is none down to `depth`.
  func reciprocalRank(depth: Int = .max) -> Double {
    guard let rank = relevantRanks.first, rank <= depth else { return 0 }
    return 1 / Double(rank)
  }

  /// Average precision on a logit scale. Source: Robertson, ECIR 2012.
  var logitAveragePrecision: Double {
    let sum = precisionSum(depth: .max)
    return log((1 + sum) / (1 + Double(relevantCount) - sum))
  }

  /// The highest precision at any recall from this one on.
  ///
  /// A recall becomes a number of relevant passages by rounding half up, as trec_eval does since
  /// version 10; older ones took `⌊recall · R + 0.9⌋`.
  func interpolatedPrecision(atRecall recall: Double) -> Double {
    let needed = (recall * Double(relevantCount)).rounded(.toNearestOrAwayFromZero)
    guard needed <= Double(relevantRanks.count) else { return 0 }
    var highest = 0.0
    for index in max(Int(max(needed, 0)), 1) - 1..<relevantRanks.count {
      highest = max(highest, Double(index + 1) / Double(relevantRanks[index]))
    }
    return highest
  }

  /// The mean of the interpolated precisions at some recalls.
  func averageInterpolatedPrecision(atRecalls recalls: [Double]) -> Double {
    // From the highest recall down, as trec_eval adds them up.
    recalls.reversed().reduce(0) { $0 + interpolatedPrecision(atRecall: $1) }
      / Double(recalls.count)
  }
}

/// Measures for qrels that judge only a part of what was retrieved.
extension JudgedRanking {
  /// The share of the judged passages that are not relevant, of at most R of them, that come after
  /// a relevant hit; the mean over the relevant passages.
  ///
  /// Source: Buckley & Voorhees, SIGIR 2004.
  var binaryPreference: Double {
    guard relevantCount > 0 else { return 0 }
    let bound = min(nonrelevantCount, relevantCount)
    var before = 0
    var sum = 0.0
    for hit in hits where hit.isJudged {
      if !isRelevant(hit) {
        before += 1
      } else if before > 0 {
        sum += 1 - Double(min(before, relevantCount)) / Double(bound)
      } else {
        sum += 1
      }
    }
    return sum / Double(relevantCount)
  }

  /// Average precision as it is to be expected where a random sample of the pool was judged: a
  /// grade below zero is for a passage of the pool that is not in the sample.
  ///
  /// Source: Yilmaz & Aslam, CIKM 2006; the constant of smoothing is trec_eval's.
  var inferredAveragePrecision: Double {
    guard relevantCount > 0 else { return 0 }
    let smoothing = 0.00001
    var (relevant, nonrelevant, unjudged) = (0, 0, 0)
    var sum = 0.0
    for hit in hits {
      if !hit.isJudged {
        unjudged += 1
      } else if !isRelevant(hit) {
        nonrelevant += 1
      } else {
        let above = Double(hit.rank - 1)
        if above == 0 {
          sum += 1
        } else {
          let pooled = Double(relevant + nonrelevant + unjudged) / above
          let precision =
            (Double(relevant) + smoothing) / (Double(relevant + nonrelevant) + 2 * smoothing)
          sum += 1 / (above + 1) + above / (above + 1) * pooled * precision
        }
        relevant += 1
      }
    }
    return sum / Double(relevantCount)
  }
}
