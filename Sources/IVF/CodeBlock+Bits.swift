extension CodeBlock {
  /// Whether the 1-bit codes are those of the block's other codes.
  ///
  /// - Parameter empty: for the list that the block belongs to.
  /// - Complexity: O(n · D·log D); about 1.5 µs a code of 384 dimensions.
  package func hasBits(madeBy empty: BitCodesBuilder) -> Bool {
    var builder = empty
    var vector = [Float](repeating: 0, count: width)
    for index in 0..<count {
      var view = vector.mutableSpan
      codec.decode(code(at: index), scale: scale(at: index), into: &view)
      builder.append(vector.span)
    }
    var expected = builder.build()
    let stored = bits
    guard expected.count <= stored.byteCount else { return false }
    expected += [UInt8](repeating: 0, count: stored.byteCount - expected.count)
    // Sound: bytes are compared with bytes.
    return unsafe stored.withUnsafeBytes { stored in
      unsafe expected.withUnsafeBytes { unsafe $0.elementsEqual(stored) }
    }
  }

  /// The bytes of a block that does not tell lists, its codes being those of other rows.
  ///
  /// - Parameter rows: ascending, one for each code.
  package static func renumbered(_ value: Span<UInt8>, rows: [UInt32]) throws(CodeBlockError)
    -> [UInt8]
  {
    let block = try CodeBlock(value)
    precondition(!block.hasLists && rows.count == block.count, "\(rows.count) rows of a block")
    // Rows are its last part.
    var bytes = unsafe value.extracting(0..<value.count - 4 * rows.count).withUnsafeBufferPointer {
      unsafe Array($0)
    }
    bytes.reserveCapacity(value.count)
    for row in rows { bytes.appendLittleEndian(row) }
    return bytes
  }
}
