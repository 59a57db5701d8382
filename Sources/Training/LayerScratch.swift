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
  /// R × D: gradients behind dropout.
  let dropped: SharedFloats
  /// blockRows × I each.
  let wide: SharedFloats
  let wideGradient: SharedFloats
  /// R × 3D.
  let qkvGradient: SharedFloats
  /// What attention over the longest passage needs, in either direction.
  let attention: SharedFloats
  /// An adapter's input, R × D or blockRows × I, and its r numbers a row.
  let adapterInput: SharedFloats
  let low: SharedFloats

  init(_ shape: TransformerConfiguration, capacity R: Int, rank: Int) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    hidden = SharedFloats(count: R * D)
    sum = SharedFloats(count: R * D)
    dropped = SharedFloats(count: R * D)
    wide = SharedFloats(count: Self.blockRows * I)
    wideGradient = SharedFloats(count: Self.blockRows * I)
    qkvGradient = SharedFloats(count: R * 3 * D)
    let longest = min(R, shape.positionCount)
    attention = SharedFloats(
      count: Kernels.attentionBackwardScratch(tokens: longest, headWidth: shape.headWidth))
    adapterInput = SharedFloats(count: rank == 0 ? 0 : max(R * D, Self.blockRows * I))
    low = SharedFloats(count: R * rank)
  }
}
