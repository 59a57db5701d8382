internal import LMDB
internal import Training

/// The texts that a run may see, each once, by its place: those of the store, and others that triples bring.
struct PassagePlaces: PassageTexts {
  private let store: Store
  /// Of each text the lowest row that has it.
  private let rows: [UInt32]
  /// For each row its text's place; `.max` where it has none.
  private let places: [UInt32]
  /// Texts that the store does not have, behind all others.
  private var others: [String] = []
  /// By their bytes: two texts may be canonically equivalent.
  private var otherPlaces: [[UInt8]: Int] = [:]

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

  var count: Int { rows.count + others.count }

  /// Texts that the store has: the first places.
  var storedCount: Int { rows.count }

  /// Tells other texts, or texts at other places, apart.
  var checksum: UInt64 {
    var hash = UInt64(others.count)
    for row in rows { hash = RandomKey.mix(hash, UInt64(row)) }
    return hash
  }

  /// The place of a row's text, nil where it has none.
  func place(ofRow row: UInt32) -> Int? {
    guard row < places.count, places[Int(row)] != .max else { return nil }
    return Int(places[Int(row)])
  }

  /// The row of a text that the store has.
  func row(of place: Int) -> UInt32? { place < rows.count ? rows[place] : nil }

  /// The place of a text, which gets one where the store does not have it.
  mutating func place(of text: String, in snapshot: borrowing Snapshot) throws -> Int {
    let bytes = Array(text.utf8)
    let found = try TextIndex(table: store.tables.texts).rows(
      like: bytes.span, below: UInt32(places.count), atMost: 1, in: snapshot)
    if let row = found.first, let place = place(ofRow: row) {
      var reader = try RowReader(store, in: snapshot)
      if try reader.textIfPresent(of: row, in: snapshot).map({ $0.elementsEqual(bytes) }) ?? false {
        return place
      }
    }
    if let place = otherPlaces[bytes] { return place }
    others.append(text)
    otherPlaces[bytes] = count - 1
    return count - 1
  }

  func text(_ place: Int) throws -> String {
    guard let row = row(of: place) else { return others[place - rows.count] }
    let snapshot = try store.environment.snapshot()
    var reader = try RowReader(store, in: snapshot)
    guard let text = try reader.textIfPresent(of: row, in: snapshot) else {
      throw StoreError.changedWhileTraining(path: store.path)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
