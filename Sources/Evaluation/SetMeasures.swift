/// Measures of what was retrieved as a set, without its order.
extension JudgedRanking {
  var setPrecision: Double {
    retrievedCount == 0 ? 0 : Double(relevantRetrievedCount) / Double(retrievedCount)
  }

  var setRecall: Double {
    relevantCount == 0 ? 0 : Double(relevantRetrievedCount) / Double(relevantCount)
  }

  /// Precision as a share of the highest one that a set of this size can have.
  var setRelativePrecision: Double {
    let bound = min(retrievedCount, relevantCount)
    return bound == 0 ? 0 : Double(relevantRetrievedCount) / Double(bound)
  }

  /// Precision times recall.
  var setAveragePrecision: Double {
    guard retrievedCount > 0, relevantCount > 0 else { return 0 }
    let relevant = Double(relevantRetrievedCount)
    return relevant * relevant / (Double(retrievedCount) * Double(relevantCount))
  }

  /// The weighted harmonic mean of precision and recall.
  func setF(recallWeight weight: Double) -> Double {
    guard relevantRetrievedCount > 0 else { return 0 }
    return (weight + 1) * setPrecision * setRecall / (weight * setPrecision + setRecall)
  }

  /// What the answer is worth: a weight for every passage, by whether it is relevant and retrieved.
  func utility(_ weights: UtilityWeights, collectionSize: Int) -> Double {
    let relevant = relevantRetrievedCount
    // As a double, since no size is too large for it.
    let neither = Double(collectionSize) + Double(relevant - retrievedCount - relevantCount)
    return weights.relevantRetrieved * Double(relevant)
      + weights.nonrelevantRetrieved * Double(retrievedCount - relevant)
      + weights.relevantMissed * Double(relevantCount - relevant)
      + weights.nonrelevantMissed * neither
  }

  /// Number of hits that were judged and are not relevant.
  var nonrelevantRetrievedCount: Int {
    hits.reduce(0) { $0 + ($1.isJudged ? 1 : 0) } - relevantRetrievedCount
  }
}

/// What a passage is worth.
package struct UtilityWeights: Sendable, Hashable {
  package var relevantRetrieved = 1.0
  package var nonrelevantRetrieved = -1.0
  package var relevantMissed = 0.0
  package var nonrelevantMissed = 0.0

  package init() {}
}
