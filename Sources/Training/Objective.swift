package import LinearAlgebra

/// What a run changes and how a batch pulls at it: the part of training that differs between an encoder and an
/// adapter of queries.
///
/// A batch depends on the data, the recipe, the seed and the step alone.
package protocol Objective: AnyObject {
  var trained: TrainedBlock { get }
  /// Values of everything that the result consists of, those that stay included.
  var parameterCount: Int { get }
  var kernels: Kernels { get }

  /// Adds the gradients of a step's batch; nil where there are no batches.
  func addGradients(ofStep step: Int) throws -> BatchOutcome?

  /// Called after the values have changed.
  func valuesDidChange()

  /// Batches of the first epoch; later ones have as many, give or take the last.
  func batchCount() -> Int
}

/// What a batch gave beside its gradients.
package struct BatchOutcome: Sendable {
  package let loss: Double
  package let tokenCount: Int
}

/// Training of an encoder or of adapters in it.
package final class EncoderObjective: Objective {
  package let encoder: TrainableEncoder
  private let gradient: BatchGradient
  private let anchor: Anchor?
  private let seed: UInt64
  private var batches: BatchMaker

  /// - Parameters:
  ///   - encoder: with the recipe's scope, its adapters started.
  ///   - anchor: the parent, where the recipe pulls towards it.
  package init(
    _ recipe: Recipe, encoder: TrainableEncoder, anchor: Anchor?, batches: consuming BatchMaker,
    seed: UInt64
  ) {
    self.encoder = encoder
    self.anchor = anchor
    self.batches = batches
    self.seed = seed
    gradient = BatchGradient(
      encoder: encoder, loss: recipe.lossFunction, anchorWeight: recipe.anchorWeight)
  }

  package var trained: TrainedBlock { encoder.trained }
  package var parameterCount: Int { encoder.layout.count }
  package var kernels: Kernels { encoder.kernels }

  package func addGradients(ofStep step: Int) throws -> BatchOutcome? {
    guard var batch = try batches.batch(ofStep: step) else { return nil }
    if let anchor { batch.anchors = anchor.vectors(of: batch) }
    let loss = gradient.add(
      batch, dropoutKey: RandomKey.mix(RandomKey.mix(seed, 0xd209), UInt64(step)))
    return BatchOutcome(loss: loss, tokenCount: batch.tokens.count)
  }

  package func valuesDidChange() { encoder.pack() }

  package func batchCount() -> Int { batches.batchCount() }
}
