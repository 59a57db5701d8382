internal import LinearAlgebra

/// Scale and shift of a layer normalisation.
struct LayerNorm: Sendable {
  let gamma: FloatTensor
  let beta: FloatTensor

  func apply(_ kernels: Kernels, _ x: inout MutableSpan<Float>, rows: Int, epsilon: Float) {
    kernels.layerNorm(&x, rows: rows, gamma: gamma.span, beta: beta.span, epsilon: epsilon)
  }
}

/// One layer: attention, then a feed-forward network, each followed by addition and normalisation.
///
/// Source: Vaswani et al. 2017, section 3.1.
protocol TransformerLayer: Sendable {
  /// hidden ← layer(hidden), ΣT × D in `scratch`.
  func apply(
    _ kernels: Kernels, _ shape: TransformerConfiguration, offsets: Span<Int>,
    _ scratch: inout EncoderScratch)
}

extension Kernels {
  /// Attention within each of B passages, of some of the heads.
  ///
  /// - Parameters:
  ///   - heads: which; W of their outputs lie side by side.
  ///   - qkv: ΣT × 3W.
  ///   - context: ΣT × D, whose columns of these heads are overwritten.
  ///   - work: what `attentionScratch` says for the longest passage.
  func attention(
    _ shape: TransformerConfiguration, heads: Range<Int>, offsets: Span<Int>, qkv: Span<Float>,
    context: inout MutableSpan<Float>, work: inout MutableSpan<Float>
  ) {
    let (D, W) = (shape.width, heads.count * shape.headWidth)
    let column = heads.lowerBound * shape.headWidth
    for passage in 0..<offsets.count - 1 {
      let (start, end) = (offsets[passage], offsets[passage + 1])
      var output = context.part(start * D + column..<(end - 1) * D + column + W)
      attention(
        qkv: qkv.extracting(start * 3 * W..<end * 3 * W), tokens: end - start,
        heads: heads.count, headWidth: shape.headWidth, into: &output, stride: D, scratch: &work)
    }
  }
}
