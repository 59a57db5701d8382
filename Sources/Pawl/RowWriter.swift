internal import Corpus
internal import LMDB

/// A row that is there, and its text's UTF-8.
struct StoredRow: Equatable {
  let row: UInt32
  let text: [UInt8]
}

/// Adds and removes rows with everything that points at them: ids, texts, updates.
struct RowWriter {
  let tables: StoreTables
  /// By how many bytes the stored texts have grown; negative where they have shrunk.
  private(set) var textSizeChange = 0

  private var texts: TextIndex { TextIndex(table: tables.texts) }

  init(tables: StoreTables) { self.tables = tables }

  /// Adds a passage as a new row, which must be higher than all others. One without text is not among
  /// the texts.
  ///
  /// A previous row of the same id that may be coded stays until the new row's code is committed, so
  /// that the passage can be found all the time; one that is coded nowhere goes at once.
  /// - Parameter firstRowCodedNowhere: as the store says in this transaction.
  mutating func add(
    _ id: Identifier, _ text: String, _ compressed: CompressedText, row: UInt32,
    replacing previous: StoredRow?, firstRowCodedNowhere: UInt32,
    in write: inout WriteTransaction
  ) throws {
    let value = PassageRecord.encode(id: id, text: compressed)
    try tables.rows.append(value.span, at: Key(row), in: &write)
    if !text.isEmpty { try texts.add(text.utf8.span, row: row, in: &write) }
    textSizeChange += text.utf8.count
    try tables.ids.put(RowNumber.encode(row).span, at: Key(id.text), in: &write)
    guard let previous else { return }
    if previous.row < firstRowCodedNowhere {
      try tables.updates.put(RowNumber.encode(previous.row).span, at: Key(row), in: &write)
      return
    }
    // What the never-coded row was to replace is now the new row's to replace.
    if let inherited = try tables.updates.row(at: Key(previous.row), in: write) {
      try tables.updates.put(RowNumber.encode(inherited).span, at: Key(row), in: &write)
      try tables.updates.remove(Key(previous.row), in: &write)
    }
    try remove(previous, in: &write)
  }

  /// Removes a row and its place among equal texts; the id is the caller's business.
  mutating func remove(_ old: StoredRow, in write: inout WriteTransaction) throws {
    try tables.rows.remove(Key(old.row), in: &write)
    if !old.text.isEmpty { try texts.remove(old.text.span, row: old.row, in: &write) }
    textSizeChange -= old.text.count
  }
}
