import Foundation
import IVF
import LMDB
import Testing

@testable import Pawl

@Suite struct CompactTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private var path: String { folder.path + "/s.pawl" }

  /// 3,000 passages of which most were updated or deleted, and 200 updates that wait to be embedded.
  private func prepared() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(
      try folder.file("a.tsv", Fixture.passages(0..<3_000) { "passage \($0) of \($0 % 97)" }))
    _ = try store.ingestAll(
      try folder.file("b.tsv", Fixture.passages(500..<2_200) { "other text \($0)" }))
    _ = try store.delete((100..<400).map { "p\($0)" } + (2_000..<2_300).map { "p\($0)" })
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    _ = try store.ingestAll(
      try folder.file("c.tsv", Fixture.passages(2_500..<2_700) { "pending \($0)" }), textOnly)
    try store.expectWhole(passages: 2_400, pending: 200)
    try store.environment.close()
  }

  private func answers(_ store: Store) throws -> [String] {
    try ["passage", "other text 7", "pending 2600"].flatMap {
      try store.query($0, k: 2_400).hits.map { "\($0.id) \($0.score.bitPattern) \($0.text)" }
    }
  }

  private func texts(_ store: Store) throws -> [String] {
    let ids = (0..<3_000).map { "p\($0)" }
    return try ids.compactMap { id in
      do {
        return try store.passages([id]).map { "\($0.id) \($0.text) \($0.isEmbedded)" }.first
      } catch StoreError.noPassage { return nil }
    }
  }

  /// Opens, looks, and closes.
  private func look<Result>(_ body: (Store) throws -> Result) throws -> Result {
    let store = try Store(path: path)
    let result = try body(store)
    try store.environment.close()
    return result
  }

  @Test("answers, texts and everything that names no row stay to the byte; rows have no gaps")
  func nothingLost() throws {
    try prepared()
    let before = try look { (try answers($0), try texts($0), try $0.recordBytes()) }
    let summary = try Store.compact(path)
    #expect(summary.rowCount == 2_600 && summary.rowNumbersBefore == 4_900)
    #expect(summary.bytesAfter < summary.bytesBefore && !summary.isRetrained)
    let store = try Store(path: path)
    try store.expectWhole(passages: 2_400, pending: 200)
    #expect(try answers(store) == before.0)
    #expect(try texts(store) == before.1)
    let after = try store.recordBytes()
    let renumbered: Set = ["rows", "ids", "texts", "updates", "indexes", "fresh", "meta"]
    for (name, records) in before.2 {
      #expect(after[name]?.count == records.count || name == "fresh", "\(name)")
      if !renumbered.contains(name) { #expect(after[name] == records, "\(name)") }
    }
    // Values of rows are the same bytes in the same order.
    #expect(after["rows"].map(values) == before.2["rows"].map(values))
    let snapshot = try store.environment.snapshot()
    #expect(try store.storeRecord(in: snapshot).nextRow == 2_600)
    #expect(try store.index(1, in: snapshot).nextRow == 2_400)
    #expect(try store.tables.updates.count(in: snapshot) == 200)
    #expect(try store.tables.fresh.count(in: snapshot) == 3)
  }

  private func values(_ records: [String]) -> [Substring] {
    records.map { $0.split(separator: " ")[1] }
  }

  @Test("pending updates are embedded afterwards, as if nothing had been")
  func goesOn() throws {
    try prepared()
    _ = try Store.compact(path)
    let store = try Store(path: path)
    _ = try store.ingestAll(
      try folder.file("d.tsv", Fixture.passages(2_690..<2_710) { "pending \($0)" }))
    try store.expectWhole(passages: 2_400)
    let texts = Set(try store.query("x", k: 3_000).hits.map(\.text))
    #expect(texts.contains("pending 2600") && !texts.contains("passage 2600 of \(2_600 % 97)"))
  }

  @Test("it is then no larger than 1.25 times a store that was made with the same passages")
  func shrinks() throws {
    try prepared()
    let texts = try look { store in
      try self.texts(store).map { $0.split(separator: " ", maxSplits: 1) }
    }
    let after = try Store.compact(path).bytesAfter
    let fresh = try Fixture.store(in: folder, "f.pawl")
    let lines = texts.map {
      "\($0[0])\t\($0[1].split(separator: " ").dropLast().joined(separator: " "))"
    }
    _ = try fresh.ingestAll(try folder.file("f.tsv", lines))
    try fresh.expectWhole(passages: 2_400)
    let size = try #require(Files.sizeInBytes(fresh.path + "/data.mdb"))
    #expect(Double(after) <= 1.25 * Double(size), "\(after) of \(size)")
  }

  @Test("compacting twice changes nothing more")
  func idempotent() throws {
    try prepared()
    _ = try Store.compact(path)
    let once = try look { try $0.recordBytes() }
    _ = try Store.compact(path)
    #expect(try look { try $0.recordBytes() } == once)
  }

  @Test("--retrain: one dictionary, made of today's texts; the texts are the same")
  func retraining() throws {
    try prepared()
    let before = try look { (try answers($0), try texts($0), try $0.recordBytes()) }
    var options = CompactionOptions()
    options.retrains = true
    #expect(try Store.compact(path, options).isRetrained)
    let store = try Store(path: path)
    try store.expectWhole(passages: 2_400, pending: 200)
    #expect(try answers(store) == before.0)
    #expect(try texts(store) == before.1)
    let after = try store.recordBytes()
    #expect(after["dictionaries"]?.count == 1 && after["dictionaries"] != before.2["dictionaries"])
    #expect(after["rows"].map(values) != before.2["rows"].map(values))
    for name in ["spaces", "versions", "history", "pointer", "sets", "jobs"] {
      #expect(after[name] == before.2[name], "\(name)")
    }
  }

  @Test("too few passages for a dictionary keep the texts as they are")
  func tooFewToRetrain() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<10)))
    let before = try store.recordBytes()
    try store.environment.close()
    var options = CompactionOptions()
    options.retrains = true
    #expect(try !Store.compact(path, options).isRetrained)
    #expect(try look { try $0.recordBytes() } == before)
  }

  @Test("the blocks of every index are cut, each by its own codec and width")
  func severalIndexes() throws {
    try prepared()
    try look { try self.addSecondIndex($0) }
    let before = try look { try answers($0) }
    _ = try Store.compact(path)
    let store = try Store(path: path)
    try store.expectWhole(passages: 2_400, pending: 200)
    #expect(try answers(store) == before)
    let snapshot = try store.environment.snapshot()
    #expect(try store.index(2, in: snapshot).count == 2_400)
    #expect(try store.tables.fresh.count(in: snapshot) == 6)
    let codes = try #require(try store.recordBytes()["fresh"])
    #expect(codes.count == 6)
    #expect(
      values(Array(codes[0..<3])) != values(Array(codes[3..<6])), "sealed bytes differ in codec")
  }

  /// Index 2 has the same rows as index 1, in the codec float32.
  private func addSecondIndex(_ store: Store) throws {
    var write = try store.environment.beginWrite()
    var record = try store.index(1, in: write)
    record.codec = .float32
    try store.tables.indexes.put(record: record, at: Key(UInt32(2)), in: &write)
    var version = try store.version("v1", in: write)
    (version.name, version.index, version.parent) = ("v2", 2, "v1")
    try store.tables.versions.put(record: version, at: "v2", in: &write)
    for number in UInt32(0)..<5 {
      var key = Key(UInt32(1))
      key.append(number)
      var rows: [UInt32] = []
      if let value = try store.tables.fresh.value(of: key, in: write) {
        let block = try CodeBlock(value)
        rows = (0..<block.count).map { block.row(at: $0) }
      }
      if rows.isEmpty { continue }
      var second = Key(UInt32(2))
      second.append(number)
      let bytes = Self.block(ofFloat32: rows)
      try store.tables.fresh.put(bytes.span, at: second, in: &write)
    }
    try write.commit()
  }

  /// As ARCHIVE.md draws it: header, codes of 32 dimensions, rows.
  private static func block(ofFloat32 rows: [UInt32]) -> [UInt8] {
    func bytes(_ number: UInt32) -> [UInt8] {
      [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
    let header =
      [1, 3, 0, 0] + bytes(32) + bytes(UInt32(rows.count)) + [UInt8](repeating: 0, count: 36)
    let codes = rows.flatMap { row in
      (0..<32).flatMap { bytes(Float(row * 32 + $0).bitPattern) }
    }
    return header + codes + rows.flatMap(bytes)
  }

  @Test("a store that somebody has open stays as it is")
  func inUse() throws {
    try prepared()
    let reader = try Store(path: path, access: .reading)
    var options = CompactionOptions()
    options.patience = .milliseconds(50)
    #expect(throws: LMDBError.alreadyOpen(path: path)) { _ = try Store.compact(path, options) }
    try reader.expectWhole(passages: 2_400, pending: 200)
    try reader.environment.close()
    let other = try OpenLock(path: path, kind: .shared, waitingAtMost: .zero)
    #expect(
      throws: LMDBError.inUse(path: path, by: [], .alone, waited: .milliseconds(50))
    ) { _ = try Store.compact(path, options) }
    _ = consume other
    _ = try Store.compact(path, options)
  }

  @Test("too little disk, a stop and a damaged table leave the store as it was and no leftovers")
  func nothingDone() throws {
    try prepared()
    let before = try look { try $0.recordBytes() }
    var options = CompactionOptions()
    options.freeBytes = 1_000
    do {
      _ = try Store.compact(path, options)
      Issue.record("it began on a full disk")
    } catch StoreError.noRoom(_, let needed, 1_000) { #expect(needed > 1_000) }
    #expect(throws: StoreError.stopped(path: path)) {
      _ = try Store.compact(path, progress: { $0.done < 3_000 })
    }
    #expect(try look { try $0.recordBytes() } == before)
    try look { store in
      var write = try store.environment.beginWrite()
      try store.tables.ids.put(RowNumber.encode(150).span, at: "p2999", in: &write)
      try write.commit()
    }
    do {
      _ = try Store.compact(path)
      Issue.record("an id without row was compacted")
    } catch StoreError.damaged(_, "the table ids", let problem) {
      #expect(problem == "it names row 150, which is not there")
    }
    #expect(!Files.names(in: path).contains(Store.compactionFolder))
    #expect(Files.exists(path + "/data.mdb"))
  }

  @Test("compact knows every table: a new one needs a thought here before this test passes")
  func knownTables() {
    #expect(
      StoreTables.names == [
        "meta", "dictionaries", "rows", "ids", "texts", "updates", "spaces", "indexes", "fresh",
        "centroids", "lists", "directory", "places", "calibration", "versions", "history",
        "pointer", "sets", "jobs",
        // Copied as they are: no row is named in them.
        "adapters", "used",
      ])
  }
}

@Suite struct RowMapTests {
  @Test("new numbers are the ranks of the rows, for every subset of few rows")
  func ranks() throws {
    for subset in 0..<1 << 8 {
      for spread in [UInt32(1), 13, 64] {
        let rows = (UInt32(0)..<8).filter { subset >> $0 & 1 == 1 }.map { $0 * spread }
        var map = RowMap(limit: 8 * spread)
        for row in rows {
          let isTaken = map.append(row)
          #expect(isTaken)
        }
        #expect(map.count == rows.count)
        for row in 0...8 * spread {
          let rank = UInt32(rows.count { $0 < row })
          let expected = rows.contains(row) ? rank : nil
          if map.number(of: row) != expected || map.count(below: row) != rank {
            Issue.record("row \(row) of \(rows)")
            return
          }
        }
      }
    }
  }

  @Test("rows out of order, twice or beyond the limit are refused")
  func refused() {
    var map = RowMap(limit: 100)
    let taken = [5, 70, 70, 69, 6, 200].map { map.append($0) }
    #expect(taken == [true, true, false, false, false, false])
    #expect(map.count == 2 && map.number(of: 200) == nil && map.count(below: .max) == 2)
  }
}
