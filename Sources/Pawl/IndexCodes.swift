internal import IVF
internal import LMDB

/// The codes of one index as one transaction sees them: the door for everything that adds or removes
/// codes, whether the index is clustered or not.
struct IndexCodes {
  let store: Store
  let id: UInt32
  /// As the transaction read it, and as changes were made through this value; `save` writes it.
  var record: IndexRecord
  /// D.
  let width: Int
  let fresh: FreshBlocks
  /// Nil in an index without clusters.
  let lists: ListBlocks?
  let places: Places

  init<T: Transaction & ~Copyable>(
    _ store: Store, _ id: UInt32, in transaction: borrowing T
  ) throws {
    let record = try store.index(id, in: transaction)
    let width = try store.space(record.space, in: transaction).width
    self.store = store
    self.id = id
    self.record = record
    self.width = width
    fresh = FreshBlocks(
      store: store, indexID: id, codec: record.codec, width: width,
      hasLists: record.clustering != nil)
    places = Places(store: store, indexID: id)
    lists = try record.clustering.map { clustering in
      ListBlocks(
        store: store, indexID: id, codec: record.codec, width: width,
        quantizer: try store.quantizer(of: id, record, clustering, width: width, in: transaction))
    }
  }

  func save(in write: inout WriteTransaction) throws {
    try store.tables.indexes.put(record: record, at: Key(id), in: &write)
  }

  func hasCode<T: Transaction & ~Copyable>(
    of row: UInt32, in transaction: borrowing T
  ) throws -> Bool {
    if lists != nil { return try places.list(of: row, in: transaction) != nil }
    guard let block = try fresh.block(row / PendingEncoder.rangeSize, in: transaction) else {
      return false
    }
    return block.index(of: row) != nil
  }

  /// Adds the code of one row to a builder under another row's number; false where it has none.
  func copyCode<T: Transaction & ~Copyable>(
    of source: UInt32, to row: UInt32, _ builder: inout CodeBlockBuilder,
    in transaction: borrowing T
  ) throws -> Bool {
    if let lists {
      guard let list = try places.list(of: source, in: transaction) else { return false }
      if isMerged(source, list) {
        return try lists.copyCode(of: source, in: list, to: row, &builder, in: transaction)
      }
    }
    guard let block = try fresh.block(source / PendingEncoder.rangeSize, in: transaction),
      let place = block.index(of: source)
    else { return false }
    builder.append(row: row, copying: block, at: place)
    return true
  }

  /// The codes of those rows that have one, in their order.
  func codes<T: Transaction & ~Copyable>(
    of rows: some Sequence<UInt32>, in transaction: borrowing T
  ) throws -> CodeBlockBuilder {
    var found = CodeBlockBuilder(codec: record.codec, width: width)
    for row in rows { _ = try copyCode(of: row, to: row, &found, in: transaction) }
    return found
  }

  /// Adds codes of rows of one range of 1,024 that have none yet.
  mutating func add(
    _ added: CodeBlockBuilder, number: UInt32, in write: inout WriteTransaction
  ) throws {
    if added.count == 0 { return }
    var builder = try fresh.reopen(number, in: write)
    builder.append(contentsOf: added)
    if let lists {
      let assigned = lists.quantizer.assign(added, workerCount: Process.processorCount)
      for list in assigned { builder.append(list: list) }
      try places.put(Array(zip(added.rows, assigned)), in: &write)
    }
    try fresh.put(builder, number, in: &write)
    record.count += added.count
  }

  /// Takes the codes of rows out, each block being written once; rows without code are no error.
  mutating func remove(rows: [UInt32], in write: inout WriteTransaction) throws {
    guard let lists else {
      record.count -= try fresh.remove(rows: rows, in: &write)
      return
    }
    var ofFresh: [UInt32] = []
    var ofLists: [Int: [UInt32]] = [:]
    for row in rows {
      guard let list = try places.list(of: row, in: write) else { continue }
      if isMerged(row, list) { ofLists[list, default: []].append(row) } else { ofFresh.append(row) }
    }
    record.count -= try fresh.remove(rows: ofFresh, in: &write)
    var changes: [Int: Int] = [:]
    for (list, rows) in ofLists.sorted(by: { $0.key < $1.key }) {
      let removed = try lists.remove(rows: rows, of: list, in: &write)
      changes[list] = -removed
      // A list that is not written yet counts its rows when it is.
      record.count -= record.state == .building ? rows.count : removed
    }
    try lists.change(counts: changes, in: &write)
    let gone = ofFresh + ofLists.values.joined()
    try places.put(gone.map { ($0, Places.none) }, in: &write)
  }

  /// Whether the code of a row that has one is in `lists`.
  func isMerged(_ row: UInt32, _ list: Int) -> Bool {
    guard let clustering = record.clustering else { return false }
    if row < clustering.mergedRow { return true }
    guard let merging = clustering.merging else { return false }
    return row < merging.rowEnd && list < merging.listEnd
  }

  /// Where all codes lie, for whoever reads them.
  static func blocks(
    _ store: Store, _ id: UInt32, _ record: IndexRecord, width: Int
  ) -> IndexBlocks {
    IndexBlocks(
      index: id, codec: record.codec, width: width, count: record.count, fresh: store.tables.fresh,
      lists: record.clustering == nil ? nil : InvertedLists(table: store.tables.lists),
      merged: record.clustering?.merging.map { ($0.rowEnd, UInt16(clamping: $0.listEnd)) })
  }
}
