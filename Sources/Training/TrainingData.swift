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
}

/// Texts by their places; they may lie on disk.
package protocol PassageTexts: Sendable {
  var count: Int { get }
  func text(_ place: Int) throws -> String
}

extension [String]: PassageTexts {
  package func text(_ place: Int) throws -> String { self[place] }
}
