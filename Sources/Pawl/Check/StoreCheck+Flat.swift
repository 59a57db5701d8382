internal import IVF
internal import LMDB

// `fresh` of an index that is not clustered: all codes, block by block.
extension StoreCheck {
  /// One block, in the order of the blocks.
  mutating func checkFlatBlock(
    _ value: Span<UInt8>?, _ number: UInt32, _ index: CheckedIndex
  ) {
    reportMissing(before: number, index)
    guard let value else { return skip(number, index) }
    let object = index.name(ofBlock: number)
    guard let block = block(value, object, index) else { return skip(number, index) }
    if block.hasLists || block.hasBits {
      report(.blockKind, object, "it is a block of a clustered index, which this index is not")
      return skip(number, index)
    }
    if block.count == 0 { report(.blockExtra, object, "it is empty") }
    index.codeCount += block.count
    guard block.hasRowsInOrder(within: FreshBlocks.rows(ofBlock: number)) else {
      report(.codeOrder, object, "its rows are out of order, or belong to another block")
      return skip(number, index)
    }
    _ = checkCodes(of: block, object, index)
    checkRows(of: block, object, index)
  }

  /// A block of an index, whether it lies in `fresh` or in a list; nil, and reported, where it cannot be read
  /// as one.
  @_lifetime(copy value)
  mutating func block(
    _ value: Span<UInt8>, _ object: String, _ index: CheckedIndex
  ) -> CodeBlock? {
    do throws(CodeBlockError) {
      let block = try CodeBlock(value)
      if let width = index.width { try block.requireKind(codec: index.record.codec, width: width) }
      return block
    } catch {
      let kind: CheckProblemKind =
        if case .wrongKind = error { .blockKind } else { .blockUnreadable }
      report(kind, object, "\(error)")
      return nil
    }
  }

  /// Rows of blocks that should lie before this one.
  mutating func reportMissing(before number: UInt32, _ index: CheckedIndex) {
    guard canCompare else { return }
    let next = index.record.nextRow
    while index.nextPlace < rows.count, rows.numbers[index.nextPlace] < next,
      rows.numbers[index.nextPlace] / PendingEncoder.rangeSize < number
    {
      let missing = rows.numbers[index.nextPlace] / PendingEncoder.rangeSize
      let first = index.nextPlace
      skip(missing, index)
      let count = rows.numbers[first..<index.nextPlace].count { $0 < next }
      report(
        .blockMissing, index.name(ofBlock: missing), "it is missing; \(count) rows have no code")
    }
  }

  /// Goes on behind the rows of a block.
  private mutating func skip(_ number: UInt32, _ index: CheckedIndex) {
    index.nextPlace = rows.firstPlace(atOrAfter: FreshBlocks.rows(ofBlock: number).upperBound)
    index.isPartial = true
  }

  /// Codes against the rows of the block's range, both ascending.
  private mutating func checkRows(
    of block: borrowing CodeBlock, _ object: String, _ index: CheckedIndex
  ) {
    guard canCompare else { return }
    let number = block.count > 0 ? block.row(at: 0) / PendingEncoder.rangeSize : 0
    var position = 0
    while true {
      let coded = position < block.count ? block.row(at: position) : nil
      var due = index.nextPlace < rows.count ? rows.numbers[index.nextPlace] : nil
      if let row = due, row >= index.record.nextRow || row / PendingEncoder.rangeSize != number {
        due = nil
      }
      switch (coded, due) {
      case (nil, nil): return
      case (let coded?, let due?) where coded == due:
        position += 1
        index.nextPlace += 1
      case (let coded?, let due) where due.map({ coded < $0 }) ?? true:
        report(
          .codeExtra, object, "it has a code of row \(coded), which is not there or not yet due")
        position += 1
      default:
        report(.codeMissing, object, "it has no code of row \(due ?? 0)")
        index.nextPlace += 1
      }
    }
  }
}
