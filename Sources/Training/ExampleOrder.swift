/// One judged pair: what a query is, and a passage that answers it.
package struct TrainingExample: Sendable, Equatable {
  /// Places in the lists of queries and passages.
  package let query: Int
  package let positive: Int
  /// Chosen beforehand, in the order of their rank; empty where negatives are random or those of the batch.
  package let negatives: [Int]
  /// What a teacher says of the positive and of each negative; empty without a teacher.
  package let teacherScores: [Float]

  package init(
    query: Int, positive: Int, negatives: [Int] = [], teacherScores: [Float] = []
  ) {
    self.query = query
    self.positive = positive
    self.negatives = negatives
    self.teacherScores = teacherScores
  }
}

/// The batches of a run: every example once an epoch, in an order of its own.
///
/// For losses that take the other positives of a batch as negatives no batch has two positives of one query, nor
/// a passage twice, nor one that answers another query of the batch: such examples wait for a later batch.
package struct ExampleOrder: Sendable {
  private let examples: [TrainingExample]
  /// Passages that answer each query.
  private let answers: [Set<Int>]
  private let batchSize: Int
  private let seed: UInt64
  private let separatesAnswers: Bool

  /// - Parameters:
  ///   - answers: for each query.
  ///   - separatesAnswers: whether positives of a batch are one another's negatives.
  package init(
    _ examples: [TrainingExample], answers: [Set<Int>], batchSize: Int, seed: UInt64,
    separatesAnswers: Bool
  ) {
    self.examples = examples
    self.answers = answers
    self.batchSize = batchSize
    self.seed = seed
    self.separatesAnswers = separatesAnswers
  }

  /// The batches of an epoch, 0 the first; examples that fill no whole batch are left out.
  ///
  /// - Complexity: O(examples), most of them looked at once.
  package func batches(ofEpoch epoch: Int) -> [[Int]] {
    var numbers = RandomNumbers(key: RandomKey.mix(seed, UInt64(epoch)))
    let order = numbers.permutation(examples.count)
    if !separatesAnswers {
      return stride(from: 0, through: examples.count - batchSize, by: batchSize).map {
        Array(order[$0..<$0 + batchSize])
      }
    }
    var batches: [[Int]] = []
    var (waiting, rest) = ([Int](), order[...])
    while true {
      var batch = Batch()
      var left: [Int] = []
      for place in waiting {
        if batch.members.count == batchSize || !batch.take(place, examples[place], answers) {
          left.append(place)
        }
      }
      while batch.members.count < batchSize, let place = rest.popFirst() {
        if !batch.take(place, examples[place], answers) { left.append(place) }
      }
      if batch.members.count < batchSize { return batches }
      batches.append(batch.members)
      waiting = left
    }
  }

  private struct Batch {
    var members: [Int] = []
    private var queries: Set<Int> = []
    private var passages: Set<Int> = []
    private var answered: Set<Int> = []

    /// Whether the example could join.
    mutating func take(
      _ place: Int, _ example: TrainingExample, _ answers: [Set<Int>]
    ) -> Bool {
      // What answers another query here would be its negative.
      let own = [example.positive] + example.negatives
      guard !queries.contains(example.query), passages.isDisjoint(with: own),
        answered.isDisjoint(with: own), passages.isDisjoint(with: answers[example.query])
      else { return false }
      members.append(place)
      queries.insert(example.query)
      passages.formUnion(own)
      answered.formUnion(answers[example.query])
      return true
    }
  }
}
