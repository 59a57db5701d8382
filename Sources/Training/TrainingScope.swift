/// What of an encoder is trained; all else keeps its values.
package struct TrainingScope: Sendable, Equatable {
  /// Tables of words, positions and types, and their norm.
  package var trainsEmbeddings = true
  /// Layers below this one keep their values.
  package var firstLayer = 0
  /// Where there are adapters, only they are trained.
  package var adapters: AdapterSettings?
  /// Of the embeddings' sum and of what attention and the feed-forward network add to it; shares of attention are
  /// not dropped. Source: Devlin et al. 2019, appendix A.2.
  package var dropout = 0.0

  package init() {}

  /// Whether weights, biases and norms of a layer are trained.
  func trainsLayer(_ layer: Int) -> Bool { adapters == nil && layer >= firstLayer }

  /// Whether gradients of anything below a layer's output are needed.
  func reachesLayer(_ layer: Int) -> Bool {
    reachesEmbeddings || adapters != nil || layer >= firstLayer
  }

  var reachesEmbeddings: Bool { adapters == nil && trainsEmbeddings }
}
