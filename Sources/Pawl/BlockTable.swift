internal import IVF
internal import LMDB

/// An index in the live set: what ingest has to keep complete.
struct LiveIndex {
  let id: UInt32
  let record: IndexRecord
}

extension Store {
  /// The indexes that new passages are embedded for, each once.
  func liveIndexes<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> [LiveIndex] {
    let id = try version(nil, in: transaction).index
    return [LiveIndex(id: id, record: try index(id, in: transaction))]
  }
}

/// The blocks of one index: 1,024 rows each, by index ‖ row / 1,024.
struct BlockTable {
  let store: Store
  let indexID: UInt32
  let index: IndexRecord
  /// D.
  let width: Int

  private func key(_ number: UInt32) -> Key {
    var key = Key(indexID)
    key.append(number)
    return key
  }

  /// A builder that holds what the block has, for adding higher rows; empty where there is none.
  ///
  /// - Parameter leavingOut: a row that is not taken over.
  func reopen(
    _ number: UInt32, leavingOut omitted: UInt32? = nil, in write: borrowing WriteTransaction
  ) throws -> CodeBlockBuilder {
    var builder = CodeBlockBuilder(codec: index.codec, width: width)
    guard let value = try store.tables.fresh.value(of: key(number), in: write) else {
      return builder
    }
    let block = try open(value, number)
    for place in 0..<block.count where block.row(at: place) != omitted {
      builder.append(row: block.row(at: place), copying: block, at: place)
    }
    return builder
  }

  /// Adds the code of one row under another row's number; false where it has none.
  func copyCode(
    of source: UInt32, to row: UInt32, _ builder: inout CodeBlockBuilder,
    in write: borrowing WriteTransaction
  ) throws -> Bool {
    let number = source / PendingEncoder.rangeSize
    guard let value = try store.tables.fresh.value(of: key(number), in: write) else {
      return false
    }
    let block = try open(value, number)
    guard let place = block.index(of: source) else { return false }
    builder.append(row: row, copying: block, at: place)
    return true
  }

  func put(
    _ builder: CodeBlockBuilder, _ number: UInt32, in write: inout WriteTransaction
  ) throws {
    if builder.count == 0 {
      try store.tables.fresh.remove(key(number), in: &write)
    } else {
      try store.tables.fresh.put(builder.build().span, at: key(number), in: &write)
    }
  }

  /// Takes one row's code out; false where it has none.
  func remove(row: UInt32, in write: inout WriteTransaction) throws -> Bool {
    let number = row / PendingEncoder.rangeSize
    let before = try reopen(number, in: write).count
    let builder = try reopen(number, leavingOut: row, in: write)
    guard builder.count < before else { return false }
    try put(builder, number, in: &write)
    return true
  }

  @_lifetime(copy value)
  private func open(_ value: Span<UInt8>, _ number: UInt32) throws -> CodeBlock {
    let block = try CodeBlock(value)
    guard block.codec == index.codec, block.width == width else {
      throw store.damaged(
        "block \(number) of index \(indexID)",
        "it holds \(block.codec) codes of \(block.width) dimensions, not \(index.codec) of \(width)"
      )
    }
    return block
  }
}

extension Store {
  /// Removes the old rows that rows of this range replace: their codes from the index, and, once no
  /// live index waits for the new row, the rows themselves.
  func finishUpdates(
    in rows: Range<UInt32>, _ indexID: UInt32, width: Int, _ write: inout WriteTransaction
  ) throws {
    for update in try updates(in: rows, write) {
      var index = try self.index(indexID, in: write)
      let blocks = BlockTable(store: self, indexID: indexID, index: index, width: width)
      if try blocks.remove(row: update.old, in: &write) {
        index.count -= 1
        try tables.indexes.put(record: index, at: Key(indexID), in: &write)
      }
      if try lowestPendingRow(in: write) <= update.new { continue }
      let old = try text(of: update.old, dictionaries(in: write), in: write)
      let writer = RowWriter(tables: tables, lowestPending: 0)
      try writer.remove(row: update.old, hash: textHash(old.span), in: &write)
      try tables.updates.remove(Key(update.new), in: &write)
    }
  }

  private func updates(
    in rows: Range<UInt32>, _ write: borrowing WriteTransaction
  ) throws -> [(new: UInt32, old: UInt32)] {
    var found: [(new: UInt32, old: UInt32)] = []
    var cursor = try tables.updates.cursor(in: write)
    var isAtUpdate = try cursor.seek(atOrAfter: Key(rows.lowerBound))
    while isAtUpdate, let new = cursor.key.bigEndianUInt32(at: 0), new < rows.upperBound {
      guard let old = RowList.decode(try cursor.value).first else {
        throw damaged("the update of row \(new)", "it is empty")
      }
      found.append((new, old))
      isAtUpdate = try cursor.next()
    }
    return found
  }
}
