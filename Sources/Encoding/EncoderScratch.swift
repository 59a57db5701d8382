internal import LinearAlgebra

/// The memory of one worker: it grows to the largest batch it has seen and is reused.
package struct EncoderScratch: ~Copyable {
  /// Rows of a feed-forward block: 84 × 1,536 floats are half a megabyte; 84 is a multiple of the
  /// tile heights of all kernels.
  static let blockRows = 84
  /// The same for products of 12 bits, whose tiles have 8 and 4 rows.
  static let int12BlockRows = 64

  /// ΣT × D.
  var hidden = AlignedBuffer<Float>(repeating: 0, count: 0)
  /// ΣT × 3D, or of as many heads as are attended to at a time.
  var qkv = AlignedBuffer<Float>(repeating: 0, count: 0)
  /// ΣT × D.
  var context = AlignedBuffer<Float>(repeating: 0, count: 0)
  /// blockRows × I, or int12BlockRows × one block of I.
  var intermediate = AlignedBuffer<Float>(repeating: 0, count: 0)
  /// What attention over the longest passage needs.
  var attention = AlignedBuffer<Float>(repeating: 0, count: 0)

  /// ΣT rows of D, and int12BlockRows of I.
  var rounded = Int12Rows()
  var roundedWide = Int12Rows()

  package init() {}

  mutating func reserve(tokens: Int, _ shape: TransformerConfiguration, _ path: NumericPath) {
    let D = shape.width
    Self.grow(&hidden, to: tokens * D)
    Self.grow(&context, to: tokens * D)
    switch path {
    case .float32:
      Self.grow(&qkv, to: tokens * 3 * D)
      Self.grow(&intermediate, to: Self.blockRows * shape.intermediateWidth)
    case .int12:
      let heads = PackedWeights.headGroupSize(shape)
      Self.grow(&qkv, to: tokens * 3 * heads * shape.headWidth)
      let rows = min(tokens, Self.int12BlockRows)
      Self.grow(&intermediate, to: rows * Int12Rows.blockWidth)
      rounded.reserve(rows: tokens, width: D)
      roundedWide.reserve(rows: rows, width: shape.intermediateWidth)
    }
    let longest = min(tokens, shape.positionCount)
    Self.grow(&attention, to: Kernels.attentionScratch(tokens: longest, headWidth: shape.headWidth))
  }

  private static func grow(_ buffer: inout AlignedBuffer<Float>, to count: Int) {
    if buffer.count < count { buffer = AlignedBuffer(repeating: 0, count: count) }
  }
}
