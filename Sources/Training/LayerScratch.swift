internal import Encoding
internal import LinearAlgebra

/// The memory of one worker, for passages of up to `capacity` tokens together.
struct LayerScratch: Sendable {
  /// Rows of a feed-forward block, so that the wide activations stay in the second-level cache; a multiple of
  /// the tile heights of all kernels.
  static let blockRows = 84

  /// R rows of D: what goes into a layer and comes out.
  let hidden: SharedFloats
  /// R × D: sums before a norm, and gradients of attention's output.
  let sum: SharedFloats
  /// blockRows × I each.
  let wide: SharedFloats
  let wideGradient: SharedFloats
  /// R × 3D.
  let qkvGradient: SharedFloats
  /// What attention over the longest passage needs, in either direction.
  let attention: SharedFloats

  init(_ shape: TransformerConfiguration, capacity R: Int) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    hidden = SharedFloats(count: R * D)
    sum = SharedFloats(count: R * D)
    wide = SharedFloats(count: Self.blockRows * I)
    wideGradient = SharedFloats(count: Self.blockRows * I)
    qkvGradient = SharedFloats(count: R * 3 * D)
    let longest = min(R, shape.positionCount)
    attention = SharedFloats(
      count: Kernels.attentionBackwardScratch(tokens: longest, headWidth: shape.headWidth))
  }
}
