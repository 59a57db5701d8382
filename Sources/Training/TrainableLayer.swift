internal import Encoding
internal import LinearAlgebra

/// One layer of the transformer in both directions.
///
/// Forward, with x the input: a = attention(x·Wqkvᵀ + bqkv); h = norm(x + drop(a·Woᵀ + bo));
/// u = h·Wupᵀ + bup; y = norm(h + drop(gelu(u)·Wdownᵀ + bdown)).
/// Source: Vaswani et al. 2017, section 3.1; gradients by the chain rule, each quoting its forward line.
struct TrainableLayer: Sendable {
  let kernels: Kernels
  let shape: TransformerConfiguration
  let index: Int
  let place: ParameterLayout.Layer
  /// What made the input: the norm before, and its normalised rows.
  let inputNorm: ParameterLayout.Norm
  let inputNormalized: SharedFloats
  let values: SharedFloats
  let tape: Tape.Layer
  let sums: BiasSums
  let dropout: Double

  let qkv: TrainableProduct
  let attentionOutput: TrainableProduct
  let up: TrainableProduct
  let down: TrainableProduct

  private var D: Int { shape.width }
  private var I: Int { shape.intermediateWidth }

  var products: [TrainableProduct] { [qkv, attentionOutput, up, down] }

  // MARK: Forward

  /// hidden ← layer(hidden) for the passages of a chunk; what going back needs is on the tape.
  func forward(_ pass: RowsOfPass, offsets: [Int], _ scratch: LayerScratch) {
    attend(pass, offsets: offsets, scratch)
    for first in stride(from: 0, to: pass.count, by: LayerScratch.blockRows) {
      feedForward(pass, first..<min(first + LayerScratch.blockRows, pass.count), scratch)
    }
  }

  private func attend(_ pass: RowsOfPass, offsets: [Int], _ scratch: LayerScratch) {
    let (rows, count) = (pass.rows, pass.count)
    // Sound, here and below: rows of the tape belong to one chunk, scratch memory to one worker.
    var hidden = unsafe scratch.hidden.mutableSpan(0..<count * D)
    var sum = unsafe scratch.sum.mutableSpan(0..<count * D)
    var projected = unsafe tape.qkv.mutableSpan(of: rows, width: 3 * D)
    var context = unsafe tape.context.mutableSpan(of: rows, width: D)
    qkv.forward(hidden.span, pass, into: &projected, scratch)
    var work = unsafe scratch.attention.mutableSpan(0..<scratch.attention.count)
    for passage in pass.chunk.passages {
      let (start, end) = (
        offsets[passage] - rows.lowerBound, offsets[passage + 1] - rows.lowerBound
      )
      var output = context.part(start * D..<end * D)
      kernels.attention(
        qkv: projected.span.extracting(start * 3 * D..<end * 3 * D), tokens: end - start,
        heads: shape.headCount, headWidth: shape.headWidth, into: &output, stride: D,
        scratch: &work)
    }
    add(attentionOutput, context.span, pass, site: 0, to: hidden.span, into: &sum, scratch)
    normalize(
      sum.span, rows, place.attentionNorm, tape.attentionNormalized, tape.attentionScales,
      into: &hidden)
  }

  /// - Parameter block: rows of the chunk.
  private func feedForward(_ pass: RowsOfPass, _ block: Range<Int>, _ scratch: LayerScratch) {
    let pass = pass.block(block)
    var hidden = unsafe scratch.hidden.mutableSpan(of: block, width: D)
    var sum = unsafe scratch.sum.mutableSpan(of: block, width: D)
    var wide = unsafe tape.wide.mutableSpan(of: pass.rows, width: I)
    var activated = unsafe scratch.wide.mutableSpan(0..<pass.count * I)
    up.forward(hidden.span, pass, into: &wide, scratch)
    activated.copy(wide.span)
    kernels.gelu(&activated, count: pass.count * I)
    add(down, activated.span, pass, site: 1, to: hidden.span, into: &sum, scratch)
    normalize(
      sum.span, pass.rows, place.outputNorm, tape.outputNormalized, tape.outputScales,
      into: &hidden)
  }

