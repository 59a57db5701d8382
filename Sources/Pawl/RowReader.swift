internal import Corpus
internal import LMDB

/// Reads rows one after another with one decompressor.
struct RowReader: ~Copyable {
  private let store: Store
  private let dictionaries: [UInt8: TextDictionary]
  private var decompressor = TextDecompressor()

  /// - Parameter transaction: every row that is read later must have been stored by then.
  init<T: Transaction & ~Copyable>(_ store: Store, in transaction: borrowing T) throws {
    self.store = store
    dictionaries = try store.dictionaries(in: transaction)
  }

  /// The UTF-8 of a row's text, nil where there is no such row.
  ///
  /// - Throws: `StoreError.damaged` where it cannot be read.
  mutating func textIfPresent<T: Transaction & ~Copyable>(
    of row: UInt32, in transaction: borrowing T
  ) throws -> [UInt8]? {
    guard let value = try store.tables.rows.value(of: Key(row), in: transaction) else { return nil }
    guard let text = text(in: value) else {
      throw store.damaged("row \(row)", "its text cannot be read")
    }
    return text
  }

  /// The UTF-8 of a row's text.
  ///
  /// - Throws: `StoreError.damaged` where it is not there or cannot be read.
  mutating func text<T: Transaction & ~Copyable>(
    of row: UInt32, in transaction: borrowing T
  ) throws -> [UInt8] {
    guard let text = try textIfPresent(of: row, in: transaction) else {
      throw store.damaged("row \(row)", "it is not there")
    }
    return text
  }

  /// The text in a value of `rows`; nil where it cannot be read.
  mutating func text(in value: Span<UInt8>) -> [UInt8]? {
    PassageRecord.text(value, &decompressor, dictionaries)
  }
}
