internal import Encoding
internal import LinearAlgebra

/// What going forward keeps for going back: the tokens of one pass, all layers.
///
/// Letters: T tokens of the pass, D width, I intermediate width. Per token and layer 4·D + 3·D/… floats are kept;
/// outputs of norms and of GELU are made again from what they were made of.
struct Tape: Sendable {
  struct Layer: Sendable {
    /// T × 3D.
    let qkv: SharedFloats
    /// T × D: attention's output.
    let context: SharedFloats
    /// T × D, and T factors.
    let attentionNormalized: SharedFloats
    let attentionScales: SharedFloats
    /// T × I: the input of GELU.
    let wide: SharedFloats
    /// T × D, and T factors.
    let outputNormalized: SharedFloats
    let outputScales: SharedFloats
  }

  /// T.
  let capacity: Int
  let layers: [Layer]
  /// T × D, and T factors: of the norm behind the embeddings.
  let embeddingNormalized: SharedFloats
  let embeddingScales: SharedFloats

  init(_ shape: TransformerConfiguration, capacity: Int) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    self.capacity = capacity
    embeddingNormalized = SharedFloats(count: capacity * D)
    embeddingScales = SharedFloats(count: capacity)
    layers = (0..<shape.layerCount).map { _ in
      Layer(
        qkv: SharedFloats(count: capacity * 3 * D), context: SharedFloats(count: capacity * D),
        attentionNormalized: SharedFloats(count: capacity * D),
        attentionScales: SharedFloats(count: capacity), wide: SharedFloats(count: capacity * I),
        outputNormalized: SharedFloats(count: capacity * D),
        outputScales: SharedFloats(count: capacity))
    }
  }
}
