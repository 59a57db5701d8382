package import Encoding

/// Makes the batches of a run: examples and the tokens of their texts.
package struct BatchMaker: ~Copyable {
  private let data: TrainingData
  private let recipe: Recipe
  private let tokenizer: Tokenizer
  private let texts: TextSettings
  private var examples: ExampleBatches
  private var scratch = TokenizerScratch()

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
    examples = ExampleBatches(data, recipe, seed: seed)
  }

  /// Batches of the first epoch; later ones have as many, give or take the last.
  package mutating func batchCount() -> Int { examples.count() }

  /// The batch of a step; nil where an epoch has none.
  package mutating func batch(ofStep step: Int) throws -> TokenBatch? {
    guard let members = examples.batch(ofStep: step) else { return nil }
    var batch = TokenBatch(
      queryCount: members.count, negativeCount: recipe.negativeCount,
      teacherScores: members.flatMap(\.teacherScores))
    for member in members {
      append(texts.queryPrefix + data.queries[member.query], to: &batch)
    }
    for member in members { try append(passage: member.positive, to: &batch) }
    for member in members {
      for passage in member.negatives { try append(passage: passage, to: &batch) }
    }
    return batch
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
