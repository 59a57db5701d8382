internal import Encoding
internal import LinearAlgebra

/// One layer of the transformer in both directions.
///
/// Forward, with x the input: a = attention(x·Wqkvᵀ + bqkv); h = norm(x + a·Woᵀ + bo);
/// u = h·Wupᵀ + bup; y = norm(h + gelu(u)·Wdownᵀ + bdown).
/// Source: Vaswani et al. 2017, section 3.1; gradients by the chain rule, each quoting its forward line.
struct TrainableLayer: Sendable {
  let kernels: Kernels
  let shape: TransformerConfiguration
  let place: ParameterLayout.Layer
  /// What made the input: the norm before, and its normalised rows.
  let inputNorm: ParameterLayout.Norm
  let inputNormalized: SharedFloats
  let values: SharedFloats
  let weights: LayerWeights
  let tape: Tape.Layer

  private var D: Int { shape.width }
  private var I: Int { shape.intermediateWidth }

  // MARK: Forward

  /// hidden ← layer(hidden) for the passages of a chunk; what going back needs is on the tape.
  func forward(_ chunk: Chunk, offsets: [Int], _ scratch: LayerScratch) {
    attend(chunk, offsets: offsets, scratch)
    for first in stride(from: 0, to: chunk.rows.count, by: LayerScratch.blockRows) {
      let last = min(first + LayerScratch.blockRows, chunk.rows.count)
      feedForward(chunk.rows.lowerBound + first..<chunk.rows.lowerBound + last, at: first, scratch)
    }
  }

  private func attend(_ chunk: Chunk, offsets: [Int], _ scratch: LayerScratch) {
    let (rows, count) = (chunk.rows, chunk.rows.count)
    // Sound, here and below: rows of the tape belong to one chunk, scratch memory to one worker.
    var hidden = unsafe scratch.hidden.mutableSpan(0..<count * D)
    var sum = unsafe scratch.sum.mutableSpan(0..<count * D)
    var qkv = unsafe tape.qkv.mutableSpan(of: rows, width: 3 * D)
    var context = unsafe tape.context.mutableSpan(of: rows, width: D)
    kernels.apply(weights.qkv, to: hidden.span, rows: count, into: &qkv)
    var work = unsafe scratch.attention.mutableSpan(0..<scratch.attention.count)
    for passage in chunk.passages {
      let (start, end) = (
        offsets[passage] - rows.lowerBound, offsets[passage + 1] - rows.lowerBound
      )
      var output = context.part(start * D..<end * D)
      kernels.attention(
        qkv: qkv.span.extracting(start * 3 * D..<end * 3 * D), tokens: end - start,
        heads: shape.headCount, headWidth: shape.headWidth, into: &output, stride: D,
        scratch: &work)
    }
    sum.copy(hidden.span)
    kernels.apply(weights.attentionOutput, to: context.span, rows: count, into: &sum, .adding)
    var normalized = unsafe tape.attentionNormalized.mutableSpan(of: rows, width: D)
    var scales = unsafe tape.attentionScales.mutableSpan(rows)
    kernels.layerNorm(
      sum.span, rows: count, gamma: values.span(place.attentionNorm.gamma),
      beta: values.span(place.attentionNorm.beta), epsilon: shape.layerNormEpsilon,
      normalized: &normalized, scales: &scales, into: &hidden)
  }

  /// - Parameter first: the block's first row in the scratch memory.
  private func feedForward(_ rows: Range<Int>, at first: Int, _ scratch: LayerScratch) {
    let count = rows.count
    var hidden = unsafe scratch.hidden.mutableSpan(of: first..<first + count, width: D)
    var sum = unsafe scratch.sum.mutableSpan(of: first..<first + count, width: D)
    var wide = unsafe tape.wide.mutableSpan(of: rows, width: I)
    var activated = unsafe scratch.wide.mutableSpan(0..<count * I)
    kernels.apply(weights.up, to: hidden.span, rows: count, into: &wide)
    activated.copy(wide.span)
    kernels.gelu(&activated, count: count * I)
    sum.copy(hidden.span)
    kernels.apply(weights.down, to: activated.span, rows: count, into: &sum, .adding)
    var normalized = unsafe tape.outputNormalized.mutableSpan(of: rows, width: D)
    var scales = unsafe tape.outputScales.mutableSpan(rows)
    kernels.layerNorm(
      sum.span, rows: count, gamma: values.span(place.outputNorm.gamma),
      beta: values.span(place.outputNorm.beta), epsilon: shape.layerNormEpsilon,
      normalized: &normalized, scales: &scales, into: &hidden)
  }

