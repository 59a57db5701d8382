internal import Corpus
internal import Encoding
internal import LinearAlgebra
internal import Training

/// Times steps of training: tokenizing, forward, backward, clipping, AdamW, packing.
struct TrainBench {
  let directory: ModelDirectory
  let tokenizer: Tokenizer
  let encoder: TrainableEncoder
  let optimizer: Optimizer
  let gradient: BatchGradient
  let negativeCount: Int
  let maxLength: Int

  init(model: String, loss: String, maxLength: Int, threads: Int, kernels: Kernels) throws {
    let isTriplet = loss.hasPrefix("triplet")
    var scope = TrainingScope()
    if loss.hasSuffix("lora") {
      var adapters = AdapterSettings()
      adapters.dropout = 0
      scope.adapters = adapters
    }
    directory = try ModelDirectory(path: model)
    tokenizer = try Tokenizer(directory: directory.transformerPath)
    encoder = try TrainableEncoder(
      directory, scope: scope, kernels: kernels, workerCount: threads, tokenCapacity: 6_144)
    encoder.trained.startAdapters(seed: 1)
    encoder.pack()
    optimizer = Optimizer(
      .adamW(), weightDecay: 0.01, encoder.trained, kernels: kernels, workerCount: threads)
    gradient = BatchGradient(
      encoder: encoder,
      loss: isTriplet ? TripletLoss(distance: .cosine, margin: 0.2) : RankingLoss())
    negativeCount = isTriplet ? 1 : 0
    self.maxLength = maxLength
  }

  struct Step {
    let loss: Double
    let tokens: Int
    let seconds: Double
    /// Seconds of the optimizer alone.
    let optimizing: Double
  }

  /// Steps over triples (query, positive, negative), a batch a step, in order.
  ///
  func run(_ triples: [[String]], batchSize: Int) -> [Step] {
    var scratch = TokenizerScratch()
    return (0..<triples.count / batchSize).map { step in
      var (loss, count, optimizing) = (0.0, 0, 0.0)
      let seconds = EncodeBench.time {
        var batch = TokenBatch(queryCount: batchSize, negativeCount: negativeCount)
        var tokens: [Int32] = []
        for column in 0..<2 + negativeCount {
          for triple in triples[step * batchSize..<(step + 1) * batchSize] {
            tokens.removeAll(keepingCapacity: true)
            tokenizer.encode(
              triple[column], maximumLength: maxLength, into: &tokens, scratch: &scratch)
            batch.append(tokens)
          }
        }
        count = batch.tokens.count
        loss = gradient.add(batch)
        let norm = optimizer.gradientNorm()
        optimizing = EncodeBench.time {
          optimizer.step(number: step + 1, rate: 2e-5, gradientScale: min(1, 1 / (norm + 1e-6)))
        }
        encoder.pack()
      }
      return Step(loss: loss, tokens: count, seconds: seconds, optimizing: optimizing)
    }
  }
}
