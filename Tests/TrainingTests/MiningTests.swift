import Testing

@testable import Training

@Suite struct MiningTests {
  /// Scores 1.00, 0.99, … of passages 0, 1, …
  private static let ranked = (0..<60).map {
    RankedPassage(place: $0, score: 1 - Float($0) / 100)
  }

  private static func settings(_ change: (inout MiningSettings) -> Void) -> MiningSettings {
    var settings = MiningSettings()
    settings.relativeMargin = nil
    change(&settings)
    return settings
  }

  private static func mine(
    _ settings: MiningSettings, answers: Set<Int> = [3], positive: Int = 3, count: Int = 100
  ) -> [Int] {
    var numbers = RandomNumbers(key: 1)
    return settings.negatives(
      ranked, answers: answers, positive: positive, count: count, &numbers
    ).map(\.place)
  }

  @Test("ranks leave out what answers the query")
  func ranks() {
    let found = Self.mine(Self.settings { ($0.rangeMin, $0.rangeMax) = (3, 6) }, answers: [3, 5])
    #expect(found == [2, 4, 6, 7])
    #expect(Self.mine(Self.settings { $0.rangeMax = 200 }).count == 59)
  }

  @Test("margins leave out what is too near to the positive's score")
  func margins() {
    // The positive has .97: at most .97 · .95 = .9215, or .97 − .205 = .765.
    #expect(Self.mine(Self.settings { $0.relativeMargin = 0.05 }).first == 8)
    #expect(Self.mine(Self.settings { $0.absoluteMargin = 0.205 }).first == 24)
    #expect(Self.mine(Self.settings { $0.maxScore = 0.605 }).first == 40)
    // A positive that is not in the ranking is further away than all that is.
    let absent = Self.settings { $0.relativeMargin = 0.05 }
    #expect(Self.mine(absent, answers: [99], positive: 99).isEmpty)
    #expect(!Self.mine(Self.settings { _ in }, answers: [99], positive: 99).isEmpty)
  }

  @Test("a random choice is of what is allowed, each at most once, in the order of ranks")
  func random() {
    let settings = Self.settings {
      ($0.rangeMin, $0.rangeMax, $0.samplesRandomly) = (10, 30, true)
    }
    let all = Set(Self.mine(settings))
    #expect(all.count == 21)
    let found = Self.mine(settings, count: 5)
    #expect(found.count == 5 && found == found.sorted() && all.isSuperset(of: found))
    #expect(found != Array(all.sorted().prefix(5)))
  }
}
