internal import IVF
internal import LMDB

/// The blocks of one index: 1,024 rows each, by index ‖ row / 1,024.
struct BlockTable {
  let store: Store
  let indexID: UInt32
  let codec: Codec
  /// D.
  let width: Int

  private func key(_ number: UInt32) -> Key {
    var key = Key(indexID)
    key.append(number)
    return key
  }

  /// A builder that holds what the block has, for adding higher rows; empty where there is none.
  ///
  /// - Parameter leavingOut: rows that are not taken over.
  func reopen(
    _ number: UInt32, leavingOut omitted: Set<UInt32> = [], in write: borrowing WriteTransaction
  ) throws -> CodeBlockBuilder {
    var builder = CodeBlockBuilder(codec: codec, width: width)
    guard let block = try block(number, in: write) else { return builder }
    for place in 0..<block.count where !omitted.contains(block.row(at: place)) {
      builder.append(row: block.row(at: place), copying: block, at: place)
    }
    return builder
  }

  func hasCode<T: Transaction & ~Copyable>(
    of row: UInt32, in transaction: borrowing T
  ) throws -> Bool {
    guard let block = try block(row / PendingEncoder.rangeSize, in: transaction) else {
      return false
    }
    return block.index(of: row) != nil
  }

  /// Adds the code of one row under another row's number; false where it has none.
  func copyCode(
    of source: UInt32, to row: UInt32, _ builder: inout CodeBlockBuilder,
    in write: borrowing WriteTransaction
  ) throws -> Bool {
    guard let block = try block(source / PendingEncoder.rangeSize, in: write),
      let place = block.index(of: source)
    else { return false }
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

  /// Takes the codes of rows out, each block being written once; how many had one.
  func remove(rows: [UInt32], in write: inout WriteTransaction) throws -> Int {
    var removed = 0
    let byBlock = Dictionary(grouping: rows) { $0 / PendingEncoder.rangeSize }
    for (number, rows) in byBlock.sorted(by: { $0.key < $1.key }) {
      let before = try codeCount(number, in: write)
      let builder = try reopen(number, leavingOut: Set(rows), in: write)
      if builder.count == before { continue }
      removed += before - builder.count
      try put(builder, number, in: &write)
    }
    return removed
  }

  private func codeCount(_ number: UInt32, in write: borrowing WriteTransaction) throws -> Int {
    guard let block = try block(number, in: write) else { return 0 }
    return block.count
  }

  /// The block of that number, checked; nil where there is none.
  ///
  /// - Throws: `StoreError.damaged` for a block that cannot be one of this index.
  @_lifetime(borrow transaction)
  private func block<T: Transaction & ~Copyable>(
    _ number: UInt32, in transaction: borrowing T
  ) throws -> CodeBlock? {
    guard let value = try store.tables.fresh.value(of: key(number), in: transaction) else {
      return nil
    }
    let block: CodeBlock
    do throws(CodeBlockError) {
      block = try CodeBlock(value)
      try block.requireKind(codec: codec, width: width)
    } catch {
      throw store.damaged("block \(number) of index \(indexID)", "\(error)")
    }
    let first = number &* PendingEncoder.rangeSize
    guard block.hasRowsInOrder(within: first..<max(first, first &+ PendingEncoder.rangeSize)) else {
      throw store.damaged("block \(number) of index \(indexID)", "its rows are not in order")
    }
    return block
  }
}
