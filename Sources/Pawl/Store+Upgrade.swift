internal import LMDB

extension Store {
  /// Brings a store of an older format to this one.
  ///
  /// 1 → 2: the tables `sets` and `jobs`, and the size of all texts in the store's record. 2 → 3: the
  /// tables of clustered indexes. 3 → 4: the number alone, so that a program that does not know the
  /// numeric path int12 says so. 4 → 5: the tables `adapters` and `used`. 5 → 6: a calibration is no longer an index's
  /// alone, but of the queries of a version: of the oldest that names the index; what others ask stays exact until
  /// it is measured. Killed half-way it is still a store of the old format, and the next opening does it again.
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
    var old: [(index: UInt32, calibration: Calibration)] = []
    var cursor = try tables.calibration.cursor(in: write)
    while try cursor.next() {
      guard let index = cursor.key.bigEndianUInt32(at: 0), cursor.key.count == 4 else { continue }
      old.append(
        (index, try Table.decode(Calibration.self, cursor.value, table: tables.calibration.name)))
    }
    for (index, calibration) in old {
      try tables.calibration.remove(Key(index), in: &write)
      if let version = try versionRecords(tables, in: write).first(where: {
        $0.index == index && !$0.isCollected
      }) {
        try tables.calibration.put(
          record: calibration, at: Calibration.key(index, version.queryDigest), in: &write)
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
