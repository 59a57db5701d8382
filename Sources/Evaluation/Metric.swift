internal import Glibc

/// A number about one query's answer, and how it is put together for many queries.
package enum Metric: Sendable, Hashable {
  case queryCount
  case retrievedCount
  case relevantCount
  case relevantRetrievedCount
  case nonrelevantRetrievedCount

  case averagePrecision(depth: Int? = nil)
  case geometricAveragePrecision
  case logitAveragePrecision
  case reciprocalRank(depth: Int? = nil)
  case rPrecision
  case rPrecisionMultiple(Double)
  case interpolatedPrecision(recall: Double)
  case averageInterpolatedPrecision(recalls: [Double])
  case binaryPreference
  case geometricBinaryPreference
  case inferredAveragePrecision

  case precision(Int)
  case recall(Int)
  case success(Int)
  case relativePrecision(Int)
  case unjudgedShare(Int)

  case discountedGain(GradeGains)
  case idealDiscountedGain(GradeGains)
  case normalizedDiscountedGain(depth: Int? = nil, GradeGains = GradeGains())
  case normalizedDiscountedGainAtRelevant(GradeGains)
  case normalizedDiscountedGainAtLevels(GradeGains)
  case gainByLag(GradeGains)
  case binaryGainByLag
  case rankBiasedPrecision(persistence: Double, GradeGains)
  case rankBiasedResidual(persistence: Double)

  case setPrecision
  case setRecall
  case setRelativePrecision
  case setAveragePrecision
  case setF(recallWeight: Double)
  case utility(UtilityWeights, collectionSize: Int)
}

// MARK: - One query

extension Metric {
  /// The value for one query. Cost: O(hits that the qrels name), where nothing else is said.
  package func value(of ranking: JudgedRanking) -> Double {
    switch self {
    case .queryCount: 1
    case .retrievedCount: Double(ranking.retrievedCount)
    case .relevantCount: Double(ranking.relevantCount)
    case .relevantRetrievedCount: Double(ranking.relevantRetrievedCount)
    case .nonrelevantRetrievedCount: Double(ranking.nonrelevantRetrievedCount)
    case .averagePrecision(let depth): ranking.averagePrecision(depth: depth ?? .max)
    case .geometricAveragePrecision: ranking.averagePrecision()
    case .logitAveragePrecision: ranking.logitAveragePrecision
    case .reciprocalRank(let depth): ranking.reciprocalRank(depth: depth ?? .max)
    case .rPrecision: ranking.rPrecision
    case .rPrecisionMultiple(let multiple): ranking.rPrecision(multiple: multiple)
    case .interpolatedPrecision(let recall): ranking.interpolatedPrecision(atRecall: recall)
    case .averageInterpolatedPrecision(let recalls):
      ranking.averageInterpolatedPrecision(atRecalls: recalls)
    case .binaryPreference, .geometricBinaryPreference: ranking.binaryPreference
    case .inferredAveragePrecision: ranking.inferredAveragePrecision
    case .precision(let rank): ranking.precision(at: rank)
    case .recall(let rank): ranking.recall(at: rank)
    case .success(let rank): ranking.success(at: rank)
    case .relativePrecision(let rank): ranking.relativePrecision(at: rank)
    case .unjudgedShare(let rank): ranking.unjudgedShare(at: rank)
    case .discountedGain(let gains): ranking.discountedGain(gains)
    case .idealDiscountedGain(let gains): ranking.idealDiscountedGain(gains)
    case .normalizedDiscountedGain(let depth, let gains):
      ranking.normalizedDiscountedGain(gains, depth: depth ?? .max)
    case .normalizedDiscountedGainAtRelevant(let gains):
      ranking.normalizedDiscountedGainAtRelevant(gains)
    case .normalizedDiscountedGainAtLevels(let gains):
      ranking.normalizedDiscountedGainAtLevels(gains)
    case .gainByLag(let gains): ranking.gainByLag(gains)
    case .binaryGainByLag: ranking.binaryGainByLag
    case .rankBiasedPrecision(let persistence, let gains):
      ranking.rankBiasedPrecision(persistence: persistence, gains)
    case .rankBiasedResidual(let persistence):
      ranking.rankBiasedResidual(persistence: persistence)
    case .setPrecision: ranking.setPrecision
    case .setRecall: ranking.setRecall
    case .setRelativePrecision: ranking.setRelativePrecision
    case .setAveragePrecision: ranking.setAveragePrecision
    case .setF(let weight): ranking.setF(recallWeight: weight)
    case .utility(let weights, let size): ranking.utility(weights, collectionSize: size)
    }
  }
}

// MARK: - Many queries

extension Metric {
  /// How the values of the queries become one.
  package enum Summary: Sendable {
    case sum
    case mean
    /// Of values that are raised to at least 0.00001, so that one zero does not settle it.
    case geometricMean
  }

  package var summary: Summary {
    switch self {
    case .queryCount, .retrievedCount, .relevantCount, .relevantRetrievedCount,
      .nonrelevantRetrievedCount:
      .sum
    case .geometricAveragePrecision, .geometricBinaryPreference: .geometricMean
    default: .mean
    }
  }

  /// The value for many queries, from those of each; 0 for no queries.
  package func summarize(_ values: some Collection<Double>) -> Double {
    if values.isEmpty { return 0 }
    let count = Double(values.count)
    return switch summary {
    case .sum: values.reduce(0, +)
    case .mean: values.reduce(0, +) / count
    case .geometricMean: exp(values.reduce(0) { $0 + log(max($1, 0.00001)) } / count)
    }
  }
}
