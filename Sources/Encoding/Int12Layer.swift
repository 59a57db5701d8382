internal import LinearAlgebra

/// A layer of the path `int12`: the four products take weights and activations of 12 bits, all between
/// them is single precision.
final class Int12Layer: TransformerLayer {
  private let weights: PackedWeights
  private let index: Int
  private let attentionNorm: LayerNorm
  private let outputNorm: LayerNorm

  init(
    _ packed: PackedWeights, _ weights: some WeightSource, index: Int,
    _ shape: TransformerConfiguration
  ) throws(EncodingError) {
    let names = TransformerLayerNames(index)
    attentionNorm = try weights.layerNorm(names.attentionNorm, width: shape.width)
    outputNorm = try weights.layerNorm(names.outputNorm, width: shape.width)
    self.weights = packed
    self.index = index
  }

  func apply(
    _ kernels: Kernels, _ shape: TransformerConfiguration, offsets: Span<Int>,
    _ scratch: inout EncoderScratch
  ) {
    attend(
      kernels, shape, offsets: offsets, hidden: &scratch.hidden, qkv: &scratch.qkv,
      context: &scratch.context, work: &scratch.attention, rounded: &scratch.rounded)
    feedForward(
      kernels, shape, rows: offsets[offsets.count - 1], hidden: &scratch.hidden,
      wide: &scratch.intermediate, rounded: &scratch.rounded, roundedWide: &scratch.roundedWide)
  }

  private func attend(
    _ kernels: Kernels, _ shape: TransformerConfiguration, offsets: Span<Int>,
    hidden: inout AlignedBuffer<Float>, qkv: inout AlignedBuffer<Float>,
    context: inout AlignedBuffer<Float>, work: inout AlignedBuffer<Float>,
    rounded: inout Int12Rows
  ) {
    let (D, rows) = (shape.width, offsets[offsets.count - 1])
    let weights = weights
    var hidden = hidden.mutableSpan
    var work = work.mutableSpan
    var projected = qkv.mutableSpan
    kernels.round(hidden.span, rows: rows, into: &rounded)
    var attended = context.mutableSpan
    let toHeads = weights.linear(index, .qkv)
    // A few heads at a time, so that what attention reads is in the second-level cache.
    let groupSize = PackedWeights.headGroupSize(shape)
    for first in stride(from: 0, to: shape.headCount, by: groupSize) {
      let heads = first..<min(first + groupSize, shape.headCount)
      let width = 3 * shape.headWidth
      kernels.apply(
        toHeads, outputs: heads.lowerBound * width..<heads.upperBound * width, to: rounded,
        rows: rows, into: &projected)
      kernels.attention(
        shape, heads: heads, offsets: offsets, qkv: projected.span, context: &attended,
        work: &work)
    }
    kernels.round(attended.span, rows: rows, into: &rounded)
    kernels.apply(
      weights.linear(index, .attentionOutput), outputs: 0..<D, to: rounded, rows: rows,
      into: &hidden, .adding)
    attentionNorm.apply(kernels, &hidden, rows: rows, epsilon: shape.layerNormEpsilon)
  }

  /// In blocks of rows and of outputs, so that the wide activations stay in the second-level cache.
  private func feedForward(
    _ kernels: Kernels, _ shape: TransformerConfiguration, rows: Int,
    hidden: inout AlignedBuffer<Float>, wide: inout AlignedBuffer<Float>,
    rounded: inout Int12Rows, roundedWide: inout Int12Rows
  ) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    var hidden = hidden.mutableSpan
    var wide = wide.mutableSpan
    let weights = weights
    let up = weights.linear(index, .up)
    let down = weights.linear(index, .down)
    kernels.round(hidden.span, rows: rows, into: &rounded)
    for start in stride(from: 0, to: rows, by: EncoderScratch.int12BlockRows) {
      let count = min(EncoderScratch.int12BlockRows, rows - start)
      for block in 0..<roundedWide.blockCount {
        let first = block * Int12Rows.blockWidth
        let outputs = first..<min(first + Int12Rows.blockWidth, I)
        kernels.apply(
          up, outputs: outputs, to: rounded, first: start, rows: count, into: &wide)
        kernels.gelu(&wide, count: count * outputs.count)
        kernels.round(
          wide.span, rows: count, stride: outputs.count, block: block, into: &roundedWide)
      }
      var part = hidden.part(start * D..<(start + count) * D)
      kernels.apply(
        down, outputs: 0..<D, to: roundedWide, rows: count, into: &part, .adding)
      outputNorm.apply(kernels, &part, rows: count, epsilon: shape.layerNormEpsilon)
    }
  }
}
