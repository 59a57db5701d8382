internal import IVF
internal import LMDB

/// `lists` of one index, and `directory`, which says how many codes each list has.
///
/// The directory makes an absent block an error instead of an empty list. It has 256 lists a value, by
/// index ‖ list / 256, four bytes each.
struct ListBlocks {
  let store: Store
  let indexID: UInt32
  let codec: Codec
  /// D.
  let width: Int
  let quantizer: IndexQuantizer

  private var listCount: Int { quantizer.listCount }

  /// All codes of a list, rows ascending.
  ///
  /// - Parameter leavingOut: rows that are not taken over.
  func reopen<T: Transaction & ~Copyable>(
    _ list: Int, leavingOut omitted: Set<UInt32> = [], in transaction: borrowing T
  ) throws -> CodeBlockBuilder {
    var builder = CodeBlockBuilder(codec: codec, width: width)
    var number = 0
    while try block(list, number, in: transaction) != nil {
      let part = try reopen(list, block: number, leavingOut: omitted, in: transaction)
      builder.append(contentsOf: part)
      number += 1
    }
    return builder
  }

  /// The codes of one block; none where it is absent.
  private func reopen<T: Transaction & ~Copyable>(
    _ list: Int, block number: Int, leavingOut omitted: Set<UInt32> = [],
    in transaction: borrowing T
  ) throws -> CodeBlockBuilder {
    var builder = CodeBlockBuilder(codec: codec, width: width)
    guard let block = try block(list, number, in: transaction) else { return builder }
    for place in 0..<block.count where !omitted.contains(block.row(at: place)) {
      builder.append(row: block.row(at: place), copying: block, at: place)
    }
    return builder
  }

  /// Adds the code of one row to a builder; false where the list has none.
  func copyCode<T: Transaction & ~Copyable>(
    of source: UInt32, in list: Int, to row: UInt32, _ builder: inout CodeBlockBuilder,
    in transaction: borrowing T
  ) throws -> Bool {
    var number = 0
    while let block = try block(list, number, in: transaction) {
      if let place = block.index(of: source) {
        builder.append(row: row, copying: block, at: place)
        return true
      }
      number += 1
    }
    return false
  }

  /// Adds codes to a list, whose rows must be higher than all in it; its count in the directory is the
  /// caller's business. Full blocks stay as they are.
  func append(
    _ added: CodeBlockBuilder, to list: Int, in write: inout WriteTransaction
  ) throws {
    var number = 0
    while try block(list, number + 1, in: write) != nil { number += 1 }
    var builder = try reopen(list, block: number, in: write)
    if builder.count == InvertedLists.blockCapacity {
      builder = CodeBlockBuilder(codec: codec, width: width)
      number += 1
    }
    builder.append(contentsOf: added)
    try put(builder, list, from: number, in: &write)
  }

  /// Writes a list's blocks from `first` on, in place of what they were.
  func put(
    _ builder: CodeBlockBuilder, _ list: Int, from first: Int = 0, in write: inout WriteTransaction
  ) throws {
    let capacity = InvertedLists.blockCapacity
    var number = first
    for start in stride(from: 0, to: builder.count, by: capacity) {
      let range = start..<min(builder.count, start + capacity)
      try put(builder, range, list, number, in: &write)
      number += 1
    }
    // What the list had beyond.
    while try store.tables.lists.remove(
      InvertedLists.key(indexID, list: list, block: number), in: &write)
    { number += 1 }
  }

  /// Writes one block.
  func put(
    _ builder: CodeBlockBuilder, _ range: Range<Int>, _ list: Int, _ number: Int,
    in write: inout WriteTransaction
  ) throws {
    let bytes = builder.build(range, bits: quantizer.bits(of: list))
    try store.tables.lists.put(
      bytes.span, at: InvertedLists.key(indexID, list: list, block: number), in: &write)
  }

  /// Takes the codes of rows out of a list, each of whose blocks is written once at most; how many it had.
  func remove(rows: [UInt32], of list: Int, in write: inout WriteTransaction) throws -> Int {
    let omitted = Set(rows)
    var (number, removed, isTorn) = (0, 0, false)
    while let before = try block(list, number, in: write)?.count {
      let left = try reopen(list, block: number, leavingOut: omitted, in: write)
      removed += before - left.count
      // The list would end where a block is missing.
      if left.count == 0 { isTorn = true }
      if (1..<before).contains(left.count) {
        try put(left, 0..<left.count, list, number, in: &write)
      }
      number += 1
    }
    if isTorn {
      let left = try reopen(list, leavingOut: omitted, in: write)
      try put(left, list, in: &write)
    }
    return removed
  }

  /// A block, checked; nil where there is none.
  ///
  /// - Throws: `StoreError.damaged` for a block that cannot be one of this list.
  @_lifetime(borrow transaction)
  func block<T: Transaction & ~Copyable>(
    _ list: Int, _ number: Int, in transaction: borrowing T
  ) throws -> CodeBlock? {
    let key = InvertedLists.key(indexID, list: list, block: number)
    guard let value = try store.tables.lists.value(of: key, in: transaction) else { return nil }
    let name = StoreObject.list(list, ofIndex: indexID)
    let block = try store.block(value, codec, width: width, name: name)
    guard !block.hasLists, block.hasBits == (codec == .binary) else {
      throw store.damaged(name, "a block of it is none of a list")
    }
    return block
  }

  // MARK: The directory

  private func directoryKey(_ list: Int) -> Key {
    ClusteredIndex.directoryKey(indexID, list: list)
  }

  /// Codes that the directory says a list has.
  func count<T: Transaction & ~Copyable>(of list: Int, in transaction: borrowing T) throws -> Int {
    guard let value = try store.tables.directory.value(of: directoryKey(list), in: transaction),
      let count = value.littleEndianUInt32(at: 4 * (list % ClusteredIndex.directorySize))
    else { throw store.damaged("the directory of index \(indexID)", "list \(list) is missing") }
    return Int(count)
  }

  /// Changes counts of lists; each value of the directory is written once.
  func change(counts changes: [Int: Int], in write: inout WriteTransaction) throws {
    let byValue = Dictionary(grouping: changes) { $0.key / ClusteredIndex.directorySize }
    for (value, changes) in byValue.sorted(by: { $0.key < $1.key }) {
      let first = value * ClusteredIndex.directorySize
      var counts = try (first..<min(first + ClusteredIndex.directorySize, listCount)).map {
        try count(of: $0, in: write)
      }
      for (list, change) in changes { counts[list - first] += change }
      try putDirectory(from: first, counts, in: &write)
    }
  }

  /// Writes one value of the directory.
  func putDirectory(
    from first: Int, _ counts: [Int], in write: inout WriteTransaction
  ) throws {
    var bytes: [UInt8] = []
    for count in counts { bytes.appendLittleEndian(UInt32(count)) }
    try store.tables.directory.put(bytes.span, at: directoryKey(first), in: &write)
  }

  /// A directory of empty lists.
  func putEmptyDirectory(in write: inout WriteTransaction) throws {
    for first in stride(from: 0, to: listCount, by: ClusteredIndex.directorySize) {
      let size = min(ClusteredIndex.directorySize, listCount - first)
      try putDirectory(from: first, [Int](repeating: 0, count: size), in: &write)
    }
  }
}
