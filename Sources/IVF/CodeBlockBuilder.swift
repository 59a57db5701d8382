package import LinearAlgebra

/// Puts a block of codes together, in ascending order of rows.
package struct CodeBlockBuilder {
  package let codec: Codec
  package let width: Int
  private var codes: [UInt8] = []
  private var scales: [UInt8] = []
  private var rows: [UInt8] = []
  package private(set) var count = 0
  private var lastRow: UInt32?

  package init(codec: Codec, width: Int) {
    self.codec = codec
    self.width = width
  }

  /// Adds the code of an embedding of D floats.
  package mutating func append(row: UInt32, embedding: Span<Float>, kernels: Kernels) {
    precondition(embedding.count == width, "an embedding of \(embedding.count), not \(width)")
    let scale = codec.encode(embedding, kernels: kernels, into: &codes)
    finish(row: row, scale: scale)
  }

  /// Adds a code that another block holds: the same text has the same code.
  package mutating func append(row: UInt32, copying block: borrowing CodeBlock, at index: Int) {
    precondition(block.codec == codec && block.width == width, "a code of another kind")
    let code = block.code(at: index)
    unsafe code.withUnsafeBytes { unsafe codes.append(contentsOf: $0) }
    finish(row: row, scale: block.scale(at: index))
  }

  private mutating func finish(row: UInt32, scale: Float) {
    precondition(lastRow.map { $0 < row } ?? true, "row \(row) after row \(lastRow ?? 0)")
    lastRow = row
    if codec.scaleSizeInBytes > 0 { scales.appendLittleEndian(scale.bitPattern) }
    rows.appendLittleEndian(row)
    count += 1
  }

  /// The block's bytes.
  package func build() -> [UInt8] {
    var header: [UInt8] = [CodeBlock.layout, codec.number, 0, 0]
    header.appendLittleEndian(UInt32(width))
    header.appendLittleEndian(UInt32(count))
    header.append(
      contentsOf: repeatElement(0, count: CodeBlock.headerSizeInBytes - header.count))
    return header + codes + scales + rows
  }
}
