import Glibc
import Testing

@testable import Evaluation

@Suite("Measures by hand")
struct MeasureTests {
  /// Grades 2, unjudged, 0, named without a judgment, 1; a 3 and a 1 were missed.
  private let ranking = makeRanking([2, nil, 0, -1, 1], missed: [3, 1, -1])

  private func isClose(_ value: Double, _ expected: Double) -> Bool {
    abs(value - expected) < 1e-12  // A few roundings of numbers around 1.
  }

  @Test("a ranking counts what is judged, relevant and retrieved")
  func counts() {
    #expect(ranking.retrievedCount == 5)
    #expect(ranking.relevantRanks == [1, 5])
    #expect(ranking.relevantCount == 4)
    #expect(ranking.nonrelevantCount == 1)
    #expect(ranking.levels.map(\.grade) == [3, 2, 1, 0])
    #expect(ranking.levels.map(\.count) == [1, 1, 2, 1])
    #expect(makeRanking([2, 1], missed: [3], minimumGrade: 2).relevantCount == 2)
    #expect(makeRanking([0, -1], minimumGrade: 0).relevantRanks == [1])
  }

  @Test("a run shorter than the rank is filled up with what is not relevant")
  func cutoffs() {
    #expect(Metric.precision(5).value(of: ranking) == 0.4)
    #expect(Metric.precision(10).value(of: ranking) == 0.2)
    #expect(Metric.recall(4).value(of: ranking) == 0.25)
    #expect(Metric.recall(100).value(of: ranking) == 0.5)
    #expect(Metric.success(1).value(of: ranking) == 1)
    #expect(Metric.success(1).value(of: makeRanking([0, 1])) == 0)
    #expect(Metric.relativePrecision(2).value(of: ranking) == 0.5)
    #expect(Metric.relativePrecision(100).value(of: ranking) == 0.5)
    #expect(Metric.rPrecision.value(of: ranking) == 0.25)
    #expect(Metric.unjudgedShare(2).value(of: ranking) == 0.5)
    #expect(Metric.unjudgedShare(10).value(of: ranking) == 0.2)
  }

  @Test("depth cuts mrr and map")
  func depth() {
    let late = makeRanking([nil, nil, 1, 1], missed: [1])
    #expect(Metric.reciprocalRank(depth: 3).value(of: late) == 1.0 / 3)
    #expect(Metric.reciprocalRank(depth: 2).value(of: late) == 0)
    #expect(isClose(Metric.averagePrecision().value(of: late), (1.0 / 3 + 2.0 / 4) / 3))
    #expect(isClose(Metric.averagePrecision(depth: 3).value(of: late), 1.0 / 3 / 3))
  }

  @Test("nDCG is linear in the grade, discounted by log2(rank + 1), against the best of all judged")
  func ndcg() {
    let dcg = 2 + 1 / log2(6.0)
    let ideal = 3 + 2 / log2(3.0) + 1 / log2(4.0) + 1 / log2(5.0)
    #expect(isClose(Metric.normalizedDiscountedGain().value(of: ranking), dcg / ideal))
    let idealAt2 = 3 + 2 / log2(3.0)
    #expect(isClose(Metric.normalizedDiscountedGain(depth: 2).value(of: ranking), 2 / idealAt2))
    let gains = GradeGains([.init(grade: 2, gain: 10), .init(grade: 0, gain: -1)])
    let withGains = Metric.discountedGain(gains).value(of: ranking)
    #expect(isClose(withGains, 10 - 1 / log2(4.0) + 1 / log2(6.0)))
    let idealWithGains = 10 + 3 / log2(3.0) + 1 / log2(4.0) + 1 / log2(5.0)
    #expect(isClose(Metric.idealDiscountedGain(gains).value(of: ranking), idealWithGains))
  }

