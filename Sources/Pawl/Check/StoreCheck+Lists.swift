internal import IVF
internal import LMDB

// `lists` of clustered indexes, block by block, against directory, places and rows.
extension StoreCheck {
  /// One block, in the order of the keys.
  mutating func checkList(_ key: Span<UInt8>, _ value: Span<UInt8>?, _ index: CheckedIndex) {
    guard let lists = index.lists else { return reportNotClustered(key, "lists", index) }
    let list = Int(key.bigEndianUInt32(at: 4) ?? .max)
    let number = Int(key.bigEndianUInt32(at: 8) ?? .max)
    let object = StoreObject.name(of: key, in: "lists")
    guard list < lists.counts.count else {
      return report(.blockExtra, object, "there are only \(lists.counts.count) lists")
    }
    go(to: list, index, lists)
    if number != lists.nextBlock {
      report(
        .blockMissing, index.name(ofBlock: lists.nextBlock, ofList: list),
        "it is missing; the list goes on with block \(number)")
      lists.partialLists.insert(list)
    }
    lists.nextBlock = number + 1
    if let value, checkListBlock(value, object, index, lists) { return }
    lists.partialLists.insert(list)
  }

  /// - Returns: whether all codes could be read.
  private mutating func checkListBlock(
    _ value: Span<UInt8>, _ object: String, _ index: CheckedIndex, _ lists: CheckedLists
  ) -> Bool {
    guard let block = block(value, object, index) else { return false }
    guard !block.hasLists, block.hasBits == (block.codec == .binary && block.count > 0),
      block.count <= InvertedLists.blockCapacity
    else {
      report(.blockKind, object, "its parts are not those of a block of \(block.count) codes")
      return false
    }
    if block.count == 0 { report(.blockExtra, object, "it is empty") }
    lists.countOfList += block.count
    index.codeCount += block.count
    guard block.hasRowsInOrder(within: 0..<UInt32.max), block.follows(lists.lastRow) else {
      report(.codeOrder, object, "its rows are out of order")
      return false
    }
    if block.count > 0 { lists.lastRow = block.row(at: block.count - 1) }
    let areNumbers = checkCodes(of: block, object, index)
    checkRows(of: block, object, index, lists)
    if areNumbers { checkVectors(of: block, object, index, lists) }
    return true
  }

  private mutating func checkRows(
    of block: borrowing CodeBlock, _ object: String, _ index: CheckedIndex,
    _ lists: CheckedLists
  ) {
    for position in 0..<block.count {
      let row = block.row(at: position)
      if lists.isMerged(row, lists.list) {
        take(codeOf: row, in: lists.list, object, index, lists)
      } else {
        report(.codeExtra, object, "it has a code of row \(row), which is not merged yet")
      }
    }
  }

  /// What follows from the vectors: the 1-bit codes, and that this is their list.
  private mutating func checkVectors(
    of block: borrowing CodeBlock, _ object: String, _ index: CheckedIndex,
    _ lists: CheckedLists
  ) {
    guard let (quantizer, _) = lists.quantizer else { return }
    if lists.hasBitsInSample(lists.list), let bits = quantizer.bits(of: lists.list),
      !block.hasBits(madeBy: bits)
    {
      report(.bits, object, "its 1-bit codes are not those of its vectors")
    }
    for position in 0..<block.count where lists.isInSample(block.row(at: position)) {
      addSample(block, position, in: UInt16(lists.list), index, lists)
    }
  }

  /// Takes leave of all lists before this one.
  mutating func go(to list: Int, _ index: CheckedIndex, _ lists: CheckedLists) {
    while lists.list < list {
      finishList(index, lists)
      lists.list += 1
      (lists.nextBlock, lists.countOfList, lists.lastRow) = (0, 0, nil)
    }
  }

  /// Whether several rows of the list have no code, and all of these lie behind those that have: then a
  /// block is gone.
  private func lacksEnd(_ lists: CheckedLists, _ index: CheckedIndex) -> Bool {
    var missing = 0
    for place in 0..<rows.count
    where Int(lists.listOfRow[place]) == lists.list && !lists.hasCode(at: place) {
      let row = rows.numbers[place]
      if row >= index.record.nextRow || !lists.isMerged(row, lists.list) { continue }
      if let last = lists.lastRow, row < last { return false }
      missing += 1
    }
    return missing > 1
  }

  /// Compares what a list has with what directory and places say: what two of the three agree on is
  /// taken for right.
  private mutating func finishList(_ index: CheckedIndex, _ lists: CheckedLists) {
    let (list, count) = (lists.list, lists.countOfList)
    guard let told = lists.counts[list], told != count, !lists.partialLists.contains(list) else {
      return
    }
    let arePlacesKnown = !lists.arePlacesUnknown && lists.placesUnknown.isEmpty
    let isDirectoryRight = arePlacesKnown && lists.placesOfList[list] == told
    if isDirectoryRight ? lacksEnd(lists, index) : !arePlacesKnown && count == 0 {
      report(
        .blockMissing, index.name(ofBlock: lists.nextBlock, ofList: list),
        "it is missing; the list has \(count) of \(told) codes")
      lists.partialLists.insert(list)
    } else if !isDirectoryRight {
      report(
        .directory, StoreObject.list(list, ofIndex: index.id),
        "it has \(count) codes, the directory says \(told)")
    }
  }
}

extension CodeBlock {
  /// Whether all rows lie behind that one.
  fileprivate func follows(_ last: UInt32?) -> Bool {
    guard let last, count > 0 else { return true }
    return row(at: 0) > last
  }
}
