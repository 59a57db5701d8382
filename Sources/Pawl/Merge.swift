internal import IVF
internal import LMDB

/// Moves codes from `fresh` into the lists of a clustered index, a stretch of lists a transaction.
///
/// Every list that gets codes is written anew, so a merge costs about as much as all codes of the index:
/// it waits until `fresh` holds a good share of them. Transactions are small, so that the pages which one
/// frees serve the next, and the file does not grow by the size of the index.
struct Merge {
  let store: Store
  let indexID: UInt32

  /// Codes that may wait in `fresh`, whatever the index's size: scanning them costs little.
  private static let fewestWaiting = 4_096
  /// Codes that may wait in an index of middle size, where merging costs more than scanning.
  private static let usualWaiting = 16_384
  /// Transactions of one merge, and bytes of codes in one of them at most.
  private static let stepCount = 8
  private static let stepSizeInBytes = 32 << 20

  /// How many rows may wait in `fresh` of an index with that many codes.
  ///
  /// The packages in batches of 1,000 write 4.1 times their codes by this rule, 5.0 times where an index is
  /// merged at a third of its codes, even where it is clustered anew soon.
  /// - Parameter trainedCount: codes at the last clustering.
  static func limit(count: Int, trainedCount: Int) -> Int {
    let usual = max(usualWaiting, count / 16)
    // A clustering merges everything, too, and follows the ingest that makes it due.
    let isClusteredSoon = abs(4 * trainedCount - count) <= min(usual / 2, count / 8)
    let limit = isClusteredSoon ? min(2 * count / 3, 2 * usual) : min(count / 2, usual)
    return max(fewestWaiting, limit)
  }

  /// Merges where enough waits, or a merge was interrupted.
  ///
  /// - Parameter progress: answering false stops after the transaction at hand.
  func runIfNeeded(progress: () -> Bool = { true }) throws {
    while try store.growingMap({ try step() }), progress() {}
  }

  /// One transaction; false where there was nothing to do.
  private func step() throws -> Bool {
    guard try isDue(in: store.environment.snapshot()) else { return false }
    var write = try store.environment.beginWrite()
    guard try isDue(in: write) else { return false }
    var codes = try IndexCodes(store, indexID, in: write)
    guard var clustering = codes.record.clustering, let lists = codes.lists,
      let merging = Self.merging(codes.record)
    else { return false }
    if merging.listEnd < clustering.listCount {
      let size = lists.stepSize(
        of: codes.record, steps: Self.stepCount, bytes: Self.stepSizeInBytes)
      let end = min(merging.listEnd + size, clustering.listCount)
      try merge(merging.listEnd..<end, merging.rowEnd, codes, lists, in: &write)
      clustering.merging = MergingRecord(rowEnd: merging.rowEnd, listEnd: end)
    } else {
      for number in Self.blocks(from: clustering.mergedRow, to: merging.rowEnd) {
        try store.tables.fresh.remove(codes.fresh.key(number), in: &write)
      }
      clustering.mergedRow = merging.rowEnd
      clustering.merging = nil
    }
    codes.record.clustering = clustering
    try codes.save(in: &write)
    try write.commit()
    return true
  }

  /// Not in an index that another one has replaced meanwhile, or that is gone.
  private func isDue<T: Transaction & ~Copyable>(in transaction: borrowing T) throws -> Bool {
    let record = try store.tables.indexes.record(
      IndexRecord.self, at: Key(indexID), in: transaction)
    return record.flatMap(Self.merging) != nil
  }

  /// The merge under way, or one that is due.
  private static func merging(_ record: IndexRecord) -> MergingRecord? {
    guard let clustering = record.clustering, record.state == nil else { return nil }
    if let merging = clustering.merging { return merging }
    let waiting = Int(record.nextRow) - Int(clustering.mergedRow)
    guard waiting > limit(count: record.count, trainedCount: clustering.trainedCount) else {
      return nil
    }
    // Whole blocks only.
    let end = record.nextRow / PendingEncoder.rangeSize * PendingEncoder.rangeSize
    return MergingRecord(rowEnd: end, listEnd: 0)
  }

  private static func blocks(from row: UInt32, to end: UInt32) -> Range<UInt32> {
    row / PendingEncoder.rangeSize..<end / PendingEncoder.rangeSize
  }

  /// Adds what waits for a stretch of lists.
  private func merge(
    _ range: Range<Int>, _ rowEnd: UInt32, _ codes: IndexCodes, _ lists: ListBlocks,
    in write: inout WriteTransaction
  ) throws {
    var changes: [Int: Int] = [:]
    for (list, added) in zip(range, try waiting(for: range, rowEnd, codes, in: write))
    where added.count > 0 {
      changes[list] = added.count
      try lists.append(added, to: list, in: &write)
    }
    try lists.change(counts: changes, in: &write)
  }

  /// The codes that wait for each list of a range, rows ascending.
  private func waiting(
    for range: Range<Int>, _ rowEnd: UInt32, _ codes: IndexCodes,
    in write: borrowing WriteTransaction
  ) throws -> [CodeBlockBuilder] {
    guard let clustering = codes.record.clustering else { return [] }
    var waiting = range.map { _ in
      CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
    }
    for number in Self.blocks(from: clustering.mergedRow, to: rowEnd) {
      guard let block = try codes.fresh.block(number, in: write) else { continue }
      for list in range {
        for place in block.places(ofList: UInt16(list)) {
          waiting[list - range.lowerBound].append(
            row: block.row(at: place), copying: block, at: place)
        }
      }
    }
    return waiting
  }
}

extension ListBlocks {
  /// Lists for one of `steps` transactions, each with no more than so many bytes of codes.
  fileprivate func stepSize(of record: IndexRecord, steps: Int, bytes: Int) -> Int {
    let listCount = quantizer.listCount
    let perList = record.count * codec.postingSizeInBytes(width: width) / listCount + 1
    return max(1, min((listCount + steps - 1) / steps, bytes / perList))
  }
}
