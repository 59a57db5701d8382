import Foundation
import IVF
import LMDB
import Testing

@testable import Pawl

/// What compact makes of clustered indexes.
@Suite struct CompactListsTests {
  /// Ids, bits of the scores and texts of answers, exact and through lists: a number of them, since for a
  /// recall a query may stop earlier where codes are in lists already.
  private func answers(_ store: Store) throws -> [String] {
    let efforts = [SearchEffort.exact, .probes(1), .probes(3), .probes(6)]
    return try efforts.flatMap { effort in
      try ["abcd in passage", "zz", "q"].flatMap { text in
        try store.query(text, k: 50, effort).hits.map {
          "\($0.id) \($0.score.bitPattern) \($0.text)"
        }
      }
    }
  }

  /// The list of each passage that has a code, by its id.
  private func lists(_ store: Store) throws -> [String: Int] {
    let snapshot = try store.environment.snapshot()
    let codes = try IndexCodes(store, CheckFixture.clustered, in: snapshot)
    var lists: [String: Int] = [:]
    var cursor = try store.tables.ids.cursor(in: snapshot)
    while try cursor.next() {
      let id = cursor.key.text
      let row = RowNumber.decode(try cursor.value) ?? .max
      lists[id] = try codes.places.list(of: row, in: snapshot)
    }
    return lists
  }

  private func look<Result>(_ path: String, _ body: (Store) throws -> Result) throws -> Result {
    let store = try Store(path: path)
    let result = try body(store)
    try store.environment.close()
    return result
  }

  @Test(
    "half-way through a merge: answers, lists, centroids and calibration stay, the merge is finished",
    arguments: Codec.allCases)
  func nothingLost(codec: Codec) throws {
    let fixture = try CheckFixture(codec: codec, listCount: 6)
    let path = try fixture.copy()
    let before = try look(path) { (try answers($0), try lists($0), try $0.recordBytes()) }
    let summary = try Store.compact(path)
    #expect(summary.rowCount == 3_402 && summary.rowNumbersBefore == 3_408)
    let after = try look(path) { store in
      try store.expectWhole(passages: 3_397, pending: 8)
      let snapshot = try store.environment.snapshot()
      let record = try store.index(CheckFixture.clustered, in: snapshot)
      #expect(record.nextRow == 3_394 && record.count == 3_394)
      #expect(record.clustering?.merging == nil)
      // Six rows below the merge's end are gone.
      #expect(record.clustering?.mergedRow == UInt32(3_066))
      #expect(try store.tables.places.count(in: snapshot) == 7)
      return (try answers(store), try lists(store), try store.recordBytes())
    }
    #expect(after.0 == before.0)
    #expect(after.1 == before.1)
    #expect(after.2["centroids"] == before.2["centroids"])
    #expect(after.2["calibration"]?.count == before.2["calibration"]?.count)
    // Blocks cross the boundary at which fresh codes begin.
    _ = try look(path) { store in
      let further = (6_000..<7_000).map { "p\($0)\tabc in passage \($0)" }
      _ = try store.ingestAll(try fixture.folder.file("f.tsv", further))
      try store.expectWhole(passages: 4_397)
    }
    _ = try Store.compact(path)
    let again = try look(path) { try $0.recordBytes() }
    _ = try Store.compact(path)
    #expect(try look(path) { try $0.recordBytes() } == again)
  }

  @Test("an index that a dead reindex left is not copied")
  func abandoned() throws {
    let fixture = try CheckFixture(listCount: 6)
    let path = try fixture.copy()
    try look(path) { try $0.plantAbandonedIndex() }
    _ = try Store.compact(path)
    try look(path) { store in
      try store.expectWhole(passages: 3_397, pending: 8)
      let snapshot = try store.environment.snapshot()
      #expect(try store.indexIDs(in: snapshot) == [CheckFixture.clustered])
      #expect(try store.tables.centroids.count(in: snapshot) == 1)
    }
  }

  @Test("a list that lost a block is damage, and the store stays as it was")
  func lostBlock() throws {
    let fixture = try CheckFixture(listCount: 6)
    let path = try fixture.copy()
    try look(path) { store in
      var write = try store.environment.beginWrite()
      try store.tables.lists.remove(InvertedLists.key(2, list: 5, block: 0), in: &write)
      try write.commit()
    }
    do {
      _ = try Store.compact(path)
      Issue.record("it was compacted")
    } catch StoreError.damaged(_, let object, _) { #expect(object == "index 2") }
    #expect(!Files.names(in: path).contains(Store.compactionFolder))
  }
}

extension Store {
  /// Index 9, as a reindex leaves it that was killed while it wrote lists.
  func plantAbandonedIndex(_ state: IndexState = .building) throws {
    var write = try environment.beginWrite()
    var record = try index(CheckFixture.clustered, in: write)
    record.state = state
    try tables.indexes.put(record: record, at: Key(UInt32(9)), in: &write)
    for table in tables.ofIndexes where table.name != "indexes" && table.name != "fresh" {
      for (suffix, bytes) in try values(of: table, in: write) {
        var key = Key(UInt32(9))
        for byte in suffix { key.append(byte) }
        try table.put(bytes.span, at: key, in: &write)
      }
    }
    try write.commit()
  }

  /// Values of the clustered index, each with what follows the index in its key.
  private func values(
    of table: Table, in write: borrowing WriteTransaction
  ) throws -> [([UInt8], [UInt8])] {
    var values: [([UInt8], [UInt8])] = []
    var cursor = try table.cursor(in: write)
    while try cursor.next() {
      let key = Array(copying: cursor.key)
      values.append((Array(key.dropFirst(4)), Array(copying: try cursor.value)))
    }
    return values
  }
}
