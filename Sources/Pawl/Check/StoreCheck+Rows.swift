internal import LMDB

extension StoreCheck {
  /// Reads all rows; the walk is one thread's, decompressing and hashing is everybody's.
  mutating func checkRows(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("rows", snapshot) else { return }
    var batch = RowBatch()
    var textSize = 0
    while advance(&walk, "rows") {
      guard hasForm(walk.key, nil, "rows"), let row = walk.key.bigEndianUInt32(at: 0) else {
        continue
      }
      if let next = records.store?.nextRow, row >= next {
        report(.rowNumber, "row \(row)", "it is not below the next row, \(next)")
      }
      rows.append(row)
      guard let value = value(walk, "rows") else { continue }
      batch.append(value, place: rows.count - 1)
      if batch.isFull { textSize += take(&batch) }
    }
    textSize += take(&batch)
    let isWhole =
      !incomplete.contains("rows")
      && !rows.marks.contains { !$0.isDisjoint(with: [.unreadable, .textless]) }
    if isWhole, records.countsTexts, let stored = records.store?.textSizeInBytes,
      stored != textSize
    {
      report(
        .textSize, "the store's record", "it counts \(stored) bytes of text; there are \(textSize)")
    }
  }

  /// Takes over what a batch found; the bytes of its texts.
  private mutating func take(_ batch: inout RowBatch) -> Int {
    let damaged = Set((UInt8(1)...254).filter { records.unreadable.contains("dictionary \($0)") })
    let facts = batch.read(
      records.dictionaries, unreadable: damaged, workerCount: Process.processorCount)
    var textSize = 0
    for (place, facts) in zip(batch.places, facts) {
      rows.idHashes[place] = facts.idHash
      rows.textHashes[place] = facts.textHash
      rows.marks[place] =
        facts.lacksDictionary ? .textless : facts.textSizeInBytes == 0 ? .withoutText : []
      textSize += facts.textSizeInBytes
      if let fault = facts.fault { report(fault, place) }
    }
    batch.removeAll()
    return textSize
  }

  private mutating func report(_ fault: RowBatch.Fault, _ place: Int) {
    let object = "row \(rows.numbers[place])"
    switch fault {
    case .unreadable:
      rows.marks[place] = .unreadable
      report(.rowUnreadable, object, "it has no whole id of UTF-8")
    case .id(let problem): report(.rowID, object, "its id is none: \(problem)")
    case .dictionary(let id):
      rows.marks[place] = .textless
      report(.dictionaryUnknown, object, "its text needs dictionary \(id), which is not there")
    case .text(let problem):
      rows.marks[place] = .textless
      report(.textUnreadable, object, "its text \(problem)")
    }
  }
}
