internal import LMDB

extension Store {
  /// Brings a store of an older format to this one.
  ///
  /// 1 → 2: the tables `sets` and `jobs`, and the size of all texts in the store's record. 2 → 3: the
  /// tables of clustered indexes. 3 → 4: the number alone, so that a program that does not know the
  /// numeric path int12 says so. 4 → 5: the tables `adapters` and `used`. 5 → 6: a calibration is no longer an index's
  /// alone, but of one way of asking it: one that cannot be read, or that several ways shared, goes, and searches are
  /// exact until it is measured again. 6 → 7: the number alone, so that a program that does not know bridges says so.
  /// Killed half-way it is still a store of the old format, and the next opening does it again.
  /// - Complexity: reads all rows once.
  static func upgrade(_ path: String) throws {
    // Alone: an older program that has it open would go on writing records of the old format.
    let environment = try Environment.open(path: path, mode: .readWrite, .alone)
    // No others: one that is lost must not come back empty.
    let format = try formatVersion(of: environment)
    let there = Set(StoreTables.names(ofFormat: format))
    _ = try environment.makeTables(named: StoreTables.names.filter { !there.contains($0) })
    let tables = try tables(of: environment)
    var write = try environment.beginWrite()
    // Another process may have done it between our two openings.
    if let record = try upgraded(tables, path, in: write) {
      try nameCalibrations(tables, in: &write)
      try tables.meta.put(record: record, at: "store", in: &write)
      try write.commit()
    }
    try environment.close()
  }

  /// The store's record in this format; nil where it is in this format already.
  private static func upgraded(
    _ tables: StoreTables, _ path: String, in write: borrowing WriteTransaction
  ) throws -> StoreRecord? {
    guard let format = try tables.meta.record(FormatRecord.self, at: "store", in: write)?.format
    else { throw incomplete(path, "store record") }
    if format >= Self.format { return nil }
    if format == 1, let old = try tables.meta.record(StoreRecord1.self, at: "store", in: write) {
      return StoreRecord(
        format: Self.format, created: old.created, nextRow: old.nextRow,
        textSizeInBytes: try textSize(of: tables.rows, path, in: write))
    }
    var record = try tables.meta.record(StoreRecord.self, at: "store", in: write)
    record?.format = Self.format
    return record
  }

  private static func nameCalibrations(
    _ tables: StoreTables, in write: inout WriteTransaction
  ) throws {
    let versions = try versionRecords(tables, in: write).filter { !$0.isCollected }
    var old: [(index: UInt32, value: [UInt8]?)] = []
    var cursor = try tables.calibration.cursor(in: write)
    while try cursor.next() {
      guard let index = cursor.key.bigEndianUInt32(at: 0), cursor.key.count == 4 else { continue }
      var value: [UInt8]?
      do { value = Array(copying: try cursor.value) } catch { value = nil }
      old.append((index, value))
    }
    for (index, value) in old {
      try tables.calibration.remove(Key(index), in: &write)
      let ways = Set(versions.filter { $0.index == index }.map(\.queryDigest))
      if let value, let way = ways.first, ways.count == 1 {
        try tables.calibration.put(value.span, at: Calibration.key(index, way), in: &write)
      }
    }
  }

  private static func textSize(
    of rows: Table, _ path: String, in write: borrowing WriteTransaction
  ) throws -> Int {
    var sum = 0
    var cursor = try rows.cursor(in: write)
    while try cursor.next() {
      guard let size = PassageRecord.textSizeInBytes(try cursor.value) else {
        throw StoreError.damaged(
          path: path, object: "row \(cursor.key.bigEndianUInt32(at: 0) ?? .max)",
          problem: "its text has no size")
      }
      sum += size
    }
    return sum
  }
}