  // MARK: Backward

  /// gradient ← the gradient of the layer's input from that of its output, for the rows of a chunk.
  ///
  /// - Parameters:
  ///   - gradient: T × D of the pass.
  ///   - sums: the chunk's part of the gradients of biases and norms, zeros before: `SumPlaces.count` floats.
  ///   - packed: gets the operands of the weights' gradients.
  func backward(
    _ chunk: Chunk, offsets: [Int], gradient: SharedFloats, sums: BiasSums,
    packed: PackedGradients, _ scratch: LayerScratch
  ) {
    for first in stride(from: 0, to: chunk.rows.count, by: LayerScratch.blockRows) {
      let last = min(first + LayerScratch.blockRows, chunk.rows.count)
      let rows = chunk.rows.lowerBound + first..<chunk.rows.lowerBound + last
      feedForwardBackward(rows, of: chunk, gradient: gradient, sums: sums, packed: packed, scratch)
    }
    attendBackward(
      chunk, offsets: offsets, gradient: gradient, sums: sums, packed: packed, scratch)
  }

  /// y = norm(h + gelu(u)·Wdownᵀ + bdown), u = h·Wupᵀ + bup.
  private func feedForwardBackward(
    _ rows: Range<Int>, of chunk: Chunk, gradient: SharedFloats, sums: BiasSums,
    packed: PackedGradients, _ scratch: LayerScratch
  ) {
    let count = rows.count
    var gradient = unsafe gradient.mutableSpan(of: rows, width: D)
    normBackward(
      tape.outputNormalized, tape.outputScales, place.outputNorm, rows: rows,
      gradient: &gradient, sums, (sums.places.outputGamma, sums.places.outputBeta), chunk)
    // The gradient is now that of h + gelu(u)·Wdownᵀ + bdown.
    add(gradient.span, rows: count, to: sums, sums.places.downBias, chunk)
    packed.packGroups(packed.down, gradient.span, rows: rows)
    var wide = unsafe scratch.wideGradient.mutableSpan(0..<count * I)
    var activated = unsafe scratch.wide.mutableSpan(0..<count * I)
    kernels.apply(weights.downBack, to: gradient.span, rows: count, into: &wide)
    kernels.geluBackward(
      tape.wide.span(of: rows, width: I), gradient: &wide, output: &activated)
    packed.packPanels(packed.down, activated.span, rows: rows)
    add(wide.span, rows: count, to: sums, sums.places.upBias, chunk)
    packed.packGroups(packed.up, wide.span, rows: rows)
    // h itself goes into the sum, too: its gradient stays and that through u is added.
    kernels.apply(weights.upBack, to: wide.span, rows: count, into: &gradient, .adding)
    var hidden = unsafe scratch.hidden.mutableSpan(0..<count * D)
    kernels.scaleShift(
      tape.attentionNormalized.span(of: rows, width: D), rows: count,
      gamma: values.span(place.attentionNorm.gamma), beta: values.span(place.attentionNorm.beta),
      into: &hidden)
    packed.packPanels(packed.up, hidden.span, rows: rows)
  }

