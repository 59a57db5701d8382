internal import LinearAlgebra

/// A layer of the path `float32`: single precision throughout.
final class Float32Layer: TransformerLayer {
  /// D → 3D: queries, keys and values in one product.
  private let qkv: Linear
  private let attentionOutput: Linear
  private let attentionNorm: LayerNorm
  /// D → I and back.
  private let up: Linear
  private let down: Linear
  private let outputNorm: LayerNorm

  init(
    _ weights: some WeightSource, index: Int, _ shape: TransformerConfiguration
  ) throws(EncodingError) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    let names = TransformerLayerNames(index)
    qkv = try weights.linear(names.qkv, from: D, to: D)
    attentionOutput = try weights.linear([names.attentionOutput], from: D, to: D)
    attentionNorm = try weights.layerNorm(names.attentionNorm, width: D)
    up = try weights.linear([names.up], from: D, to: I)
    down = try weights.linear([names.down], from: I, to: D)
    outputNorm = try weights.layerNorm(names.outputNorm, width: D)
  }

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
    let rows = offsets[offsets.count - 1]
    var hidden = hidden.mutableSpan
    var work = work.mutableSpan
    var projected = qkv.mutableSpan
    kernels.apply(self.qkv, to: hidden.span, rows: rows, into: &projected)
    var attended = context.mutableSpan
    kernels.attention(
      shape, heads: 0..<shape.headCount, offsets: offsets, qkv: projected.span,
      context: &attended, work: &work)
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
