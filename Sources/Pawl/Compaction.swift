internal import LMDB

/// Writes a store's tables into a new database: in key order, rows renumbered without gaps.
///
/// Nobody else has the store open, so all snapshots of it are the same one.
struct Compaction {
  let source: Store
  let target: Environment
  let tables: StoreTables
  let map: RowMap
  /// Nil to take the texts over as they are.
  let recompression: TextRecompression?
  let progress: ProgressHandler
  let total: Int
  private var done = 0
  /// Codes that were copied, by index.
  var codeCounts: [UInt32: Int] = [:]

  /// Bytes of one transaction: memory that it holds until it commits.
  static let batchSizeInBytes = 32 << 20
  /// Texts in memory while they are compressed anew.
  private static let batchOfTexts = 4_096

  init(
    _ source: Store, into folder: String, _ recompression: TextRecompression?,
    progress: @escaping ProgressHandler
  ) throws {
    self.source = source
    self.recompression = recompression
    self.progress = progress
    let snapshot = try source.environment.snapshot()
    map = try Self.map(source, snapshot)
    var total = 0
    for table in source.tables.all { total += try table.count(in: snapshot) }
    self.total = total
    target = try Environment.open(path: folder, mode: .create)
    _ = try target.makeTables(named: StoreTables.names)
    tables = try Store.tables(of: target)
  }

  private static func map(_ source: Store, _ snapshot: borrowing Snapshot) throws -> RowMap {
    var map = RowMap(limit: try source.storeRecord(in: snapshot).nextRow)
    var rows = try source.tables.rows.cursor(in: snapshot)
    while try rows.next() {
      let row = rows.key.bigEndianUInt32(at: 0) ?? .max
      guard map.append(row) else { throw source.damaged("row \(row)", "it is out of place") }
    }
    return map
  }

  /// Writes everything and closes the new database, which then is on the disk.
  ///
  /// - Throws: `StoreError.damaged` where a table names a row that is not there, `.stopped`,
  ///   `LMDBError`.
  mutating func run() throws {
    for (old, new) in zip(source.tables.all, tables.all) {
      switch old.name {
      case "fresh": try cutBlocks()
      case "lists": try copyLists()
      case "places": try cutPlaces()
      case "dictionaries" where recompression != nil: try putDictionary()
      case "rows" where recompression != nil:
        try inBatches { compaction, last in try compaction.recompressBatch(after: last) }
      default:
        try inBatches { compaction, last in try compaction.copyBatch(old, new, after: last) }
      }
    }
    try compareCounts()
    try target.close()
  }

  /// Repeats a batch, each from the key after the last, until there is no more; how many records there
  /// were. A batch that fills the map is run again.
  @discardableResult
  mutating func inBatches(
    _ batch: (inout Compaction, Key?) throws -> (last: Key?, count: Int)
  ) throws -> Int {
    var last: Key?
    var all = 0
    repeat {
      let step = try growingMap { try batch(&$0, last) }
      last = step.last
      all += step.count
      try count(step.count)
    } while last != nil
    return all
  }

  private mutating func count(_ values: Int) throws {
    done += values
    guard progress(Progress(stage: .compacting, done: done, total: total)) else {
      throw StoreError.stopped(path: source.path)
    }
  }

  /// Runs a batch again after the map has grown, where it was full.
  private mutating func growingMap<Result>(
    _ write: (inout Compaction) throws -> Result
  ) throws -> Result {
    while true {
      do { return try write(&self) } catch LMDBError.mapFull { try target.grow() }
    }
  }

  /// One transaction: records behind `last`, with new row numbers where they have any.
  private func copyBatch(
    _ old: Table, _ new: Table, after last: Key?
  ) throws -> (last: Key?, count: Int) {
    var write = try target.beginWrite()
    let step = try read(old, after: last, &write) { key, value, write in
      try copy(key, value, old.name, to: new, in: &write)
    }
    try write.commit()
    return step
  }

  /// Reads a batch of records of the source.
  ///
  /// - Parameters:
  ///   - id: the index whose records are read; nil: all of the table.
  ///   - copy: writes what becomes of a record, and says how many bytes the batch has grown by.
  /// - Returns: the last key, nil where there are no more, and how many records there were.
  func read(
    _ table: Table, of id: UInt32? = nil, after last: Key?, _ write: inout WriteTransaction,
    _ copy: (Span<UInt8>, Span<UInt8>, inout WriteTransaction) throws -> Int
  ) throws -> (last: Key?, count: Int) {
    let snapshot = try source.environment.snapshot()
    var cursor = try table.cursor(in: snapshot)
    let prefix = id.map { Key($0) }
    var isThere =
      if let prefix, last == nil { try cursor.seek(atOrAfter: prefix) } else {
        try cursor.seek(after: last)
      }
    var (bytes, count) = (0, 0)
    var key: Key?
    while isThere, prefix.map({ cursor.key.starts(with: $0) }) ?? true {
      if bytes >= Self.batchSizeInBytes { return (key, count) }
      key = Key(cursor.key)
      bytes += try copy(cursor.key, cursor.value, &write)
      count += 1
      isThere = try cursor.next()
    }
    return (nil, count)
  }

