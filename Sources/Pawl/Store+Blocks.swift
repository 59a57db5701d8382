internal import IVF

extension Store {
  /// A block of codes whose bytes were found whole, checked to be one of its index.
  ///
  /// - Parameters:
  ///   - rows: those that it may hold.
  ///   - name: what an error calls it.
  /// - Throws: `StoreError.damaged` for a block of another codec or width, or with rows out of order.
  @_lifetime(copy value)
  func block(
    _ value: Span<UInt8>, _ codec: Codec, width: Int, rows: Range<UInt32> = 0 ..< .max, name: String
  ) throws(StoreError) -> CodeBlock {
    let block: CodeBlock
    do throws(CodeBlockError) {
      block = try CodeBlock(value)
      try block.requireKind(codec: codec, width: width)
    } catch { throw damaged(name, "\(error)") }
    guard block.hasRowsInOrder(within: rows) else {
      throw damaged(name, "its rows are not in order")
    }
    return block
  }
}
