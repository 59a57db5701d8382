internal import IVF
internal import LMDB
internal import LinearAlgebra

/// The active version's index as vectors that are made elsewhere come into it: rows and their codes in one
/// transaction, so that nothing is ever pending.
struct VectorIndex {
  private let store: Store
  private var codes: IndexCodes
  private let kernels: Kernels

  /// D.
  var width: Int { codes.width }
  var id: UInt32 { codes.id }

  /// - Throws: `StoreError.hasEncoder` where the version makes its vectors of texts.
  init<T: Transaction & ~Copyable>(
    _ store: Store, kernels: Kernels, in transaction: borrowing T
  ) throws {
    let version = try store.version(nil, in: transaction)
    let space = try store.space(version.space, in: transaction)
    if space.checkpoint != nil {
      throw StoreError.hasEncoder(path: store.path, version: version.name, width: space.width)
    }
    self.store = store
    self.kernels = kernels
    codes = try IndexCodes(store, version.index, in: transaction)
  }

  /// Whether the code of a row is what this vector would get.
  ///
  /// - Complexity: O(1,024 + D).
  func has(
    _ vector: Span<Float>, as row: UInt32, in write: borrowing WriteTransaction
  ) throws -> Bool {
    var wanted = CodeBlockBuilder(codec: codes.record.codec, width: width)
    wanted.append(row: row, embedding: vector, kernels: kernels)
    var stored = CodeBlockBuilder(codec: codes.record.codec, width: width)
    return try codes.copyCode(of: row, to: row, &stored, in: write)
      && stored.hasSameCodes(as: wanted)
  }

  /// Adds the codes of new rows, and takes out those of rows that they replace.
  ///
  /// - Parameters:
  ///   - vectors: rows.count × D, unit rows.
  ///   - rows: all that were added since the last codes.
  mutating func add(
    _ vectors: Span<Float>, rows: Range<UInt32>, in write: inout WriteTransaction
  ) throws {
    guard codes.record.nextRow == rows.lowerBound else {
      throw store.damaged(
        "index \(codes.id)",
        "rows \(codes.record.nextRow)..<\(rows.lowerBound) have neither codes nor texts to make them "
          + "from")
    }
    let size = PendingEncoder.rangeSize
    for number in rows.lowerBound / size...(rows.upperBound - 1) / size {
      var added = CodeBlockBuilder(codec: codes.record.codec, width: width)
      for row in rows where row / size == number {
        let start = Int(row - rows.lowerBound) * width
        added.append(
          row: row, embedding: vectors.extracting(start..<start + width), kernels: kernels)
      }
      try codes.add(added, number: number, in: &write)
    }
    codes.record.nextRow = rows.upperBound
    try store.finishUpdates(in: rows, &codes, &write)
    try codes.save(in: &write)
  }
}
