/// What trec_eval's measures are among Pawl's metrics.
extension TrecMeasure {
  /// The metric of a measure that has one value a rank.
  func metric(rank: Int) -> Metric {
    switch self {
    case .recall: .recall(rank)
    case .ndcg_cut: .normalizedDiscountedGain(depth: rank)
    case .map_cut: .averagePrecision(depth: rank)
    case .relative_p: .relativePrecision(rank)
    case .success: .success(rank)
    case .unj: .unjudgedShare(rank)
    default: .precision(rank)
    }
  }

  /// The metric of a measure that has one value.
  func metric(_ parameters: MeasureParameters, collectionSize: Int) -> Metric {
    switch self {
    case .num_q: .queryCount
    case .num_ret: .retrievedCount
    case .num_rel: .relevantCount
    case .num_rel_ret: .relevantRetrievedCount
    case .num_nonrel_judged_ret: .nonrelevantRetrievedCount
    case .map: .averagePrecision()
    case .gm_map: .geometricAveragePrecision
    case .yaap: .logitAveragePrecision
    case .rprec: .rPrecision
    case .bpref: .binaryPreference
    case .gm_bpref: .geometricBinaryPreference
    case .infap: .inferredAveragePrecision
    case .recip_rank: .reciprocalRank()
    case .elevenPoints: .averageInterpolatedPrecision(recalls: parameters.numbers)
    case .bing: .binaryGainByLag
    case .set_p: .setPrecision
    case .set_recall: .setRecall
    case .set_relative_p: .setRelativePrecision
    case .set_map: .setAveragePrecision
    case .set_f: .setF(recallWeight: parameters.numbers[0])
    case .utility: .utility(parameters.utilityWeights, collectionSize: collectionSize)
    default: gainMetric(parameters)
    }
  }

  private func gainMetric(_ parameters: MeasureParameters) -> Metric {
    let gains = parameters.gains
    return switch self {
    case .dcg: .discountedGain(gains)
    case .ideal_dcg: .idealDiscountedGain(gains)
    case .ndcg: .normalizedDiscountedGain(depth: nil, gains)
    case .ndcg_rel: .normalizedDiscountedGainAtRelevant(gains)
    case .rndcg: .normalizedDiscountedGainAtLevels(gains)
    case .g: .gainByLag(gains)
    case .rbp: .rankBiasedPrecision(persistence: parameters.persistence, gains)
    default: .rankBiasedResidual(persistence: parameters.persistence)
    }
  }
}