  /// sum ← residual + drop(product(input)).
  private func add(
    _ product: TrainableProduct, _ input: Span<Float>, _ pass: RowsOfPass, site: Int,
    to residual: Span<Float>, into sum: inout MutableSpan<Float>, _ scratch: LayerScratch
  ) {
    if dropout == 0 {
      sum.copy(residual)
      product.forward(input, pass, into: &sum, scratch, .adding)
      return
    }
    product.forward(input, pass, into: &sum, scratch)
    drop(&sum, pass, site: site)
    Kernels.add(residual, times: 1, to: &sum)
  }

  private func drop(_ x: inout MutableSpan<Float>, _ pass: RowsOfPass, site: Int) {
    drop(&x, pass, at: DropoutSite.layer(index, site))
  }

  private func drop(_ x: inout MutableSpan<Float>, _ pass: RowsOfPass, at site: Int) {
    pass.mask(rate: dropout).apply(&x, site: site, firstRow: pass.firstRow, width: D)
  }

  private func normalize(
    _ sum: Span<Float>, _ rows: Range<Int>, _ norm: ParameterLayout.Norm,
    _ normalized: SharedFloats, _ scales: SharedFloats, into hidden: inout MutableSpan<Float>
  ) {
    var normalized = unsafe normalized.mutableSpan(of: rows, width: D)
    var scales = unsafe scales.mutableSpan(rows)
    kernels.layerNorm(
      sum, rows: rows.count, gamma: values.span(norm.gamma), beta: values.span(norm.beta),
      epsilon: shape.layerNormEpsilon, normalized: &normalized, scales: &scales, into: &hidden)
  }

  // MARK: Backward

  /// gradient ← the gradient of the layer's input from that of its output, for the rows of a chunk; what
  /// weights' gradients are made of is kept.
  ///
  /// - Parameters:
  ///   - gradient: T × D of the pass.
  ///   - reachesInput: false where nothing below is trained: the gradient is then anything.
  func backward(
    _ pass: RowsOfPass, offsets: [Int], gradient: SharedFloats, reachesInput: Bool,
    _ scratch: LayerScratch
  ) {
    sums.clear(pass.chunk)
    for first in stride(from: 0, to: pass.count, by: LayerScratch.blockRows) {
      let block = first..<min(first + LayerScratch.blockRows, pass.count)
      feedForwardBackward(pass.block(block), gradient: gradient, scratch)
    }
    attendBackward(
      pass, offsets: offsets, gradient: gradient, reachesInput: reachesInput, scratch)
  }

  /// y = norm(h + drop(gelu(u)·Wdownᵀ + bdown)), u = h·Wupᵀ + bup.
  private func feedForwardBackward(
    _ pass: RowsOfPass, gradient: SharedFloats, _ scratch: LayerScratch
  ) {
    let (rows, count) = (pass.rows, pass.count)
    var gradient = unsafe gradient.mutableSpan(of: rows, width: D)
    normalizeBackward(
      tape.outputNormalized, tape.outputScales, place.outputNorm, pass, gradient: &gradient,
      (sums.places.outputGamma, sums.places.outputBeta))
    // From here on it is the gradient of h + drop(…).
    var dropped = unsafe scratch.dropped.mutableSpan(0..<count * D)
    dropped.copy(gradient.span)
    drop(&dropped, pass, site: 1)
    var wide = unsafe scratch.wideGradient.mutableSpan(0..<count * I)
    var activated = unsafe scratch.wide.mutableSpan(0..<count * I)
    down.propagate(dropped.span, pass, into: &wide, scratch)
    kernels.geluBackward(
      tape.wide.span(of: rows, width: I), gradient: &wide, output: &activated)
    down.collect(input: activated.span, outputGradient: dropped.span, pass, sums, scratch)
    var hidden = unsafe scratch.hidden.mutableSpan(0..<count * D)
    kernels.scaleShift(
      tape.attentionNormalized.span(of: rows, width: D), rows: count,
      gamma: values.span(place.attentionNorm.gamma), beta: values.span(place.attentionNorm.beta),
      into: &hidden)
    up.collect(input: hidden.span, outputGradient: wide.span, pass, sums, scratch)
    // h itself goes into the sum, too: its gradient stays and that through u is added.
    up.propagate(wide.span, pass, into: &gradient, scratch, .adding)
  }

