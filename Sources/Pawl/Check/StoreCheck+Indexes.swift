internal import LMDB

extension StoreCheck {
  /// What can be said about an index once all its blocks have been seen.
  mutating func finish(_ index: CheckedIndex, _ snapshot: borrowing Snapshot) {
    let record = index.record
    if incomplete.contains("fresh") { index.isPartial = true }
    if let lists = index.lists {
      finishLists(index, lists)
    } else if record.clustering != nil {
      index.isPartial = true
    } else if !incomplete.contains("fresh") {
      reportMissing(before: .max, index)
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

  private mutating func finishLists(_ index: CheckedIndex, _ lists: CheckedLists) {
    if incomplete.contains("lists") {
      lists.areListsPartial = true
    } else {
      go(to: lists.counts.count, index, lists)
    }
    finishClustering(index, lists)
    checkSample(index, lists)
    if canCompare { reportMissing(index, lists) }
    let isWhole = lists.partialLists.isEmpty && lists.partialBlocks.isEmpty
    if !isWhole || lists.areListsPartial { index.isPartial = true }
  }

  /// Rows whose code was not met where their place says it is.
  private mutating func reportMissing(_ index: CheckedIndex, _ lists: CheckedLists) {
    var missing: [UInt32: Int] = [:]
    for place in 0..<rows.count where !lists.hasCode(at: place) {
      let (row, list) = (rows.numbers[place], Int(lists.listOfRow[place]))
      if row >= index.record.nextRow { break }
      let block = row / PendingEncoder.rangeSize
      if lists.isUnknown(row) || list >= lists.counts.count {
        if lists.areListsPartial || !lists.partialLists.isEmpty
          || lists.partialBlocks.contains(block) || incomplete.contains("fresh")
        {
          continue
        }
        report(.codeMissing, index.name, "it has no code of row \(row)")
      } else if lists.isMerged(row, list) {
        if lists.areListsPartial || lists.partialLists.contains(list) { continue }
        report(
          .codeMissing, StoreObject.list(list, ofIndex: index.id), "it has no code of row \(row)")
      } else if incomplete.contains("fresh") || lists.partialBlocks.contains(block) {
        continue
      } else if lists.blocks.contains(block) {
        report(.codeMissing, index.name(ofBlock: block), "it has no code of row \(row)")
      } else {
        missing[block, default: 0] += 1
      }
    }
    for (block, count) in missing.sorted(by: { $0.key < $1.key }) {
      report(
        .blockMissing, index.name(ofBlock: block), "it is missing; \(count) rows have no code")
      index.isPartial = true
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
