internal import LinearAlgebra

/// y = x·Wᵀ + b in both directions, with adapters beside it.
struct TrainableProduct: Sendable {
  let kernels: Kernels
  let weights: ProductWeights
  let place: ParameterLayout.Dense
  /// The bias's place among the sums of a chunk.
  let biasSum: Range<Int>
  /// nil where weight and bias keep their values.
  let operands: GradientOperands?
  let adapters: [LowRankProduct]

  /// Takes weight and bias from the parameters.
  func pack(_ values: SharedFloats) {
    weights.pack(weight: values.span(place.weight), bias: values.span(place.bias))
  }

  /// y ← x·Wᵀ + b, or y += it.
  func forward(
    _ input: Span<Float>, _ pass: RowsOfPass, into output: inout MutableSpan<Float>,
    _ scratch: LayerScratch, _ mode: Kernels.Output = .replacing
  ) {
    kernels.apply(weights.forward, to: input, rows: pass.count, into: &output, mode)
    for adapter in adapters { adapter.forward(input, pass, into: &output, scratch) }
  }

  /// dx ← dy·W, or dx += it.
  func propagate(
    _ outputGradient: Span<Float>, _ pass: RowsOfPass, into inputGradient: inout MutableSpan<Float>,
    _ scratch: LayerScratch, _ mode: Kernels.Output = .replacing
  ) {
    kernels.apply(weights.back, to: outputGradient, rows: pass.count, into: &inputGradient, mode)
    for adapter in adapters {
      adapter.propagate(outputGradient, pass, into: &inputGradient, scratch)
    }
  }

  /// Keeps what dW = dyᵀ·x is made of, and adds up db = Σ dy.
  func collect(
    input: Span<Float>, outputGradient: Span<Float>, _ pass: RowsOfPass, _ sums: BiasSums,
    _ scratch: LayerScratch
  ) {
    if let operands {
      operands.pack(input: input, rows: pass.windowRows)
      operands.pack(
        outputGradient: outputGradient, stride: operands.outputWidth, rows: pass.windowRows)
      // Sound: a chunk's sums are one worker's.
      var bias = unsafe sums.mutableSpan(biasSum, of: pass.chunk)
      kernels.addRows(outputGradient, rows: pass.count, to: &bias)
    }
    for adapter in adapters {
      adapter.collect(input: input, outputGradient: outputGradient, pass, scratch)
    }
  }

  /// The weight's gradient in parts, when all rows are collected.
  var tiles: [GradientTile] { operands.map { GradientTile.tiles($0, place.weight) } ?? [] }
}

/// Some rows of a chunk on their way through a layer.
struct RowsOfPass: Sendable {
  let chunk: Chunk
  /// Among the tokens of the pass.
  let rows: Range<Int>
  let step: PassContext
  /// Going back: the first row of those whose weight gradients are made together.
  let windowStart: Int

  init(chunk: Chunk, rows: Range<Int>, step: PassContext, windowStart: Int = 0) {
    self.chunk = chunk
    self.rows = rows
    self.step = step
    self.windowStart = windowStart
  }

  /// Among those of the window.
  var windowRows: Range<Int> { rows.lowerBound - windowStart..<rows.upperBound - windowStart }

  var count: Int { rows.count }

  /// The first of them among all tokens of the batch.
  var firstRow: Int { step.firstToken + rows.lowerBound }

  func mask(rate: Double) -> DropoutMask { DropoutMask(rate: Float(rate), key: step.dropoutKey) }

  /// Some of these rows.
  func block(_ block: Range<Int>) -> RowsOfPass {
    RowsOfPass(
      chunk: chunk, rows: rows.lowerBound + block.lowerBound..<rows.lowerBound + block.upperBound,
      step: step, windowStart: windowStart)
  }
}

/// What a pass knows of its batch.
package struct PassContext: Sendable {
  /// The stream of random numbers of this step.
  let dropoutKey: UInt64
  /// The pass's first token among those of the batch.
  let firstToken: Int

  package init(dropoutKey: UInt64 = 0, firstToken: Int = 0) {
    self.dropoutKey = dropoutKey
    self.firstToken = firstToken
  }
}
