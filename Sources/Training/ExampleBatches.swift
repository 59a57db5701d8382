/// Which examples a step takes, and which negatives each of them has.
///
/// A batch depends on the data, the recipe, the seed and the step alone.
package struct ExampleBatches: Sendable {
  private let data: TrainingData
  private let recipe: Recipe
  private let seed: UInt64
  private let order: ExampleOrder
  private var epoch = -1
  private var batches: [[Int]] = []
  /// The step of the epoch's first batch.
  private var firstStep = 0

  /// - Parameter data: with at least `recipe.leastPassages(answers:)` passages.
  package init(_ data: TrainingData, _ recipe: Recipe, seed: UInt64) {
    self.data = data
    self.recipe = recipe
    self.seed = seed
    order = ExampleOrder(
      data.examples, answers: data.answers, batchSize: recipe.batchSize, seed: seed,
      separatesAnswers: recipe.separatesAnswers)
  }

  /// Batches of the first epoch; later ones have as many, give or take the last.
  package mutating func count() -> Int {
    enter(epoch: 0, firstStep: 0)
    return batches.count
  }

  /// The examples of a step, each with as many negatives as the recipe says; nil where an epoch has none.
  ///
  /// - Complexity: steps in their order cost what their examples cost; going back begins with the first epoch.
  package mutating func batch(ofStep step: Int) -> [TrainingExample]? {
    if epoch < 0 || step < firstStep { enter(epoch: 0, firstStep: 0) }
    while step >= firstStep + batches.count {
      if batches.isEmpty { return nil }
      enter(epoch: epoch + 1, firstStep: firstStep + batches.count)
    }
    let members = batches[step - firstStep].map { data.examples[$0] }
    if recipe.negativeCount == 0 {
      return members.map { TrainingExample(query: $0.query, positive: $0.positive) }
    }
    // Scores are of the negatives that an example came with. All or none: a loss has one kind of label.
    let isTaught =
      recipe.takesTeacher && recipe.negatives == .given
      && members.allSatisfy { $0.teacherScores.count > recipe.negativeCount }
    return withNegatives(members, isTaught: isTaught, step: step)
  }

  private mutating func enter(epoch: Int, firstStep: Int) {
    if epoch == self.epoch, firstStep == self.firstStep { return }
    batches = order.batches(ofEpoch: epoch)
    self.epoch = epoch
    self.firstStep = firstStep
  }

  /// Those that were chosen beforehand, then others by chance.
  private func withNegatives(
    _ members: [TrainingExample], isTaught: Bool, step: Int
  ) -> [TrainingExample] {
    var numbers = RandomNumbers(key: RandomKey.mix(RandomKey.mix(seed, 1 << 32), UInt64(step)))
    // Where all passages of a batch are negatives of all its queries, none may answer another, or come twice.
    var taken: Set<Int> = []
    if recipe.separatesAnswers {
      for member in members {
        taken.formUnion(data.answers[member.query])
        taken.formUnion([member.positive] + given(member))
      }
    }
    return members.map { member in
      var negatives = given(member)
      while negatives.count < recipe.negativeCount {
        let passage = numbers.below(data.passages.count)
        if taken.contains(passage) || data.answers[member.query].contains(passage) { continue }
        negatives.append(passage)
        if recipe.separatesAnswers { taken.insert(passage) }
      }
      return TrainingExample(
        query: member.query, positive: member.positive, negatives: negatives,
        teacherScores: isTaught
          ? Array(member.teacherScores.prefix(1 + recipe.negativeCount)) : [])
    }
  }

  private func given(_ example: TrainingExample) -> [Int] {
    recipe.negatives == .random ? [] : Array(example.negatives.prefix(recipe.negativeCount))
  }
}
