package import LinearAlgebra

/// Puts a block of codes together: in ascending order of rows, or in any order with their lists.
package struct CodeBlockBuilder {
  package let codec: Codec
  package let width: Int
  private var codes: [UInt8] = []
  private var scales: [Float] = []
  package private(set) var rows: [UInt32] = []
  /// Each code's list; empty in a block that does not tell them.
  package private(set) var lists: [UInt16] = []

  package init(codec: Codec, width: Int) {
    self.codec = codec
    self.width = width
  }

  package var count: Int { rows.count }

  /// Adds the code of an embedding of D floats.
  package mutating func append(row: UInt32, embedding: Span<Float>, kernels: Kernels) {
    precondition(embedding.count == width, "an embedding of \(embedding.count), not \(width)")
    let scale = codec.encode(embedding, kernels: kernels, into: &codes)
    finish(row: row, scale: scale)
  }

  /// Adds a code that another block holds: the same text has the same code.
  package mutating func append(row: UInt32, copying block: borrowing CodeBlock, at index: Int) {
    precondition(codec.hasCodes(of: block.codec) && block.width == width, "a code of another kind")
    append(row: row, code: block.code(at: index), scale: block.scale(at: index))
  }

  /// Adds a code of this codec and width.
  mutating func append(row: UInt32, code: RawSpan, scale: Float) {
    precondition(
      code.byteCount == codec.codeSizeInBytes(width: width), "a code of \(code.byteCount) bytes")
    unsafe code.withUnsafeBytes { unsafe codes.append(contentsOf: $0) }
    finish(row: row, scale: scale)
  }

  /// Adds all codes of another builder, whose lists are not taken over.
  package mutating func append(contentsOf other: CodeBlockBuilder) {
    precondition(other.codec == codec && other.width == width, "codes of another kind")
    codes += other.codes
    scales += other.scales
    rows += other.rows
  }

  private mutating func finish(row: UInt32, scale: Float) {
    if codec.scaleSizeInBytes > 0 { scales.append(scale) }
    rows.append(row)
  }

  /// Whether the other has the same codes and scales, bit by bit.
  package func hasSameCodes(as other: CodeBlockBuilder) -> Bool {
    codes == other.codes && scales.map(\.bitPattern) == other.scales.map(\.bitPattern)
  }

  /// Tells the list of the next code that has none told yet.
  package mutating func append(list: UInt16) {
    precondition(lists.count < count, "a list of no code")
    lists.append(list)
  }

  /// x ← what the code at `index` stands for, D floats.
  package func decode(at index: Int, into x: inout MutableSpan<Float>) {
    let size = codec.codeSizeInBytes(width: width)
    let bytes = unsafe codes.span.bytes
    codec.decode(
      bytes.extracting(index * size..<(index + 1) * size),
      scale: scales.isEmpty ? 1 : scales[index],
      into: &x)
  }

  /// What all codes stand for: n × D floats.
  package func decoded() -> [Float] {
    var vectors = [Float](repeating: 0, count: count * width)
    var view = vectors.mutableSpan
    for index in 0..<count {
      var row = view.part(index * width..<(index + 1) * width)
      decode(at: index, into: &row)
    }
    return vectors
  }

  /// The bytes of a block with all codes.
  ///
  /// Where lists are told, all of them are, and codes are put in order of list, then row; else rows
  /// must ascend.
  package func build() -> [UInt8] {
    if lists.isEmpty { return build(0..<count, bits: nil) }
    precondition(lists.count == count, "\(lists.count) lists of \(count) codes")
    let order = rows.indices.sorted { (lists[$0], rows[$0]) < (lists[$1], rows[$1]) }
    var bytes = header(count: count, .lists)
    let size = codec.codeSizeInBytes(width: width)
    for index in order { bytes += codes[index * size..<(index + 1) * size] }
    if !scales.isEmpty { for index in order { bytes.appendLittleEndian(scales[index].bitPattern) } }
    for index in order { bytes.appendLittleEndian(rows[index]) }
    for index in order { bytes.appendLittleEndian(lists[index]) }
    return bytes
  }

  /// The bytes of a block with some of the codes, whose rows must ascend.
  ///
  /// - Parameter bits: for the 1-bit codes of the list that they belong to; nil for none.
  package func build(_ range: Range<Int>, bits: BitCodesBuilder?) -> [UInt8] {
    for index in range.dropFirst() {
      precondition(rows[index - 1] < rows[index], "row \(rows[index]) after \(rows[index - 1])")
    }
    var bytes = header(count: range.count, bits == nil ? [] : .bits)
    let size = codec.codeSizeInBytes(width: width)
    bytes.reserveCapacity(
      CodeBlock.sizeInBytes(codec, width: width, count: range.count, bits == nil ? [] : .bits))
    if let bits {
      bytes += bitCodes(range, bits)
      while (bytes.count - CodeBlock.headerSizeInBytes) % 64 != 0 { bytes.append(0) }
    }
    bytes += codes[range.lowerBound * size..<range.upperBound * size]
    if !scales.isEmpty { for index in range { bytes.appendLittleEndian(scales[index].bitPattern) } }
    for index in range { bytes.appendLittleEndian(rows[index]) }
    return bytes
  }

  private func bitCodes(_ range: Range<Int>, _ empty: BitCodesBuilder) -> [UInt8] {
    var bits = empty
    var vector = [Float](repeating: 0, count: width)
    for index in range {
      var view = vector.mutableSpan
      decode(at: index, into: &view)
      bits.append(vector.span)
    }
    return bits.build()
  }

  private func header(count: Int, _ sections: CodeBlockSections) -> [UInt8] {
    var header: [UInt8] = [CodeBlock.layout, codec.number, 0, 0]
    header.appendLittleEndian(UInt32(width))
    header.appendLittleEndian(UInt32(count))
    header.append(sections.rawValue)
    header.append(
      contentsOf: repeatElement(0, count: CodeBlock.headerSizeInBytes - header.count))
    return header
  }
}

extension CodeBlockBuilder {
  /// The same vectors as codes of another codec.
  package func recoded(as other: Codec, kernels: Kernels) -> CodeBlockBuilder {
    if other == codec { return self }
    var recoded = CodeBlockBuilder(codec: other, width: width)
    if other.hasCodes(of: codec) {
      (recoded.codes, recoded.scales, recoded.rows) = (codes, scales, rows)
      return recoded
    }
    var vector = [Float](repeating: 0, count: width)
    for index in 0..<count {
      var view = vector.mutableSpan
      decode(at: index, into: &view)
      recoded.append(row: rows[index], embedding: vector.span, kernels: kernels)
    }
    return recoded
  }
}
