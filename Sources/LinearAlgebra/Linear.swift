internal import CKernels

/// y = x·Wᵀ + b with W packed once, in panels of 16 outputs.
///
/// The panel layout is what the inner loop reads, in order: no product repacks its weights, so one
/// query of 15 tokens runs at the same rate as a batch.
package struct Linear: ~Copyable, Sendable {
  package let inputWidth: Int
  package let outputWidth: Int
  /// ⌈outputWidth / 16⌉ panels of inputWidth × 16 floats.
  var panels: AlignedBuffer<Float>
  var bias: AlignedBuffer<Float>
  private var filled = 0

  /// A layer of zeros, to be filled by `append`.
  package init(inputWidth: Int, outputWidth: Int) {
    self.inputWidth = inputWidth
    self.outputWidth = outputWidth
    let panelCount = (outputWidth + Int(PAWL_PANEL) - 1) / Int(PAWL_PANEL)
    panels = AlignedBuffer(repeating: 0, count: panelCount * Int(PAWL_PANEL) * inputWidth)
    bias = AlignedBuffer(repeating: 0, count: outputWidth)
  }

  /// Packs the next `bias.count` outputs: several small layers of one input become one product.
  ///
  /// - Parameters:
  ///   - weight: bias.count × inputWidth, row-major.
  ///   - bias: one float an output.
  package mutating func append(weight: Span<Float>, bias newBias: Span<Float>) {
    let (rows, first, inputWidth) = (newBias.count, filled, inputWidth)
    precondition(
      weight.count == rows * inputWidth,
      "\(weight.count) weights for \(rows) outputs of \(inputWidth) inputs")
    precondition(
      first + rows <= outputWidth, "\(first + rows) outputs appended to a layer of \(outputWidth)")
    for index in 0..<rows { bias[first + index] = newBias[index] }
    filled += rows
    var view = panels.mutableSpan
    unsafe view.withUnsafeMutableBufferPointer { out in
      unsafe weight.withUnsafeBufferPointer { rowMajor in
        // Sound: the counts above are what the header asks for.
        unsafe pawl_pack_rows(
          first, rows, inputWidth, rowMajor.baseAddress, inputWidth, out.baseAddress)
      }
    }
  }

  /// Packs other weights in the place of all that were there.
  package mutating func replace(weight: Span<Float>, bias: Span<Float>) {
    filled = 0
    append(weight: weight, bias: bias)
  }

  /// Packs y = x·W in the place of what was there: what takes the gradient of an output of x·Wᵀ back to x.
  ///
  /// - Parameter weight: W, inputWidth × outputWidth, row-major.
  package mutating func replaceTransposed(weight: Span<Float>) {
    let (K, N) = (inputWidth, outputWidth)
    precondition(weight.count == K * N, "\(weight.count) weights for \(K) × \(N)")
    filled = N
    var view = panels.mutableSpan
    unsafe view.withUnsafeMutableBufferPointer { out in
      unsafe weight.withUnsafeBufferPointer { rowMajor in
        // Sound: row k of the weight is row k of the operand, and the panels lie side by side.
        unsafe pawl_pack_panels(
          K, N, rowMajor.baseAddress, N, out.baseAddress, K * Int(PAWL_PANEL))
      }
    }
  }
}
