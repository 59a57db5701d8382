/// What a run learns from: queries, passages, and which answers which.
package struct TrainingData: Sendable {
  package let queries: [String]
  /// Equal texts have one place.
  package let passages: any PassageTexts
  package let examples: [TrainingExample]
  /// For each query the passages that answer it.
  package let answers: [Set<Int>]

  package init(
    queries: [String], passages: any PassageTexts, examples: [TrainingExample], answers: [Set<Int>]
  ) {
    precondition(answers.count == queries.count)
    self.queries = queries
    self.passages = passages
    self.examples = examples
    self.answers = answers
  }

  /// The same with other examples.
  package func with(_ examples: [TrainingExample]) -> TrainingData {
    TrainingData(queries: queries, passages: passages, examples: examples, answers: answers)
  }

  /// Each example with at least so many negatives: those that it has, then others by chance.
  package func filled(_ count: Int, seed: UInt64) -> TrainingData {
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0xf111))
    return with(
      examples.map { example in
        var negatives = example.negatives
        while negatives.count < count {
          let passage = numbers.below(passages.count)
          if answers[example.query].contains(passage) { continue }
          negatives.append(passage)
        }
        return TrainingExample(
          query: example.query, positive: example.positive, negatives: negatives,
          teacherScores: example.teacherScores)
      })
  }

  /// At most so many of the examples, drawn, in their order.
  package func sampled(_ count: Int, seed: UInt64) -> TrainingData {
    if examples.count <= count { return self }
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0x5a3c))
    return with(numbers.permutation(examples.count).prefix(count).sorted().map { examples[$0] })
  }
}

/// Texts by their places; they may lie on disk.
package protocol PassageTexts: Sendable {
  var count: Int { get }
  func text(_ place: Int) throws -> String
}

extension [String]: PassageTexts {
  package func text(_ place: Int) throws -> String { self[place] }
}
