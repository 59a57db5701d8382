package import Encoding

/// Makes the batches of a run: which examples, which negatives, their tokens.
///
/// A batch depends on the data, the recipe, the seed and the step alone.
package struct BatchMaker: ~Copyable {
  private let data: TrainingData
  private let recipe: Recipe
  private let tokenizer: Tokenizer
  private let texts: TextSettings
  private let seed: UInt64
  private let order: ExampleOrder
  private var scratch = TokenizerScratch()
  private var epoch = -1
  private var batches: [[Int]] = []
  /// The step of the epoch's first batch.
  private var firstStep = 0

  /// How texts become tokens.
  package struct TextSettings: Sendable, Equatable {
    package var queryPrefix: String
    package var passagePrefix: String
    package var maxLength: Int

    package init(queryPrefix: String, passagePrefix: String, maxLength: Int) {
      self.queryPrefix = queryPrefix
      self.passagePrefix = passagePrefix
      self.maxLength = maxLength
    }
  }

  package init(
    _ data: TrainingData, _ recipe: Recipe, _ tokenizer: Tokenizer, _ texts: TextSettings,
    seed: UInt64
  ) {
    self.data = data
    self.recipe = recipe
    self.tokenizer = tokenizer
    self.texts = texts
    self.seed = seed
    order = ExampleOrder(
      data.examples, answers: data.answers, batchSize: recipe.batchSize, seed: seed,
      separatesAnswers: !recipe.lossFunction.isSumOverQueries)
  }

  /// Batches of the first epoch; later ones have as many, give or take the last.
  package mutating func batchCount() -> Int {
    enter(epoch: 0, firstStep: 0)
    return batches.count
  }

  /// The batch of a step and the places of its examples; nil where an epoch has none.
  ///
  /// - Complexity: steps in their order cost what their texts cost; going back begins with the first epoch.
  package mutating func batch(ofStep step: Int) throws -> TokenBatch? {
    if epoch < 0 || step < firstStep { enter(epoch: 0, firstStep: 0) }
    while step >= firstStep + batches.count {
      if batches.isEmpty { return nil }
      enter(epoch: epoch + 1, firstStep: firstStep + batches.count)
    }
    return try tokens(batches[step - firstStep], step: step)
  }

  private mutating func enter(epoch: Int, firstStep: Int) {
    if epoch == self.epoch, firstStep == self.firstStep { return }
    batches = order.batches(ofEpoch: epoch)
    self.epoch = epoch
    self.firstStep = firstStep
  }

  private mutating func tokens(_ members: [Int], step: Int) throws -> TokenBatch {
    let examples = members.map { data.examples[$0] }
    var batch = TokenBatch(queryCount: examples.count, negativeCount: recipe.negativeCount)
    for example in examples {
      append(texts.queryPrefix + data.queries[example.query], to: &batch)
    }
    for example in examples { try append(passage: example.positive, to: &batch) }
    if recipe.negativeCount == 0 { return batch }
    var numbers = RandomNumbers(key: RandomKey.mix(RandomKey.mix(seed, 1 << 32), UInt64(step)))
    for example in examples {
      for passage in negatives(of: example, &numbers) { try append(passage: passage, to: &batch) }
    }
    return batch
  }

  /// As many as the recipe says.
  private func negatives(of example: TrainingExample, _ numbers: inout RandomNumbers) -> [Int] {
    let count = recipe.negativeCount
    if recipe.negatives == .mined {
      precondition(example.negatives.count >= count, "an example without its negatives")
      return Array(example.negatives.prefix(count))
    }
    var chosen: [Int] = []
    while chosen.count < count {
      let passage = numbers.below(data.passages.count)
      if !data.answers[example.query].contains(passage) { chosen.append(passage) }
    }
    return chosen
  }

  private mutating func append(passage: Int, to batch: inout TokenBatch) throws {
    append(texts.passagePrefix + (try data.passages.text(passage)), to: &batch)
  }

  private mutating func append(_ text: String, to batch: inout TokenBatch) {
    var tokens: [Int32] = []
    tokenizer.encode(
      text, maximumLength: texts.maxLength, into: &tokens, scratch: &scratch)
    batch.append(tokens)
  }
}
