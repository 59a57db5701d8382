internal import Encoding
internal import LinearAlgebra

/// The operands of one layer's weight gradients, dW = dYᵀ·X, packed while they are in cache.
///
/// Workers pack the rows of their passages; when all have, the products run over all T rows in one order.
struct PackedGradients: Sendable {
  /// T, the rows of all operands.
  let capacity: Int

  /// One weight's: N outputs × K inputs.
  struct Operands: Sendable {
    let outputWidth: Int
    let inputWidth: Int
    /// dY in groups, X in panels.
    let groups: SharedFloats
    let panels: SharedFloats
  }

  let qkv: Operands
  let attentionOutput: Operands
  let up: Operands
  let down: Operands

  init(_ shape: TransformerConfiguration, capacity: Int) {
    let (D, I) = (shape.width, shape.intermediateWidth)
    func operands(from K: Int, to N: Int) -> Operands {
      let groups = (N + Kernels.groupWidth - 1) / Kernels.groupWidth * Kernels.groupWidth
      let panels = (K + Kernels.panelWidth - 1) / Kernels.panelWidth * Kernels.panelWidth
      return Operands(
        outputWidth: N, inputWidth: K, groups: SharedFloats(count: groups * capacity),
        panels: SharedFloats(count: panels * capacity))
    }
    self.capacity = capacity
    qkv = operands(from: D, to: 3 * D)
    attentionOutput = operands(from: D, to: D)
    up = operands(from: D, to: I)
    down = operands(from: I, to: D)
  }

  var groupStride: Int { capacity * Kernels.groupWidth }
  var panelStride: Int { capacity * Kernels.panelWidth }

  /// Packs gradients of a product's output: `rows.count` × N.
  func packGroups(_ operands: Operands, _ gradient: Span<Float>, rows: Range<Int>) {
    // Sound: each row of the operand belongs to one passage, hence to one worker.
    var groups = unsafe operands.groups.mutableSpan(0..<operands.groups.count)
    Kernels.packGroups(
      gradient, rows: rows.count, width: operands.outputWidth, first: rows.lowerBound,
      into: &groups, stride: groupStride)
  }

  /// Packs inputs of a product: `rows.count` × K.
  func packPanels(_ operands: Operands, _ input: Span<Float>, rows: Range<Int>) {
    // Sound: as above.
    var panels = unsafe operands.panels.mutableSpan(0..<operands.panels.count)
    Kernels.packPanels(
      input, rows: rows.count, width: operands.inputWidth, first: rows.lowerBound,
      into: &panels, stride: panelStride)
  }
}

/// A part of a weight's gradient that one worker computes.
struct WeightGradientTile: Sendable {
  let operands: PackedGradients.Operands
  /// Where the weight lies in the block of gradients.
  let weight: Range<Int>
  let outputs: Range<Int>
  let inputs: Range<Int>

  /// Outputs and inputs of a tile: multiples of both packings; large enough that packed operands are read from
  /// the second-level cache, small enough that two workers end together.
  private static let (tileOutputs, tileInputs) = (192, 384)
  /// Rows of operands at a time: 512 × 192 floats are 384 KiB.
  private static let depth = 512

  /// All tiles of a weight.
  static func tiles(_ operands: PackedGradients.Operands, _ weight: Range<Int>) -> [Self] {
    var tiles: [Self] = []
    for output in stride(from: 0, to: operands.outputWidth, by: tileOutputs) {
      for input in stride(from: 0, to: operands.inputWidth, by: tileInputs) {
        tiles.append(
          Self(
            operands: operands, weight: weight,
            outputs: output..<min(output + tileOutputs, operands.outputWidth),
            inputs: input..<min(input + tileInputs, operands.inputWidth)))
      }
    }
    return tiles
  }

  /// gradients[weight] += dYᵀ·X over `rows` rows, in blocks of them, in order.
  func run(_ kernels: Kernels, _ packed: PackedGradients, rows: Int, gradients: SharedFloats) {
    let K = operands.inputWidth
    let start = weight.lowerBound + outputs.lowerBound * K + inputs.lowerBound
    let end = weight.lowerBound + (outputs.upperBound - 1) * K + inputs.upperBound
    // Sound: tiles do not overlap, and a tile is one worker's.
    var output = unsafe gradients.mutableSpan(start..<end)
    let groupStart = outputs.lowerBound / Kernels.groupWidth * packed.groupStride
    let panelStart = inputs.lowerBound / Kernels.panelWidth * packed.panelStride
    for first in stride(from: 0, to: rows, by: Self.depth) {
      let depth = min(Self.depth, rows - first)
      kernels.multiplyPacked(
        rows: outputs.count, columns: inputs.count, depth: depth,
        groups: operands.groups.span(
          groupStart + first * Kernels.groupWidth..<operands.groups.count),
        groupStride: packed.groupStride,
        panels: operands.panels.span(
          panelStart + first * Kernels.panelWidth..<operands.panels.count),
        panelStride: packed.panelStride, into: &output, stride: K, .adding)
    }
  }
}
