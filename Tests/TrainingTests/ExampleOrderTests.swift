import Testing

@testable import Training

@Suite struct ExampleOrderTests {
  /// 60 queries with 1 to 4 of 90 passages each.
  private static let answers: [Set<Int>] = (0..<60).map { query in
    Set((0...query % 4).map { (query * 7 + $0 * 13) % 90 })
  }
  private static let examples = answers.enumerated().flatMap { query, passages in
    passages.sorted().map { TrainingExample(query: query, positive: $0) }
  }

  private static func order(_ size: Int, seed: UInt64 = 1, separates: Bool = true) -> ExampleOrder {
    ExampleOrder(
      examples, answers: answers, batchSize: size, seed: seed, separatesAnswers: separates)
  }

  @Test("no batch has a query twice, a passage twice, or one that answers another query")
  func separation() {
    for epoch in 0..<5 {
      for batch in Self.order(8).batches(ofEpoch: epoch) {
        #expect(batch.count == 8)
        for (place, first) in batch.enumerated() {
          for second in batch[(place + 1)...] {
            let (a, b) = (Self.examples[first], Self.examples[second])
            #expect(a.query != b.query && a.positive != b.positive)
            #expect(!Self.answers[a.query].contains(b.positive))
            #expect(!Self.answers[b.query].contains(a.positive))
          }
        }
      }
    }
  }

  @Test("an epoch has each example at most once, and nearly all", arguments: [true, false])
  func coverage(separates: Bool) {
    let batches = Self.order(8, separates: separates).batches(ofEpoch: 3)
    let used = batches.flatMap(\.self)
    #expect(Set(used).count == used.count)
    #expect(used.count > Self.examples.count - 24, "\(used.count) of \(Self.examples.count)")
  }

  @Test("epochs and seeds have orders of their own, each the same every time")
  func orders() {
    let first = Self.order(8).batches(ofEpoch: 0)
    #expect(first == Self.order(8).batches(ofEpoch: 0))
    #expect(first != Self.order(8).batches(ofEpoch: 1))
    #expect(first != Self.order(8, seed: 2).batches(ofEpoch: 0))
  }

  @Test("choices are even")
  func even() {
    var numbers = RandomNumbers(key: 4)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[numbers.below(7)] += 1 }
    // Five standard deviations of a binomial: 5 · √(70,000 · 1/7 · 6/7) = 463.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 463 }, "\(counts)")
  }

  @Test("rates are those of transformers' schedules")
  func rates() {
    let linear = LearningRate(peak: 1, schedule: .linear, warmupSteps: 4, stepCount: 12)
    #expect(
      (0..<13).map(linear.rate) == [
        0, 0.25, 0.5, 0.75, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0,
      ])
    let constant = LearningRate(peak: 2, schedule: .constant, warmupSteps: 2, stepCount: 9)
    #expect([0, 1, 2, 8].map(constant.rate) == [0, 1, 2, 2])
    let cosine = LearningRate(peak: 1, schedule: .cosine, warmupSteps: 0, stepCount: 4)
    let expected = [1, 0.853_553_39, 0.5, 0.146_446_61]
    #expect(zip((0..<4).map(cosine.rate), expected).allSatisfy { abs($0 - $1) < 1e-8 })
  }
}
