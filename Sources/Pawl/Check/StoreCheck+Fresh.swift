internal import IVF
internal import LMDB
internal import LinearAlgebra

// `fresh`: all codes of an index that is not clustered, else those that are not in lists yet.
extension StoreCheck {
  mutating func checkFresh(_ key: Span<UInt8>, _ value: Span<UInt8>?, _ index: CheckedIndex) {
    guard let number = key.bigEndianUInt32(at: 4) else { return }
    guard index.record.clustering != nil else { return checkFlatBlock(value, number, index) }
    guard let lists = index.lists else { return }
    lists.blocks.insert(number)
    if let value, checkFreshBlock(value, number, index, lists) { return }
    lists.partialBlocks.insert(number)
  }

  /// - Returns: whether all codes could be read.
  private mutating func checkFreshBlock(
    _ value: Span<UInt8>, _ number: UInt32, _ index: CheckedIndex, _ lists: CheckedLists
  ) -> Bool {
    let object = index.name(ofBlock: number)
    guard let block = block(value, object, index) else { return false }
    guard block.hasLists, !block.hasBits else {
      report(.blockKind, object, "it does not tell the lists of its codes")
      return false
    }
    if block.count == 0 { report(.blockExtra, object, "it is empty") }
    guard block.hasRowsInOrder(within: FreshBlocks.rows(ofBlock: number)) else {
      report(
        .codeOrder, object, "its lists or rows are out of order, or rows belong to another block")
      return false
    }
    let areNumbers = checkCodes(of: block, object, index)
    for position in 0..<block.count {
      checkFresh(block, position, object, areNumbers: areNumbers, index, lists)
    }
    return true
  }

  private mutating func checkFresh(
    _ block: borrowing CodeBlock, _ position: Int, _ object: String, areNumbers: Bool,
    _ index: CheckedIndex, _ lists: CheckedLists
  ) {
    let (row, list) = (block.row(at: position), block.list(at: position))
    if lists.isCopied(row, Int(list)) { return checkLeftover(row, list, index, lists) }
    index.codeCount += 1
    if row < lists.clustering.mergedRow {
      return report(.codeExtra, object, "it has a code of row \(row), which is in lists already")
    }
    take(codeOf: row, in: Int(list), object, index, lists)
    if areNumbers, lists.isInSample(row) { addSample(block, position, in: list, index, lists) }
  }

  /// What a merge has put into its list, and removes when it has put all: the row may be gone since.
  private mutating func checkLeftover(
    _ row: UInt32, _ list: UInt16, _ index: CheckedIndex, _ lists: CheckedLists
  ) {
    guard canCompare, let place = rows.place(of: row), !lists.isUnknown(row) else { return }
    let told = lists.listOfRow[place]
    if told != list, told != Places.none {
      report(
        .place, StoreObject.place(of: row, inIndex: index.id),
        "it is in list \(told), but was merged into list \(list)")
    }
  }

  // MARK: The lists that vectors belong to

  mutating func addSample(
    _ block: borrowing CodeBlock, _ position: Int, in list: UInt16, _ index: CheckedIndex,
    _ lists: CheckedLists
  ) {
    if lists.quantizer == nil || Int(list) >= lists.counts.count { return }
    lists.sample.append(row: block.row(at: position), copying: block, at: position)
    lists.listsOfSample.append(list)
    if lists.sample.count >= CheckedLists.sampleSize { checkSample(index, lists) }
  }

  /// Computes the lists of the codes in the sample again.
  mutating func checkSample(_ index: CheckedIndex, _ lists: CheckedLists) {
    guard let (quantizer, kernels) = lists.quantizer else { return }
    let sample = lists.sample
    let found = quantizer.assign(sample, workerCount: Process.processorCount)
    for (position, list) in lists.listsOfSample.enumerated() where found[position] != list {
      if quantizer.areNear(sample, position, found[position], list, kernels) { continue }
      report(
        .nearestList, "row \(sample.rows[position]) of \(index.name)",
        "its code is in list \(list), its nearest centroid is that of list \(found[position])")
    }
    lists.sample = CodeBlockBuilder(codec: sample.codec, width: sample.width)
    lists.listsOfSample.removeAll(keepingCapacity: true)
  }
}

extension IndexQuantizer {
  /// Whether one list is as good as the other for a code, as far as the codec's rounding can tell.
  ///
  /// Lists are chosen by the vector before it is rounded to half floats; for other codecs the code says
  /// the same as the vector.
  fileprivate func areNear(
    _ sample: CodeBlockBuilder, _ position: Int, _ one: UInt16, _ other: UInt16,
    _ kernels: Kernels
  ) -> Bool {
    guard codec == .float16 else { return false }
    var vector = [Float](repeating: 0, count: sample.width)
    var view = vector.mutableSpan
    sample.decode(at: position, into: &view)
    let scores = scores(vector.span, kernels: kernels)
    // A step of the bytes by which lists are chosen moves a score by less.
    return abs(scores[Int(one)] - scores[Int(other)]) < 0.005
  }
}
