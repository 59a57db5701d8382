@testable import LMDB
import Testing

@testable import Pawl

@Suite struct UpgradeTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// The tables that a format had, and what was new in the next one.
  private static let names1 = [
    "meta", "dictionaries", "rows", "ids", "texts", "updates", "spaces", "indexes", "fresh",
    "versions", "history", "pointer",
  ]
  private static let names2 = names1 + ["sets", "jobs"]
  private static let names3 =
    names2 + ["centroids", "lists", "directory", "places", "calibration"]
  private static func names(ofFormat format: Int) -> [String] {
    [names1, names2, names3, names3, StoreTables.names, StoreTables.names][format - 1]
  }

  /// Rewrites a store's database as an older format had it.
  ///
  /// - Parameter lost: a table that it lacks, as if its name's page were lost.
  private func make(format: Int, _ store: Store, without lost: String? = nil) throws {
    let old = folder.path + "/format\(format)"
    let environment = try Environment.open(path: old, mode: .create)
    let names = Self.names(ofFormat: format).filter { $0 != lost }
    let tables = try environment.makeTables(named: names)
    var write = try environment.beginWrite()
    for table in tables {
      let source = try store.environment.table(named: table.name)
      try copy(source, of: store, to: table, format, in: &write)
    }
    var record = try store.storeRecord(in: store.environment.snapshot())
    record.format = format
    let record1 = StoreRecord1(
      format: format, created: record.created, nextRow: record.nextRow)
    if format == 1 {
      try tables[0].put(record: record1, at: "store", in: &write)
    } else {
      try tables[0].put(record: record, at: "store", in: &write)
    }
    try write.commit()
    try environment.close()
    try store.environment.close()
    try Files.rename(old + "/data.mdb", to: store.path + "/data.mdb")
  }

  private func copy(
    _ source: Table, of store: Store, to table: Table, _ format: Int,
    in write: inout WriteTransaction
  ) throws {
    let snapshot = try store.environment.snapshot()
    var cursor = try source.cursor(in: snapshot)
    while try cursor.next() {
      // Before format 6 it was an index's alone.
      var key = Key(cursor.key)
      if format < 6, table.name == "calibration", let index = cursor.key.bigEndianUInt32(at: 0) {
        key = Key(index)
      }
      try table.put(cursor.value, at: key, in: &write)
    }
  }

  @Test(
    "a store of an older format is brought to this one when it is opened, even for reading",
    arguments: [1, 2, 3, 4, 5, 6])
  func upgrade(format: Int) throws {
    let path: String
    let expected: [Hit]
    let size: Int
    do {
      let store = try Fixture.store(in: folder)
      _ = try store.ingestAll(Fixture.sampleCollection)
      path = store.path
      expected = try store.query("bread", k: 5).hits
      size = try store.statistics().textSizeInBytes
      try make(format: format, store)
    }
    #expect(try Store.check(at: path).problems == [], "before it is brought to another format")
    let store = try Store(path: path, access: .reading)
    #expect(try store.query("bread", k: 5).hits == expected)
    let figures = try store.statistics()
    #expect(figures.formatVersion == 7)
    #expect(figures.textSizeInBytes == size && size > 10_000)
    try store.expectWhole(passages: 309)
  }

  @Test(
    "an index's calibration is that of its versions' queries, unless they ask in several ways",
    arguments: [true, false])
  func calibration(isOneWay: Bool) throws {
    var (path, known): (String, Calibration?) = ("", nil)
    do {
      let store = try Fixture.store(in: folder)
      _ = try store.ingestAll(Fixture.sampleCollection)
      try store.cluster(8)
      known = try store.calibration()
      var options = ImportOptions(.version)
      (options.version, options.queryPrefix) = ("v1", isOneWay ? "" : "ask: ")
      _ = try store.importVersion(options)
      path = store.path
      try make(format: 5, store)
    }
    #expect(try Store.check(at: path).problems == [])
    let store = try Store(path: path)
    for name in ["v1", "v2"] {
      #expect(try store.calibration(version: name) == (isOneWay ? known : nil))
    }
    #expect(known != nil)
    try store.expectWhole(passages: 309)
  }

  @Test("a calibration that cannot be read does not keep anybody from an older store")
  func damagedCalibration() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    try store.cluster(8)
    let path = store.path
    try make(format: 5, store)
    do {
      let environment = try Environment.open(path: path, mode: .readWrite)
      let table = try environment.table(named: "calibration")
      let other = Table(name: "other", handle: table.handle, environment: environment.number)
      var write = try environment.beginWrite()
      try other.put(Array("{}".utf8).span, at: Key(UInt32(2)), in: &write)
      try write.commit()
      try environment.close()
    }
    let upgraded = try Store(path: path)
    #expect(try upgraded.calibration() == nil)
    #expect(try upgraded.query("bread", k: 5).hits.count == 5)
    try upgraded.expectWhole(passages: 309)
  }

  @Test("a store that was brought to this format can be clustered, searched, backed up, compacted")
  func goesOn() throws {
    let path: String
    do {
      let store = try Fixture.store(in: folder)
      _ = try store.ingestAll(Fixture.sampleCollection)
      path = store.path
      try make(format: 2, store)
    }
    var store = try Store(path: path)
    var options = ReindexOptions()
    options.listCount = 8
    let answers = try store.query("bread", k: 20).hits
    _ = try store.reindex(options)
    #expect(try store.query("bread", k: 20, .exact).hits == answers)
    try store.expectWhole(passages: 309)
    _ = try store.backup(to: folder.path + "/b.pawl", check: Store.checkHere)
    try store.environment.close()
    _ = try Store.compact(path)
    store = try Store(path: path)
    #expect(try store.query("bread", k: 20, .exact).hits == answers)
    try store.expectWhole(passages: 309)
  }

  @Test(
    "a store of an older format that lost a table is damaged, and does not get an empty one",
    arguments: [
      (1, "texts"), (2, "texts"), (2, "sets"), (3, "texts"), (3, "places"), (4, "sets"),
      (5, "used"), (6, "adapters"),
    ])
  func lostTable(format: Int, name: String) throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<3)))
    try make(format: format, store, without: name)
    for _ in 0..<2 {
      #expect(throws: Store.incomplete(store.path, "table \(name)")) { try Store(path: store.path) }
    }
  }

  @Test("who comes second to an upgrade finds nothing to do", arguments: [1, 2, 3, 4, 5, 6])
  func second(format: Int) throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<3)))
    let size = try store.statistics().textSizeInBytes
    try make(format: format, store)
    try Store.upgrade(store.path)
    try Store.upgrade(store.path)
    let upgraded = try Store(path: store.path)
    #expect(try upgraded.statistics().textSizeInBytes == size)
    try upgraded.expectWhole(passages: 3)
  }
}
