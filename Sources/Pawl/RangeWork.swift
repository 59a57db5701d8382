internal import LMDB

/// What has to be done to code a range of rows: the texts to encode, each once, and for every row
/// where its code comes from.
struct RangeWork {
  enum Source {
    /// Text number so and so of `texts`.
    case text(Int)
    /// A lower row of the same range has the same text.
    case sameRange(UInt32)
    /// A coded row before the range has the same text.
    case earlier(UInt32)
  }

  private(set) var texts: [String] = []
  /// Rows that are not here were deleted.
  private(set) var sources: [UInt32: Source] = [:]

  /// Reads the rows' texts from a snapshot, which ends before anything is encoded.
  init(_ store: Store, _ rows: Range<UInt32>, _ indexID: UInt32) throws {
    let snapshot = try store.environment.snapshot()
    let dictionaries = try store.dictionaries(in: snapshot)
    var decompressor = TextDecompressor()
    for row in rows {
      guard let value = try store.tables.rows.value(of: Key(row), in: snapshot) else { continue }
      guard let text = PassageRecord.text(value, &decompressor, dictionaries) else {
        throw store.damaged("row \(row)", "its text cannot be read")
      }
      if let twin = try store.twin(of: row, text, dictionaries, in: snapshot) {
        sources[row] = twin < rows.lowerBound ? .earlier(twin) : .sameRange(twin)
      } else {
        sources[row] = .text(texts.count)
        texts.append(String(decoding: text, as: UTF8.self))
      }
    }
  }
}

extension Store {
  /// The lowest row with the same text, if it is not `row` itself.
  fileprivate func twin(
    of row: UInt32, _ text: [UInt8], _ dictionaries: [UInt8: TextDictionary],
    in snapshot: borrowing Snapshot
  ) throws -> UInt32? {
    let rows = try tables.texts.rowList(at: Key(textHash(text.span)), in: snapshot)
    for other in rows.sorted() where other < row {
      if try self.text(of: other, dictionaries, in: snapshot) == text { return other }
    }
    return nil
  }
}
