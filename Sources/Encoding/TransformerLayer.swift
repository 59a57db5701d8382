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
final class TransformerLayer: Sendable {
  /// D → 3D: queries, keys and values in one product.
  private let qkv: Linear
  private let attentionOutput: Linear
  private let attentionNorm: LayerNorm
  /// D → I and back.
  private let up: Linear
  private let down: Linear
  private let outputNorm: LayerNorm

  init(
    _ weights: WeightFile, index: Int, _ shape: TransformerConfiguration
  ) throws(EncodingError) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    let name = "encoder.layer.\(index)."
    qkv = try weights.linear(
      ["query", "key", "value"].map { name + "attention.self." + $0 }, from: D, to: D)
    attentionOutput = try weights.linear([name + "attention.output.dense"], from: D, to: D)
    attentionNorm = try weights.layerNorm(name + "attention.output.LayerNorm", width: D)
    up = try weights.linear([name + "intermediate.dense"], from: D, to: I)
    down = try weights.linear([name + "output.dense"], from: I, to: D)
    outputNorm = try weights.layerNorm(name + "output.LayerNorm", width: D)
  }

  /// hidden ← layer(hidden), ΣT × D in `scratch`.
  func apply(
    _ kernels: Kernels, _ shape: TransformerConfiguration, offsets: Span<Int>,
    _ scratch: inout EncoderScratch
  ) {
    attend(
      kernels, shape, offsets: offsets, hidden: &scratch.hidden, qkv: &scratch.qkv,
      context: &scratch.context, work: &scratch.attention)
    feedForward(
      kernels, shape, rows: offsets[offsets.count - 1], hidden: &scratch.hidden,
      wide: &scratch.intermediate)
  }

  private func attend(
    _ kernels: Kernels, _ shape: TransformerConfiguration, offsets: Span<Int>,
    hidden: inout AlignedBuffer<Float>, qkv: inout AlignedBuffer<Float>,
    context: inout AlignedBuffer<Float>, work: inout AlignedBuffer<Float>
  ) {
    let (D, rows) = (shape.width, offsets[offsets.count - 1])
    var hidden = hidden.mutableSpan
    var work = work.mutableSpan
    var projected = qkv.mutableSpan
    kernels.apply(self.qkv, to: hidden.span, rows: rows, into: &projected)
    var attended = context.mutableSpan
    for passage in 0..<offsets.count - 1 {
      let (start, end) = (offsets[passage], offsets[passage + 1])
      var output = attended.part(start * D..<end * D)
      kernels.attention(
        qkv: projected.span.extracting(start * 3 * D..<end * 3 * D), tokens: end - start,
        heads: shape.headCount, headWidth: shape.headWidth, into: &output, scratch: &work)
    }
    kernels.apply(attentionOutput, to: attended.span, rows: rows, into: &hidden, .adding)
    attentionNorm.apply(kernels, &hidden, rows: rows, epsilon: shape.layerNormEpsilon)
  }

  /// In blocks of rows, so that the wide activations stay in the second-level cache.
  private func feedForward(
    _ kernels: Kernels, _ shape: TransformerConfiguration, rows: Int,
    hidden: inout AlignedBuffer<Float>, wide: inout AlignedBuffer<Float>
  ) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    var hidden = hidden.mutableSpan
    var wide = wide.mutableSpan
    for start in stride(from: 0, to: rows, by: EncoderScratch.blockRows) {
      let count = min(EncoderScratch.blockRows, rows - start)
      var block = hidden.part(start * D..<(start + count) * D)
      kernels.apply(up, to: block.span, rows: count, into: &wide)
      kernels.gelu(&wide, count: count * I)
      kernels.apply(down, to: wide.span, rows: count, into: &block, .adding)
      outputNorm.apply(kernels, &block, rows: count, epsilon: shape.layerNormEpsilon)
    }
  }
}
