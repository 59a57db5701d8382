internal import LMDB

extension StoreCheck {
  /// What can be said about an index once all its blocks have been seen.
  mutating func finish(_ checked: CheckedIndex, _ snapshot: borrowing Snapshot) {
    var index = checked
    guard let record = index.record else { return }
    if incomplete.contains("fresh") {
      index.isPartial = true
    } else {
      reportMissing(before: .max, &index)
    }
    if !index.isPartial, index.codeCount != record.count {
      report(
        .indexCount, index.name, "it has \(index.codeCount) codes, its record says \(record.count)")
    }
    if record.count < 0 || record.count > Int(record.nextRow) {
      report(
        .indexCount, index.name,
        "its record says \(record.count) codes, all of rows below \(record.nextRow)")
    }
    if let next = records.store?.nextRow, record.nextRow > next {
      report(
        .indexAhead, index.name, "it is ahead of the rows: \(record.nextRow) is above \(next)")
    }
    checkTwins(index, snapshot)
    if let active = records.active, records.versions[active]?.index == index.id {
      report.codeCount = index.codeCount
      report.pendingCount = rows.count - index.codeCount
    }
  }

  /// Rows of one text share one vector, so their codes are the same bits.
  private mutating func checkTwins(_ index: CheckedIndex, _ snapshot: borrowing Snapshot) {
    if index.codeHashes.isEmpty { return }
    for (first, second) in rows.twins {
      let (one, other) = (index.codeHashes[first], index.codeHashes[second])
      guard one != 0, other != 0, one != other else { continue }
      let (row, twin) = (rows.numbers[first], rows.numbers[second])
      guard haveEqualTexts(row, twin, snapshot) else { continue }
      report(
        .codeDiffers, index.name, "rows \(row) and \(twin) have the same text and different codes")
    }
  }
}
