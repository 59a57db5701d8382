/// trec_eval's measures, in the order in which it prints them.
package enum TrecMeasure: String, CaseIterable, Sendable {
  case runid, num_q, num_ret, num_rel, num_rel_ret, map, gm_map
  case rprec = "Rprec"
  case bpref, recip_rank, iprec_at_recall
  case p = "P"
  case relstring, recall
  case infap = "infAP"
  case gm_bpref
  case rprec_mult = "Rprec_mult"
  case utility
  case elevenPoints = "11pt_avg"
  case bing = "binG"
  case g = "G"
  case dcg, ideal_dcg, ndcg, ndcg_rel
  case rndcg = "Rndcg"
  case ndcg_cut, map_cut
  case relative_p = "relative_P"
  case success
  case set_p = "set_P"
  case set_relative_p = "set_relative_P"
  case set_recall, set_map
  case set_f = "set_F"
  case num_nonrel_judged_ret, yaap, rbp, rbp_resid, unj
}

extension TrecMeasure {
  package static var allNames: [String] { allCases.map(\.rawValue) }

  /// Names that stand for many measures.
  package static let groupNames = ["official", "all_trec", "set"]

  /// The measures of a group; nil for what is no group.
  static func group(_ name: String) -> [TrecMeasure]? {
    switch name {
    case "official":
      [
        .runid, .num_q, .num_ret, .num_rel, .num_rel_ret, .map, .gm_map, .rprec, .bpref,
        .recip_rank, .iprec_at_recall, .p,
      ]
    case "all_trec": allCases.filter { ![.dcg, .ideal_dcg, .yaap].contains($0) }
    case "set":
      [
        .runid, .num_q, .num_ret, .num_rel, .num_rel_ret, .utility, .set_p, .set_recall,
        .set_relative_p, .set_map, .set_f,
      ]
    default: nil
    }
  }

  /// What a measure takes behind the point of `-m name.parameters`.
  enum Parameters {
    case none
    /// Ranks, each with a value of its own.
    case ranks([Int])
    /// Shares, each with a value of its own.
    case shares([Double])
    /// Numbers of which one value is made.
    case numbers([Double], count: ClosedRange<Int>)
    /// `grade=gain` and, where it says so, `p=persistence`.
    case gains(withPersistence: Bool)
  }

  /// What a measure takes, with the parameters that count where none are given.
  var parameters: Parameters {
    let tenths = (0...10).map { Double($0) / 10 }
    let ranks = [5, 10, 15, 20, 30, 100, 200, 500, 1_000]
    return switch self {
    case .p, .recall, .ndcg_cut, .map_cut, .relative_p: .ranks(ranks)
    case .success: .ranks([1, 5, 10])
    case .unj: .ranks([5, 10, 20])
    case .iprec_at_recall: .shares(tenths)
    case .rprec_mult: .shares((1...10).map { Double($0 * 2) / 10 })
    case .elevenPoints: .numbers(tenths, count: 1...1_000)
    case .relstring: .numbers([10], count: 1...1)
    case .utility: .numbers([1, -1, 0, 0], count: 4...4)
    case .set_f: .numbers([1], count: 1...1)
    case .g, .dcg, .ideal_dcg, .ndcg, .ndcg_rel, .rndcg: .gains(withPersistence: false)
    case .rbp, .rbp_resid: .gains(withPersistence: true)
    default: .none
    }
  }
}
