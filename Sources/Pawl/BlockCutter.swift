internal import IVF

/// Cuts the codes of one index into blocks of `fresh`, of new rows / 1,024.
struct BlockCutter {
  let codec: Codec
  /// D.
  let width: Int
  private var builder: CodeBlockBuilder?
  /// The block that `builder` is.
  private(set) var number: UInt32 = 0
  private(set) var codeCount = 0

  init(codec: Codec, width: Int) {
    self.codec = codec
    self.width = width
  }

  /// Adds the code at `place` of an old block (of this codec and width) under its new row, and its list
  /// where that block tells lists. Rows ascend, whatever their order in the old block.
  ///
  /// - Returns: the block that is complete now, nil where none is.
  mutating func append(
    row: UInt32, copying block: borrowing CodeBlock, at place: Int
  ) -> (number: UInt32, bytes: [UInt8])? {
    let full = row / PendingEncoder.rangeSize == number ? nil : finish()
    if builder == nil {
      builder = CodeBlockBuilder(codec: codec, width: width)
      number = row / PendingEncoder.rangeSize
    }
    builder?.append(row: row, copying: block, at: place)
    if block.hasLists { builder?.append(list: block.list(at: place)) }
    codeCount += 1
    return full
  }

  /// The last block; nil where there is none.
  mutating func finish() -> (number: UInt32, bytes: [UInt8])? {
    guard let whole = builder else { return nil }
    builder = nil
    return (number, whole.build())
  }
}
