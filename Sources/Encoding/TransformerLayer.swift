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
  /// Attention within each of B passages.
  ///
  /// - Parameters:
  ///   - qkv: ΣT × 3D.
  ///   - context: ΣT × D, overwritten.
  ///   - work: what `attentionScratch` says for the longest passage.
  func attention(
    _ shape: TransformerConfiguration, offsets: Span<Int>, qkv: Span<Float>,
    context: inout MutableSpan<Float>, work: inout MutableSpan<Float>
  ) {
    let D = shape.width
    for passage in 0..<offsets.count - 1 {
      let (start, end) = (offsets[passage], offsets[passage + 1])
      var output = context.part(start * D..<end * D)
      attention(
        qkv: qkv.extracting(start * 3 * D..<end * 3 * D), tokens: end - start,
        heads: shape.headCount, headWidth: shape.headWidth, into: &output, scratch: &work)
    }
  }
}