  /// h = norm(x + drop(a·Woᵀ + bo)), a = attention(x·Wqkvᵀ + bqkv).
  private func attendBackward(
    _ pass: RowsOfPass, offsets: [Int], gradient: SharedFloats, reachesInput: Bool,
    _ scratch: LayerScratch
  ) {
    let (rows, count) = (pass.rows, pass.count)
    var gradient = unsafe gradient.mutableSpan(of: rows, width: D)
    normalizeBackward(
      tape.attentionNormalized, tape.attentionScales, place.attentionNorm, pass,
      gradient: &gradient, (sums.places.attentionGamma, sums.places.attentionBeta))
    var dropped = unsafe scratch.dropped.mutableSpan(0..<count * D)
    dropped.copy(gradient.span)
    drop(&dropped, pass, site: 0)
    attentionOutput.collect(
      input: tape.context.span(of: rows, width: D), outputGradient: dropped.span, pass, sums,
      scratch)
    var context = unsafe scratch.sum.mutableSpan(0..<count * D)
    attentionOutput.propagate(dropped.span, pass, into: &context, scratch)
    var projected = unsafe scratch.qkvGradient.mutableSpan(0..<count * 3 * D)
    var work = unsafe scratch.attention.mutableSpan(0..<scratch.attention.count)
    for passage in pass.chunk.passages {
      let passageRows = offsets[passage]..<offsets[passage + 1]
      let start = passageRows.lowerBound - rows.lowerBound
      let end = start + passageRows.count
      var output = projected.part(start * 3 * D..<end * 3 * D)
      kernels.attentionBackward(
        qkv: tape.qkv.span(of: passageRows, width: 3 * D),
        gradient: context.span.extracting(start * D..<end * D), tokens: passageRows.count,
        heads: shape.headCount, headWidth: shape.headWidth, into: &output, scratch: &work)
    }
    var hidden = unsafe scratch.hidden.mutableSpan(0..<count * D)
    kernels.scaleShift(
      inputNormalized.span(of: rows, width: D), rows: count, gamma: values.span(inputNorm.gamma),
      beta: values.span(inputNorm.beta), into: &hidden)
    // The lowest layer is given what is left of the embeddings.
    if index == 0 { drop(&hidden, pass, at: DropoutSite.embeddings) }
    qkv.collect(input: hidden.span, outputGradient: projected.span, pass, sums, scratch)
    if reachesInput {
      qkv.propagate(projected.span, pass, into: &gradient, scratch, .adding)
    }
  }

  private func normalizeBackward(
    _ normalized: SharedFloats, _ scales: SharedFloats, _ norm: ParameterLayout.Norm,
    _ pass: RowsOfPass, gradient: inout MutableSpan<Float>,
    _ places: (gamma: Range<Int>, beta: Range<Int>)
  ) {
    // Sound: a chunk's sums are one worker's, and the two places do not overlap.
    var gamma = unsafe sums.mutableSpan(places.gamma, of: pass.chunk)
    var beta = unsafe sums.mutableSpan(places.beta, of: pass.chunk)
    kernels.layerNormBackward(
      normalized: normalized.span(of: pass.rows, width: D), scales: scales.span(pass.rows),
      gamma: values.span(norm.gamma), rows: pass.count, gradient: &gradient,
      gammaGradient: &gamma, betaGradient: &beta)
  }

  /// The products that are left when `backward` has been through all chunks.
  var tiles: [GradientTile] {
    products.flatMap { product in product.tiles + product.adapters.flatMap(\.tiles) }
  }
}

/// Where numbers are dropped: each place of the encoder has a stream of its own.
enum DropoutSite {
  static let embeddings = 0

  /// Place 0: attention's output, 1: the feed-forward network's, 2 and on: adapters.
  static func layer(_ index: Int, _ place: Int) -> Int { 1 + index * 16 + place }
}
