internal import CKernels

/// Activations rounded to 12 bits: rows of K numbers, each block of a row with its own factor.
///
/// Four rows lie interleaved, as the products read them (`int12.h`). It grows to the largest batch it
/// has seen and is reused.
package struct Int12Rows: ~Copyable {
  /// K.
  package private(set) var width = 0
  var codes = AlignedBuffer<Int16>(repeating: 0, count: 0)
  /// Rows × blocks.
  var factors = AlignedBuffer<Float>(repeating: 0, count: 0)

  package init() {}

  /// Numbers of one block: so many products of 12 bits add up to at most 32 bits.
  package static let blockWidth = Int(PAWL_INT12_BLOCK)
  /// Rows that lie interleaved: what begins among them begins at a multiple of it.
  package static let groupSize = Int(PAWL_INT12_GROUP)

  package var blockCount: Int { pawl_int12_blocks(width) }

  /// Numbers from one group of rows to the next.
  var groupStride: Int { pawl_int12_padded(width) * Self.groupSize }

  /// Makes room for `rows` rows of K numbers; what they hold is anything.
  package mutating func reserve(rows: Int, width K: Int) {
    width = K
    let groups = (rows + Self.groupSize - 1) / Self.groupSize
    if codes.count < groups * groupStride {
      codes = AlignedBuffer(repeating: 0, count: groups * groupStride)
    }
    if factors.count < rows * blockCount {
      factors = AlignedBuffer(repeating: 0, count: rows * blockCount)
    }
  }
}

/// A layer's weights rounded to 12 bits, as they lie in memory or in a file.
package struct Int12Linear: ~Escapable {
  /// Where some of the outputs begin is a multiple of it: the width of a panel.
  package static let outputAlignment = Int(PAWL_PANEL)

  /// K.
  package let inputWidth: Int
  /// N.
  package let outputWidth: Int
  /// ⌈N / 16⌉ panels of K × 16 numbers, K rounded up to a pair.
  let panels: Span<Int16>
  /// ⌈N / 16⌉ · 16 each, one an output.
  let scales: Span<Float>
  let bias: Span<Float>

  @_lifetime(copy panels, copy scales, copy bias)
  package init(
    inputWidth: Int, outputWidth: Int, panels: Span<Int16>, scales: Span<Float>, bias: Span<Float>
  ) {
    let size = Int12LinearSize(inputWidth: inputWidth, outputWidth: outputWidth)
    precondition(
      panels.count == size.panels && scales.count == size.outputs && bias.count == size.outputs,
      "weights of another shape than \(inputWidth) × \(outputWidth)")
    self.inputWidth = inputWidth
    self.outputWidth = outputWidth
    self.panels = panels
    self.scales = scales
    self.bias = bias
  }
}

/// How many numbers a layer of K inputs and N outputs takes.
package struct Int12LinearSize {
  /// Of the panels, 16 bits each.
  package let panels: Int
  /// Of the scales, and of the bias: floats.
  package let outputs: Int

  package init(inputWidth K: Int, outputWidth N: Int) {
    let panel = Int(PAWL_PANEL)
    outputs = (N + panel - 1) / panel * panel
    panels = outputs * pawl_int12_padded(K)
  }
}