  /// h = norm(x + a·Woᵀ + bo), a = attention(x·Wqkvᵀ + bqkv).
  private func attendBackward(
    _ chunk: Chunk, offsets: [Int], gradient: SharedFloats, sums: BiasSums,
    packed: PackedGradients, _ scratch: LayerScratch
  ) {
    let (rows, count) = (chunk.rows, chunk.rows.count)
    var gradient = unsafe gradient.mutableSpan(of: rows, width: D)
    normBackward(
      tape.attentionNormalized, tape.attentionScales, place.attentionNorm, rows: rows,
      gradient: &gradient, sums, (sums.places.attentionGamma, sums.places.attentionBeta), chunk)
    add(gradient.span, rows: count, to: sums, sums.places.attentionOutputBias, chunk)
    packed.packGroups(packed.attentionOutput, gradient.span, rows: rows)
    packed.packPanels(
      packed.attentionOutput, tape.context.span(of: rows, width: D), rows: rows)
    var context = unsafe scratch.sum.mutableSpan(0..<count * D)
    kernels.apply(weights.attentionOutputBack, to: gradient.span, rows: count, into: &context)
    var qkv = unsafe scratch.qkvGradient.mutableSpan(0..<count * 3 * D)
    var work = unsafe scratch.attention.mutableSpan(0..<scratch.attention.count)
    for passage in chunk.passages {
      let passageRows = offsets[passage]..<offsets[passage + 1]
      let start = passageRows.lowerBound - rows.lowerBound
      let end = start + passageRows.count
      var output = qkv.part(start * 3 * D..<end * 3 * D)
      kernels.attentionBackward(
        qkv: tape.qkv.span(of: passageRows, width: 3 * D),
        gradient: context.span.extracting(start * D..<end * D), tokens: passageRows.count,
        heads: shape.headCount, headWidth: shape.headWidth, into: &output, scratch: &work)
    }
    add(qkv.span, rows: count, to: sums, sums.places.qkvBias, chunk)
    packed.packGroups(packed.qkv, qkv.span, rows: rows)
    kernels.apply(weights.qkvBack, to: qkv.span, rows: count, into: &gradient, .adding)
    var hidden = unsafe scratch.hidden.mutableSpan(0..<count * D)
    kernels.scaleShift(
      inputNormalized.span(of: rows, width: D), rows: count, gamma: values.span(inputNorm.gamma),
      beta: values.span(inputNorm.beta), into: &hidden)
    packed.packPanels(packed.qkv, hidden.span, rows: rows)
  }

  private func normBackward(
    _ normalized: SharedFloats, _ scales: SharedFloats, _ norm: ParameterLayout.Norm,
    rows: Range<Int>, gradient: inout MutableSpan<Float>, _ sums: BiasSums,
    _ places: (gamma: Range<Int>, beta: Range<Int>), _ chunk: Chunk
  ) {
    // Sound: a chunk's sums are one worker's, and the two places do not overlap.
    var gamma = unsafe sums.mutableSpan(places.gamma, of: chunk)
    var beta = unsafe sums.mutableSpan(places.beta, of: chunk)
    kernels.layerNormBackward(
      normalized: normalized.span(of: rows, width: D), scales: scales.span(rows),
      gamma: values.span(norm.gamma), rows: rows.count, gradient: &gradient, gammaGradient: &gamma,
      betaGradient: &beta)
  }

  private func add(
    _ gradient: Span<Float>, rows: Int, to sums: BiasSums, _ place: Range<Int>, _ chunk: Chunk
  ) {
    // Sound: as above.
    var sum = unsafe sums.mutableSpan(place, of: chunk)
    kernels.addRows(gradient, rows: rows, to: &sum)
  }

  // MARK: Gradients of weights

  /// The products that are left when `backward` has been through all chunks.
  func tiles(_ packed: PackedGradients) -> [WeightGradientTile] {
    WeightGradientTile.tiles(packed.up, place.up.weight)
      + WeightGradientTile.tiles(packed.down, place.down.weight)
      + WeightGradientTile.tiles(packed.qkv, place.qkv.weight)
      + WeightGradientTile.tiles(packed.attentionOutput, place.attentionOutput.weight)
  }
}

extension SharedFloats {
  /// Rows to read of a matrix of that width.
  @_lifetime(borrow self)
  func span(of rows: Range<Int>, width: Int) -> Span<Float> {
    span(rows.lowerBound * width..<rows.upperBound * width)
  }

  /// Rows to write; until they are no longer used nobody else may touch them.
  @_lifetime(borrow self)
  @unsafe func mutableSpan(of rows: Range<Int>, width: Int) -> MutableSpan<Float> {
    unsafe mutableSpan(rows.lowerBound * width..<rows.upperBound * width)
  }
}

extension MutableSpan<Float> {
  /// Takes over all of `source`, which is as long.
  mutating func copy(_ source: Span<Float>) {
    precondition(source.count == count, "\(source.count) floats for \(count)")
    unsafe withUnsafeMutableBufferPointer { out in
      unsafe source.withUnsafeBufferPointer { _ = unsafe out.update(fromContentsOf: $0) }
    }
  }
}
