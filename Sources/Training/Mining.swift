/// A passage in a query's ranking.
package struct RankedPassage: Sendable, Equatable {
  package let place: Int
  package let score: Float

  package init(place: Int, score: Float) {
    self.place = place
    self.score = score
  }
}

/// A passage that was found for a query and does not answer it.
package struct MinedPassage: Sendable, Equatable {
  package let place: Int
  /// Among passages that do not answer the query, the best 1.
  package let rank: Int
  package let score: Float
}

extension MiningSettings {
  /// Passages that a query's ranking must have, so that every rank that is asked for is there.
  ///
  /// - Parameter answers: how many passages answer the query.
  package func depth(answers: Int) -> Int { rangeMax + answers }

  /// The negatives of one judged pair.
  ///
  /// Ranks are those among passages that do not answer the query. A margin needs the positive's own score: where
  /// the positive is not in the ranking, all of it is nearer to the query, and nothing is left.
  /// - Parameters:
  ///   - ranked: the best first.
  ///   - count: at most so many.
  /// - Returns: the highest of those that are allowed, or a random choice of them, with their ranks.
  /// Source: Moreira et al. 2024 (NV-Retriever), section 3.
  package func negatives(
    _ ranked: [RankedPassage], answers: Set<Int>, positive: Int, count: Int,
    _ numbers: inout RandomNumbers
  ) -> [MinedPassage] {
    let positiveScore = ranked.first { $0.place == positive }.map { Double($0.score) }
    if positiveScore == nil, relativeMargin != nil || absoluteMargin != nil { return [] }
    var limit = maxScore ?? .infinity
    if let positiveScore {
      if let relativeMargin {
        limit = min(limit, positiveScore - abs(positiveScore) * relativeMargin)
      }
      if let absoluteMargin { limit = min(limit, positiveScore - absoluteMargin) }
    }
    let others = ranked.filter { !answers.contains($0.place) }
    var allowed = others.enumerated().map {
      MinedPassage(place: $1.place, rank: $0 + 1, score: $1.score)
    }.filter {
      (rangeMin...max(rangeMin, rangeMax)).contains($0.rank) && Double($0.score) <= limit
        && Double($0.score) >= minScore ?? -.infinity
    }
    if !samplesRandomly || allowed.count <= count { return Array(allowed.prefix(count)) }
    for place in 0..<count {
      allowed.swapAt(place, place + numbers.below(allowed.count - place))
    }
    return allowed.prefix(count).sorted { $0.rank < $1.rank }
  }
}
