internal import IVF
internal import LMDB

/// `fresh` of one index: the newest codes, up to 1,024 rows a block, by index ‖ row / 1,024.
struct FreshBlocks {
  let store: Store
  let indexID: UInt32
  let codec: Codec
  /// D.
  let width: Int
  /// Whether blocks tell lists: those of a clustered index do.
  let hasLists: Bool

  /// The rows of a block; none for a number that no block has, though a key may hold it.
  static func rows(ofBlock number: UInt32) -> Range<UInt32> {
    let size = PendingEncoder.rangeSize
    let (first, isBeyond) = number.multipliedReportingOverflow(by: size)
    if isBeyond { return .max ..< .max }
    // The last block ends at UInt32.max, which is no row.
    let (end, isLast) = first.addingReportingOverflow(size)
    return first..<(isLast ? .max : end)
  }

  /// The rows from `start` on that share its block, as far as they are below `end`.
  static func rows(from start: UInt32, to end: UInt32) -> Range<UInt32> {
    start..<min(end, rows(ofBlock: start / PendingEncoder.rangeSize).upperBound)
  }

  func key(_ number: UInt32) -> Key {
    var key = Key(indexID)
    key.append(number)
    return key
  }

  /// A builder that holds what the block has, for adding rows; empty where there is none.
  ///
  /// - Parameter leavingOut: rows that are not taken over.
  func reopen<T: Transaction & ~Copyable>(
    _ number: UInt32, leavingOut omitted: Set<UInt32> = [], in transaction: borrowing T
  ) throws -> CodeBlockBuilder {
    var builder = CodeBlockBuilder(codec: codec, width: width)
    guard let block = try block(number, in: transaction) else { return builder }
    for place in 0..<block.count where !omitted.contains(block.row(at: place)) {
      builder.append(row: block.row(at: place), copying: block, at: place)
      if hasLists { builder.append(list: block.list(at: place)) }
    }
    return builder
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
  func block<T: Transaction & ~Copyable>(
    _ number: UInt32, in transaction: borrowing T
  ) throws -> CodeBlock? {
    guard let value = try store.tables.fresh.value(of: key(number), in: transaction) else {
      return nil
    }
    let name = StoreObject.block(number, ofIndex: indexID)
    let block = try store.block(
      value, codec, width: width, rows: Self.rows(ofBlock: number), name: name)
    guard block.hasLists == hasLists else {
      let fault = hasLists ? "does not tell" : "tells"
      throw store.damaged(name, "it \(fault) the lists of its codes")
    }
    return block
  }
}
