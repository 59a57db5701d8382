internal import LinearAlgebra

/// The operands of a weight's gradient, dW = dYᵀ·X, packed while they are in cache.
///
/// Workers pack the rows of their passages; when all have, the product runs over all rows in one order.
struct GradientOperands: Sendable {
  /// N and K.
  let outputWidth: Int
  let inputWidth: Int
  /// Rows that fit.
  private let capacity: Int
  /// dY in groups, X in panels.
  private let groups: SharedFloats
  private let panels: SharedFloats

  init(from K: Int, to N: Int, capacity: Int) {
    inputWidth = K
    outputWidth = N
    self.capacity = capacity
    let (group, panel) = (Kernels.groupWidth, Kernels.panelWidth)
    groups = SharedFloats(count: (N + group - 1) / group * group * capacity)
    panels = SharedFloats(count: (K + panel - 1) / panel * panel * capacity)
  }

  private var groupStride: Int { capacity * Kernels.groupWidth }
  private var panelStride: Int { capacity * Kernels.panelWidth }

  /// Packs gradients of the product's output: rows × N, `stride` floats from row to row.
  func pack(outputGradient: Span<Float>, stride: Int, rows: Range<Int>) {
    // Sound: each row of an operand belongs to one passage, hence to one worker.
    var view = unsafe groups.mutableSpan(0..<groups.count)
    Kernels.packGroups(
      outputGradient, rows: rows.count, width: outputWidth, stride: stride,
      first: rows.lowerBound, into: &view, groupStride: groupStride)
  }

  /// Packs inputs of the product: rows × K.
  func pack(input: Span<Float>, rows: Range<Int>) {
    // Sound: as above.
    var view = unsafe panels.mutableSpan(0..<panels.count)
    Kernels.packPanels(
      input, rows: rows.count, width: inputWidth, first: rows.lowerBound, into: &view,
      panelStride: panelStride)
  }

  /// gradients[weight] += (dYᵀ·X)[outputs, inputs] over `rows` rows, in blocks of them, in order.
  func multiply(
    _ kernels: Kernels, outputs: Range<Int>, inputs: Range<Int>, rows: Int, weight: Range<Int>,
    into gradients: SharedFloats
  ) {
    let K = inputWidth
    let start = weight.lowerBound + outputs.lowerBound * K + inputs.lowerBound
    let end = weight.lowerBound + (outputs.upperBound - 1) * K + inputs.upperBound
    // Sound: the numbers of two tiles are different ones, though the stretches that hold them overlap, and
    // a tile is one worker's.
    var output = unsafe gradients.mutableSpan(start..<end)
    let groupStart = outputs.lowerBound / Kernels.groupWidth * groupStride
    let panelStart = inputs.lowerBound / Kernels.panelWidth * panelStride
    for first in stride(from: 0, to: rows, by: Self.depth) {
      kernels.multiplyPacked(
        rows: outputs.count, columns: inputs.count, depth: min(Self.depth, rows - first),
        groups: groups.span(groupStart + first * Kernels.groupWidth..<groups.count),
        groupStride: groupStride,
        panels: panels.span(panelStart + first * Kernels.panelWidth..<panels.count),
        panelStride: panelStride, into: &output, stride: K, .adding)
    }
  }

  /// Rows at a time: 512 × 192 floats are 384 KiB.
  private static let depth = 512
}

/// A part of a weight's gradient that one worker computes.
struct GradientTile: Sendable {
  private let operands: GradientOperands
  /// Where the weight lies in the block of gradients.
  private let weight: Range<Int>
  private let outputs: Range<Int>
  private let inputs: Range<Int>

  /// Multiples of both packings; large enough that packed operands are read from the second-level cache, small
  /// enough that two workers end together.
  private static let (tileOutputs, tileInputs) = (192, 384)

  /// All tiles of a weight.
  static func tiles(_ operands: GradientOperands, _ weight: Range<Int>) -> [Self] {
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

  func run(_ kernels: Kernels, rows: Int, gradients: SharedFloats) {
    operands.multiply(
      kernels, outputs: outputs, inputs: inputs, rows: rows, weight: weight, into: gradients)
  }
}
