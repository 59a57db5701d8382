internal import IVF
internal import LMDB

extension StoreCheck {
  /// Every row below an index's high-water mark has exactly one code, in its block; no other has.
  mutating func checkCodes(_ snapshot: borrowing Snapshot) {
    var seen: Set<UInt32> = []
    var current: CheckedIndex?
    if var walk = walk("fresh", snapshot) {
      while advance(&walk, "fresh") {
        guard hasForm(walk.key, nil, "fresh"), let id = walk.key.bigEndianUInt32(at: 0),
          let number = walk.key.bigEndianUInt32(at: 4)
        else { continue }
        if current?.id != id {
          if let index = current { finish(index, snapshot) }
          current = start(id)
          seen.insert(id)
        }
        guard var index = current.take() else { continue }
        reportMissing(before: number, &index)
        if let value = value(walk, "fresh") {
          checkBlock(value, number, &index)
        } else {
          skip(number, &index)
        }
        current = index
      }
    }
    if let index = current { finish(index, snapshot) }
    for id in records.indexes.keys.sorted() where !seen.contains(id) {
      finish(start(id), snapshot)
    }
  }

  private mutating func start(_ id: UInt32) -> CheckedIndex {
    let record = records.indexes[id]
    let index = CheckedIndex(
      id: id, record: record, width: record.flatMap { records.spaces[$0.space]?.width },
      codeHashes: [UInt64](repeating: 0, count: rows.twins.isEmpty ? 0 : rows.count))
    if record == nil, !records.unreadable.contains(index.name), !incomplete.contains("indexes") {
      report(.blockExtra, index.name, "there are codes of it, but it has no record")
    }
    return index
  }

  /// Whether rows can be compared with codes at all.
  private func canCompare(_ index: CheckedIndex) -> Bool {
    index.record != nil && !incomplete.contains("rows")
  }

  /// Rows of blocks that should lie before this one.
  mutating func reportMissing(before number: UInt32, _ index: inout CheckedIndex) {
    guard let record = index.record, canCompare(index) else { return }
    while index.nextPlace < rows.count, rows.numbers[index.nextPlace] < record.nextRow,
      rows.numbers[index.nextPlace] / PendingEncoder.rangeSize < number
    {
      let missing = rows.numbers[index.nextPlace] / PendingEncoder.rangeSize
      let first = index.nextPlace
      skip(missing, &index)
      let count = rows.numbers[first..<index.nextPlace].count { $0 < record.nextRow }
      report(
        .blockMissing, index.name(ofBlock: missing), "it is missing; \(count) rows have no code")
      index.isPartial = true
    }
  }

  /// Goes on behind the rows of a block.
  private mutating func skip(_ number: UInt32, _ index: inout CheckedIndex) {
    // A key may hold any number; behind the last block there are no rows.
    let isLast = number >= UInt32.max / PendingEncoder.rangeSize
    index.nextPlace =
      isLast ? rows.count : rows.firstPlace(atOrAfter: (number + 1) * PendingEncoder.rangeSize)
    index.isPartial = true
  }

  private mutating func checkBlock(
    _ value: Span<UInt8>, _ number: UInt32, _ index: inout CheckedIndex
  ) {
    let object = index.name(ofBlock: number)
    let block: CodeBlock
    do throws(CodeBlockError) {
      block = try CodeBlock(value)
      if let record = index.record, let width = index.width {
        try block.requireKind(codec: record.codec, width: width)
      }
    } catch {
      let kind: CheckProblemKind =
        if case .wrongKind = error { .blockKind } else { .blockUnreadable }
      report(kind, object, "\(error)")
      return skip(number, &index)
    }
    if block.count == 0 { report(.blockExtra, object, "it is empty") }
    index.codeCount += block.count
    let first = number &* PendingEncoder.rangeSize
    guard number <= UInt32.max / PendingEncoder.rangeSize,
      block.hasRowsInOrder(within: first..<max(first, first &+ PendingEncoder.rangeSize))
    else {
      report(.codeOrder, object, "its rows are out of order, or belong to another block")
      return skip(number, &index)
    }
    checkCodes(of: block, object, &index)
    checkRows(of: block, object, &index)
  }

  /// Codes by themselves.
  private mutating func checkCodes(
    of block: borrowing CodeBlock, _ object: String, _ index: inout CheckedIndex
  ) {
    for position in 0..<block.count {
      let row = block.row(at: position)
      let scale = block.scale(at: position)
      if !scale.isFinite || scale <= 0 {
        report(.scale, object, "row \(row) has the scale \(scale)")
      }
      if block.codec == .int8, index.codeHashes.isEmpty { continue }
      let code = block.look(at: position)
      if !code.isFinite {
        report(.codeNotFinite, object, "the code of row \(row) holds infinity or NaN")
      }
      if !index.codeHashes.isEmpty, let place = rows.place(of: row) {
        index.codeHashes[place] = code.hash
      }
    }
  }

  /// Codes against the rows of the block's range, both ascending.
  private mutating func checkRows(
    of block: borrowing CodeBlock, _ object: String, _ index: inout CheckedIndex
  ) {
    guard let record = index.record, canCompare(index) else { return }
    let number = block.count > 0 ? block.row(at: 0) / PendingEncoder.rangeSize : 0
    var position = 0
    while true {
      let coded = position < block.count ? block.row(at: position) : nil
      var due = index.nextPlace < rows.count ? rows.numbers[index.nextPlace] : nil
      if let row = due, row >= record.nextRow || row / PendingEncoder.rangeSize != number {
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
