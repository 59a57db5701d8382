internal import LMDB
internal import Training

/// The texts of a store as a run sees them: each once, by its place.
struct PassagePlaces: PassageTexts {
  private let store: Store
  /// Of each text the lowest row that has it.
  private let rows: [UInt32]
  /// For each row its text's place; `.max` where it has none.
  private let places: [UInt32]

  /// - Complexity: one pass over the table of texts' hashes; 8 bytes a row.
  init(_ store: Store) throws {
    let snapshot = try store.environment.snapshot()
    let rowCount = Int(try store.storeRecord(in: snapshot).nextRow)
    var (rows, places) = ([UInt32](), [UInt32](repeating: .max, count: rowCount))
    var cursor = try store.tables.texts.cursor(in: snapshot)
    var last: UInt64?
    while try cursor.next() {
      guard let hash = cursor.key.bigEndianUInt64(at: 0),
        let row = cursor.key.bigEndianUInt32(at: 8),
        row < rowCount
      else { throw store.damaged("a key of texts", "it has no hash and row") }
      // Of texts with one hash two in 2^64 / N differ: one of them is then never a negative of the other.
      if hash != last { rows.append(row) }
      last = hash
      places[Int(row)] = UInt32(rows.count - 1)
    }
    self.store = store
    self.rows = rows
    self.places = places
  }

  var count: Int { rows.count }

  /// The place of a row's text, nil where it has none.
  func place(ofRow row: UInt32) -> Int? {
    guard row < places.count, places[Int(row)] != .max else { return nil }
    return Int(places[Int(row)])
  }

  func text(_ place: Int) throws -> String {
    let snapshot = try store.environment.snapshot()
    var reader = try RowReader(store, in: snapshot)
    guard let text = try reader.textIfPresent(of: rows[place], in: snapshot) else {
      throw StoreError.changedWhileTraining(path: store.path)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