  /// - Returns: the bytes that it had.
  private func copy(
    _ key: Span<UInt8>, _ value: Span<UInt8>, _ table: String, to new: Table,
    in write: inout WriteTransaction
  ) throws -> Int {
    if let changed = try renumbered(table, key, value) {
      try new.append(changed.value.span, at: changed.key, in: &write)
    } else {
      try new.append(value, at: Key(key), in: &write)
    }
    return key.count + value.count
  }

  /// A record with the new numbers of its rows; nil for one that stays as it is.
  private func renumbered(
    _ table: String, _ key: Span<UInt8>, _ value: Span<UInt8>
  ) throws -> (key: Key, value: [UInt8])? {
    switch table {
    case "rows": return (Key(try number(key.bigEndianUInt32(at: 0), table)), Array(copying: value))
    case "ids": return (Key(key), RowNumber.encode(try number(RowNumber.decode(value), table)))
    case "texts":
      var changed = Key(key.bigEndianUInt64(at: 0) ?? 0)
      changed.append(try number(key.bigEndianUInt32(at: 8), table))
      return (changed, [])
    case "updates":
      return (
        Key(try number(key.bigEndianUInt32(at: 0), table)),
        RowNumber.encode(try number(RowNumber.decode(value), table))
      )
    case "meta":
      guard key.starts(with: "store"), key.count == 5 else { return nil }
      var record = try Table.decode(StoreRecord.self, value, table: table)
      record.nextRow = UInt32(map.count)
      return (Key(key), try Table.encode(record))
    case "indexes":
      var record = try Table.decode(IndexRecord.self, value, table: table)
      record.nextRow = map.count(below: record.nextRow)
      if let clustering = record.clustering {
        record.clustering?.mergedRow = map.count(below: clustering.mergedRow)
      }
      return (Key(key), try Table.encode(record))
    case "calibration":
      var record = try Table.decode(Calibration.self, value, table: table)
      record.rowEnd = record.rowEnd.map { map.count(below: $0) }
      return (Key(key), try Table.encode(record))
    default: return nil
    }
  }

  func number(_ row: UInt32?, _ table: String) throws -> UInt32 {
    if let row, let number = map.number(of: row) { return number }
    throw source.damaged(
      "the table \(table)", "it names row \(row.map(String.init) ?? "?"), which is not there")
  }

  /// One transaction: rows behind `last`, their texts compressed anew side by side.
  private func recompressBatch(after last: Key?) throws -> (last: Key?, count: Int) {
    guard let recompression else { return (nil, 0) }
    let (rows, values, key) = try readRows(after: last)
    var write = try target.beginWrite()
    for (row, value) in zip(rows, recompression.recompress(values)) {
      guard let value else { throw source.damaged("row \(row)", "its text cannot be read") }
      try tables.rows.append(value.span, at: Key(try number(row, "rows")), in: &write)
    }
    try write.commit()
    return (key, rows.count)
  }

  private func readRows(after last: Key?) throws -> (rows: [UInt32], values: [[UInt8]], Key?) {
    let snapshot = try source.environment.snapshot()
    var cursor = try source.tables.rows.cursor(in: snapshot)
    var isThere = try cursor.seek(after: last)
    var rows: [UInt32] = []
    var values: [[UInt8]] = []
    var bytes = 0
    while isThere, rows.count < Self.batchOfTexts, bytes < RangeWork.textLimitInBytes {
      let value = Array(copying: try cursor.value)
      rows.append(cursor.key.bigEndianUInt32(at: 0) ?? .max)
      bytes += PassageRecord.textSizeInBytes(value.span) ?? value.count
      values.append(value)
      isThere = try cursor.next()
    }
    return (rows, values, isThere ? rows.last.map { Key($0) } : nil)
  }

  private mutating func putDictionary() throws {
    guard let recompression else { return }
    try growingMap { compaction in
      var write = try compaction.target.beginWrite()
      try compaction.tables.dictionaries.put(
        recompression.content.span, at: Key(TextRecompression.dictionaryID), in: &write)
      try write.commit()
    }
  }

  /// Every table has as many records as before, what is cut anew and dictionaries aside.
  private func compareCounts() throws {
    let before = try source.environment.snapshot()
    let after = try target.snapshot()
    for (old, new) in zip(source.tables.all, tables.all)
    where !["fresh", "places"].contains(old.name)
      && (old.name != "dictionaries" || recompression == nil)
    {
      let (expected, found) = (try old.count(in: before), try new.count(in: after))
      if found != expected {
        throw StoreError.copyDiffers(
          path: source.path, what: "records of \(old.name)", copied: found, expected: expected)
      }
    }
  }
}

extension Cursor {
  /// To the least key that is greater; to the first of all where there is none to follow.
  @_lifetime(self: copy self)
  mutating func seek(after last: Key?) throws(LMDBError) -> Bool {
    guard let last else { return try first() }
    guard try seek(last) else { return false }
    return try next()
  }
}

extension Array where Element == UInt8 {
  init(copying bytes: Span<UInt8>) {
    self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
  }
}