  @Test("the largest grade of 32 bits is a gain like others")
  func hugeGrades() {
    let huge = makeRanking([.max, .max], missed: [1])
    #expect(huge.relevantCount == 3)
    #expect(Metric.normalizedDiscountedGain(depth: 2).value(of: huge) == 1)
    #expect(Metric.idealDiscountedGain(GradeGains()).value(of: huge) > 0x1p31)
  }

  @Test("rank-biased precision maps the gains to 0 to 1; unjudged hits are its residual")
  func rankBiased() {
    let metric = Metric.rankBiasedPrecision(persistence: 0.5, GradeGains())
    #expect(isClose(metric.value(of: ranking), 0.5 * (2.0 / 3 + 1.0 / 3 * 0.0625)))
    #expect(isClose(metric.value(of: makeRanking([nil, 1])), 0.25))
    let residual = Metric.rankBiasedResidual(persistence: 0.5).value(of: ranking)
    #expect(isClose(residual, 0.03125 + 0.5 * (0.5 + 0.125)))
    #expect(Metric.rankBiasedResidual(persistence: 0.5).value(of: makeRanking([0, 1])) == 0)
  }

  @Test("interpolated precision takes the number of passages nearest to a recall, halves up")
  func interpolated() {
    // 5 relevant passages at ranks 1, 4, 5, 20 and 40.
    var grades = [Int32?](repeating: nil, count: 40)
    for rank in [1, 4, 5, 20, 40] { grades[rank - 1] = 1 }
    let ranking = makeRanking(grades)
    func precision(_ recall: Double) -> Double {
      Metric.interpolatedPrecision(recall: recall).value(of: ranking)
    }
    #expect(precision(0) == 1)
    #expect(precision(0.29) == 1)  // 1.45 → 1
    #expect(precision(0.3) == 0.6)  // 1.5 → 2; 2/4 at rank 4, but 3/5 comes later
    #expect(precision(0.69) == 0.6)  // 3.45 → 3
    #expect(precision(0.7) == 0.2)  // 3.5 → 4
    #expect(precision(1) == 0.125)
    let short = makeRanking([1], missed: [1])
    #expect(Metric.interpolatedPrecision(recall: 1).value(of: short) == 0)
  }

  @Test("bpref asks for relevant passages above judged ones that are not, and looks at no other")
  func bpref() {
    // One of two relevant hits has one of two nonrelevant ones above it; a third was missed.
    let ranking = makeRanking([nil, 1, nil, 0, -1, 1, 0], missed: [1])
    #expect(isClose(Metric.binaryPreference.value(of: ranking), (1 + 0.5) / 3))
  }

  @Test("utility weighs the four cells of relevant and retrieved")
  func utility() {
    var weights = UtilityWeights()
    #expect(Metric.utility(weights, collectionSize: 0).value(of: ranking) == 2 - 3)
    weights.relevantMissed = -10
    weights.nonrelevantMissed = 0.5
    #expect(Metric.utility(weights, collectionSize: 100).value(of: ranking) == 2 - 3 - 20 + 46.5)
  }

  @Test(
    "without hits, without judgments, without relevant ones or with negative grades alone, every value is 0",
    arguments: [
      makeRanking([]), makeRanking([], missed: [1, 2]), makeRanking([nil, nil]),
      makeRanking([0, nil, 0], missed: [0]), makeRanking([-1, -2], missed: [-1]),
    ])
  func nothing(ranking: JudgedRanking) throws {
    for line in try TrecLine.parse(["all_trec", "dcg", "ideal_dcg"]) {
      guard case .metric(let metric) = line.value else { continue }
      switch metric {
      case .queryCount, .retrievedCount, .relevantCount, .nonrelevantRetrievedCount,
        .utility, .unjudgedShare, .rankBiasedResidual, .idealDiscountedGain:
        #expect(metric.value(of: ranking).isFinite, "\(line.name)")
      default: #expect(metric.value(of: ranking) == 0, "\(line.name)")
      }
    }
  }
}
