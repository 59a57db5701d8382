import LMDB
import Testing

@testable import Pawl

@Suite struct UpgradeTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// The tables of format 1.
  private static let names1 = StoreTables.names.filter { $0 != "sets" && $0 != "jobs" }

  /// Rewrites a store's database as format 1 had it.
  ///
  /// - Parameter lost: a table that it lacks, as if its name's page were lost.
  private func makeFormat1(_ store: Store, without lost: String? = nil) throws {
    let old = folder.path + "/format1"
    let environment = try Environment.open(path: old, mode: .create)
    let tables = try environment.makeTables(named: Self.names1.filter { $0 != lost })
    var write = try environment.beginWrite()
    for (table, source) in zip(tables, store.tables.all.filter { $0.name != lost }) {
      try copy(source, of: store, to: table, in: &write)
    }
    let record = try store.storeRecord(in: store.environment.snapshot())
    try tables[0].put(
      record: StoreRecord1(format: 1, created: record.created, nextRow: record.nextRow),
      at: "store", in: &write)
    try write.commit()
    try environment.close()
    try store.environment.close()
    try Files.rename(old + "/data.mdb", to: store.path + "/data.mdb")
  }

  private func copy(
    _ source: Table, of store: Store, to table: Table, in write: inout WriteTransaction
  ) throws {
    let snapshot = try store.environment.snapshot()
    var cursor = try source.cursor(in: snapshot)
    while try cursor.next() { try table.put(cursor.value, at: Key(cursor.key), in: &write) }
  }

  @Test("a store of format 1 is brought to format 2 when it is opened, even for reading")
  func upgrade() throws {
    let path: String
    let expected: [Hit]
    let size: Int
    do {
      let store = try Fixture.store(in: folder)
      _ = try store.ingestAll(Fixture.sampleCollection)
      path = store.path
      expected = try store.query("bread", k: 5).hits
      size = try store.statistics().textSizeInBytes
      try makeFormat1(store)
    }
    let store = try Store(path: path, access: .reading)
    #expect(try store.query("bread", k: 5).hits == expected)
    let figures = try store.statistics()
    #expect(figures.formatVersion == 2)
    #expect(figures.textSizeInBytes == size && size > 10_000)
    try store.expectWhole(passages: 309)
  }

  @Test("a store of format 1 that lost a table is damaged, and does not get an empty one")
  func lostTable() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<3)))
    try makeFormat1(store, without: "texts")
    for _ in 0..<2 {
      #expect(throws: Store.incomplete(store.path, "table texts")) { try Store(path: store.path) }
    }
  }

  @Test("who comes second to an upgrade finds nothing to do")
  func second() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<3)))
    let size = try store.statistics().textSizeInBytes
    try makeFormat1(store)
    try Store.upgrade(store.path)
    try Store.upgrade(store.path)
    let upgraded = try Store(path: store.path)
    #expect(try upgraded.statistics().textSizeInBytes == size)
    try upgraded.expectWhole(passages: 3)
  }
}
