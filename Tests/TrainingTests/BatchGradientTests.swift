import LinearAlgebra
import Testing

@testable import Encoding
@testable import Training

/// Gradients of a batch: the same whole, in parts, by passes, on any number of workers, by any kernels.
@Suite struct BatchGradientTests {
  private static let words = ["the", "cat", "a", "zebra.", "x1", "quick"]

  /// Six queries with two negatives, texts of 2 to 12 words.
  private static func batch(_ name: String, anchors: Bool = false) throws -> TokenBatch {
    let texts = (0..<24).map { text in
      let chosen = (0..<text * 7 % 11 + 2).map { words[(text * 5 + $0 * 3) % 6] }
      return chosen.joined(separator: " ")
    }
    let (tokens, offsets) = try TrainingFixture.tokens(texts, name)
    let D = try TrainingFixture.model(name).configuration.width
    var batch = TokenBatch(
      queryCount: 6, negativeCount: 2, teacherScores: (0..<18).map { Float($0 * 5 % 7) / 7 },
      anchors: anchors ? (0..<24 * D).map { Float($0 % 5) / 10 } : [])
    for text in 0..<24 { batch.append(tokens[offsets[text]..<offsets[text + 1]]) }
    return batch
  }

  private static func gradient(
    _ name: String, _ loss: any Loss, capacity: Int, workers: Int = 2, kernels: Kernels = .best,
    dropout: Double = 0, anchorWeight: Double = 0
  ) throws -> (loss: Double, gradients: [Float]) {
    var scope = TrainingScope()
    scope.dropout = dropout
    let encoder = try TrainableEncoder(
      TrainingFixture.model(name), scope: scope, kernels: kernels, workerCount: workers,
      tokenCapacity: capacity)
    let loss = try BatchGradient(encoder: encoder, loss: loss, anchorWeight: anchorWeight)
      .add(batch(name, anchors: anchorWeight > 0), dropoutKey: 7)
    return (loss, encoder.trained.gradients.array)
  }

  private static let losses: [any Loss] = [
    TripletLoss(distance: .cosine, margin: 1), TripletLoss(distance: .euclidean, margin: 5),
    RankingLoss(), RankingLoss(isSymmetric: true), ContrastiveLoss(), CosineSimilarityLoss(),
    MarginMSELoss(), ListwiseLoss(),
  ]

  @Test("a batch that does not fit has the gradient of the whole", arguments: losses.indices)
  func cut(number: Int) throws {
    let loss = Self.losses[number]
    let whole = try Self.gradient("plain", loss, capacity: 4_096, anchorWeight: 0.5)
    for capacity in [70, 130] {
      let cut = try Self.gradient("plain", loss, capacity: capacity, anchorWeight: 0.5)
      #expect(abs(cut.loss - whole.loss) <= 1e-6)
      // float32 sums of other parts; measured 1.6e-5, relative to a mean over tables that are mostly zero.
      #expect(relativeError(cut.gradients, whole.gradients) <= 5e-5)
    }
  }

  @Test("by passes, dropout drops the same numbers as in one")
  func dropout() throws {
    let whole = try Self.gradient("odd", RankingLoss(), capacity: 4_096, dropout: 0.3)
    let cut = try Self.gradient("odd", RankingLoss(), capacity: 70, dropout: 0.3)
    #expect(abs(cut.loss - whole.loss) <= 1e-6)
    #expect(relativeError(cut.gradients, whole.gradients) <= 5e-5)
    let without = try Self.gradient("odd", RankingLoss(), capacity: 4_096)
    #expect(abs(without.loss - whole.loss) > 1e-3)
  }

  @Test("bits are the same on 1, 2 and 3 workers and by every kernel", arguments: ["plain", "odd"])
  func bits(name: String) throws {
    let expected = try Self.gradient(name, RankingLoss(), capacity: 4_096, workers: 1)
    for workers in [2, 3] {
      let found = try Self.gradient(name, RankingLoss(), capacity: 4_096, workers: workers)
      #expect(found.loss == expected.loss && found.gradients == expected.gradients)
    }
    for kernels in ["portable", "avx2", "avx512"] {
      guard let kernels = try? Kernels(named: kernels) else { continue }
      let found = try Self.gradient(name, RankingLoss(), capacity: 4_096, kernels: kernels)
      #expect(found.loss == expected.loss && found.gradients == expected.gradients)
    }
  }
}
