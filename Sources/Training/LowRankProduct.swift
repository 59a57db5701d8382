internal import LinearAlgebra

/// One adapter: y += z·Bᵀ with z = s·drop(x)·Aᵀ, beside a product that has the same input.
struct LowRankProduct: Sendable {
  let kernels: Kernels
  let settings: AdapterSettings
  /// In the adapters' blocks.
  let place: AdapterLayout.Place
  /// Tells its dropout from that of other places.
  let site: Int
  /// Its outputs among those of the product beside it, which has `hostWidth` of them.
  let outputs: Range<Int>
  let hostWidth: Int
  /// K.
  let inputWidth: Int
  /// s·A: K → r, and B: r → N.
  let down: ProductWeights
  let up: ProductWeights
  let downOperands: GradientOperands
  let upOperands: GradientOperands

  private var rank: Int { settings.rank }

  /// Takes A and B from the adapters' values.
  func pack(_ values: SharedFloats) {
    let (scale, a) = (Float(settings.scale), values.span(place.a))
    var scaled = [Float](repeating: 0, count: a.count)
    for index in scaled.indices { scaled[index] = scale * a[index] }
    let zeros = [Float](repeating: 0, count: max(rank, outputs.count))
    down.pack(weight: scaled.span, bias: zeros.span.extracting(0..<rank))
    up.pack(weight: values.span(place.b), bias: zeros.span.extracting(0..<outputs.count))
  }

  /// y[outputs] += s·drop(x)·Aᵀ·Bᵀ.
  func forward(
    _ input: Span<Float>, _ pass: RowsOfPass, into output: inout MutableSpan<Float>,
    _ scratch: LayerScratch
  ) {
    var low = unsafe scratch.low.mutableSpan(0..<pass.count * rank)
    reduce(input, pass, into: &low, scratch)
    var columns = output.part(outputs.lowerBound..<output.count)
    kernels.apply(
      up.forward, to: low.span, inputStride: rank, rows: pass.count, into: &columns,
      outputStride: hostWidth, .adding)
  }

  /// z = s·drop(x)·Aᵀ.
  private func reduce(
    _ input: Span<Float>, _ pass: RowsOfPass, into low: inout MutableSpan<Float>,
    _ scratch: LayerScratch
  ) {
    if settings.dropout == 0 {
      kernels.apply(down.forward, to: input, rows: pass.count, into: &low)
      return
    }
    var kept = unsafe scratch.adapterInput.mutableSpan(0..<pass.count * inputWidth)
    drop(input, pass, into: &kept)
    kernels.apply(down.forward, to: kept.span, rows: pass.count, into: &low)
  }

  private func drop(
    _ input: Span<Float>, _ pass: RowsOfPass, into kept: inout MutableSpan<Float>
  ) {
    kept.copy(input.extracting(0..<kept.count))
    pass.mask(rate: settings.dropout).apply(
      &kept, site: site, firstRow: pass.firstRow, width: inputWidth)
  }

  /// dx += drop(dz·s·A), dz = dy[outputs]·B.
  func propagate(
    _ outputGradient: Span<Float>, _ pass: RowsOfPass, into inputGradient: inout MutableSpan<Float>,
    _ scratch: LayerScratch
  ) {
    var low = unsafe scratch.low.mutableSpan(0..<pass.count * rank)
    reduceGradient(outputGradient, pass, into: &low)
    if settings.dropout == 0 {
      kernels.apply(down.back, to: low.span, rows: pass.count, into: &inputGradient, .adding)
      return
    }
    var part = unsafe scratch.adapterInput.mutableSpan(0..<pass.count * inputWidth)
    kernels.apply(down.back, to: low.span, rows: pass.count, into: &part)
    pass.mask(rate: settings.dropout).apply(
      &part, site: site, firstRow: pass.firstRow, width: inputWidth)
    Kernels.add(part.span, times: 1, to: &inputGradient)
  }

  private func reduceGradient(
    _ outputGradient: Span<Float>, _ pass: RowsOfPass, into low: inout MutableSpan<Float>
  ) {
    kernels.apply(
      up.back, to: outputGradient.extracting(outputs.lowerBound..<outputGradient.count),
      inputStride: hostWidth, rows: pass.count, into: &low, outputStride: rank, .replacing)
  }

  /// Keeps what the gradients dB = dyᵀ·z and dA = s·dzᵀ·drop(x) are made of.
  func collect(
    input: Span<Float>, outputGradient: Span<Float>, _ pass: RowsOfPass, _ scratch: LayerScratch
  ) {
    var low = unsafe scratch.low.mutableSpan(0..<pass.count * rank)
    reduce(input, pass, into: &low, scratch)
    upOperands.pack(input: low.span, rows: pass.windowRows)
    upOperands.pack(
      outputGradient: outputGradient.extracting(outputs.lowerBound..<outputGradient.count),
      stride: hostWidth, rows: pass.windowRows)
    if settings.dropout == 0 {
      downOperands.pack(input: input, rows: pass.windowRows)
    } else {
      // `reduce` left it there.
      downOperands.pack(
        input: scratch.adapterInput.span(0..<pass.count * inputWidth), rows: pass.windowRows)
    }
    reduceGradient(outputGradient, pass, into: &low)
    let scale = Float(settings.scale)
    for index in 0..<low.count { low[index] *= scale }
    downOperands.pack(outputGradient: low.span, stride: rank, rows: pass.windowRows)
  }

  var tiles: [GradientTile] {
    GradientTile.tiles(downOperands, place.a) + GradientTile.tiles(upOperands, place.b)
  }
}
