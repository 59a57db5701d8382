import Foundation
import LMDB
import Testing

@testable import Pawl

@Suite struct StoreTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test("making a store where something is, is refused and changes nothing")
  func existingPath() throws {
    let path = try folder.file("taken.pawl", ["precious"])
    #expect(throws: StoreError.exists(path: path)) {
      try Store.create(at: path, StoreSettings(model: Fixture.tinyModel))
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken.pawl"])
  }

  @Test("a model that cannot be used leaves nothing behind")
  func badModel() throws {
    #expect(throws: (any Error).self) {
      try Store.create(
        at: folder.path + "/s.pawl", StoreSettings(model: folder.path + "/no-model"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test("what is not there, and what is no store, are told apart")
  func notAStore() throws {
    let none = folder.path + "/none.pawl"
    let missing = StoreError.notAStore(path: none)
    #expect(throws: missing) { try Store(path: none) }
    #expect(missing.description == "\(none): no Pawl store. Make one with: pawl init \(none)")
    #expect(throws: StoreError.foreign(path: folder.path)) { try Store(path: folder.path) }
    let file = try folder.file("file.tsv", ["a\tb"])
    #expect(throws: StoreError.foreign(path: file)) { try Store(path: file) }
  }

  @Test("what a killed init left is removed, but nothing that a link points at")
  func leftovers() throws {
    let precious = folder.path + "/precious"
    let files = FileManager.default
    try files.createDirectory(atPath: precious + "/sub", withIntermediateDirectories: true)
    // No process has the highest number: pid_max is lower.
    let left = folder.path + "/s.pawl.partial-999999998"
    try files.createDirectory(atPath: left + "/checkpoints", withIntermediateDirectories: true)
    try files.createSymbolicLink(atPath: left + "/link", withDestinationPath: precious)
    try files.createSymbolicLink(
      atPath: folder.path + "/s.pawl.partial-999999999", withDestinationPath: precious)
    _ = try Fixture.store(in: folder)
    #expect(!files.fileExists(atPath: left))
    #expect(files.fileExists(atPath: precious + "/sub"))
  }

  @Test("a store of a newer format is refused")
  func newerFormat() throws {
    let path = folder.path + "/s.pawl"
    do {
      let store = try Fixture.store(in: folder)
      var write = try store.environment.beginWrite()
      var record = try store.storeRecord(in: write)
      record.format = Store.format + 1
      try store.tables.meta.put(record: record, at: "store", in: &write)
      try write.commit()
      try store.environment.close()
    }
    #expect(
      throws: StoreError.newerFormat(path: path, found: Store.format + 1, known: Store.format)
    ) {
      try Store(path: path)
    }
  }

  @Test("a checkpoint that changed is noticed before it encodes anything")
  func damagedCheckpoint() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", ["a\tone"]))
    let path = store.path
    try store.environment.close()
    let checkpoints = Files.names(in: path + "/checkpoints")
    let file = "\(path)/checkpoints/\(try #require(checkpoints.first))/model.safetensors"
    var bytes = try Data(contentsOf: URL(filePath: file))
    bytes[bytes.count - 5] ^= 1
    try bytes.write(to: URL(filePath: file))
    let damaged = try Store(path: path)
    #expect {
      try damaged.query("one", k: 1)
    } throws: { error in
      "\(error)".contains("model.safetensors is damaged")
    }
    #expect(try damaged.check().problems.contains { $0.contains("model.safetensors") })
  }

  @Test("damage to a record is found by check and named")
  func damagedRows() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    var write = try store.environment.beginWrite()
    try store.tables.ids.remove("p001", in: &write)
    try store.tables.rows.remove(Key(UInt32(7)), in: &write)
    try write.commit()
    let problems = try store.check().problems
    #expect(problems.contains { $0.contains("p001") && $0.contains("points at nothing") })
    #expect(problems.contains { $0.contains("row 7") })
  }

  @Test("an id that points at another id's row is damage, and nothing is removed for it")
  func crossedIDs() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", ["a\tone", "b\ttwo"]))
    var write = try store.environment.beginWrite()
    try store.tables.ids.put(RowNumber.encode(1).span, at: "a", in: &write)
    try write.commit()
    let update = try folder.file("u.tsv", ["a\tthree"])
    let error = store.damaged("the id a", "row 1, which it points at, is not its row")
    #expect(throws: error) { try store.ingestAll(update) }
    #expect(throws: error) { try store.passages(["a"]) }
    #expect(try store.passages(["b"]).map(\.text) == ["two"])
  }

  @Test("blocks of codes that cannot be are damage, whatever their checksums say")
  func impossibleBlocks() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", ["a\tone", "b\ttwo"]))
    var key = Key(UInt32(1))
    key.append(UInt32(0))
    var block: [UInt8] = []
    do {
      let snapshot = try store.environment.snapshot()
      if let value = try store.tables.fresh.value(of: key, in: snapshot) {
        for index in 0..<value.count { block.append(value[index]) }
      }
    }
    #expect(block.count > 48)
    /// Stores the block with some bytes changed, and expects query and check to say so.
    func expectDamage(_ change: (inout [UInt8]) -> Void) throws {
      var bytes = block
      change(&bytes)
      var write = try store.environment.beginWrite()
      try store.tables.fresh.put(bytes.span, at: key, in: &write)
      try write.commit()
      #expect(try !store.check().problems.isEmpty)
    }
    // Sizes whose product overflows; another codec; another width; rows out of order; a bad scale.
    try expectDamage { for index in 4..<12 { $0[index] = 0xff } }
    #expect(throws: StoreError.self) { try store.query("x", k: 1) }
    try expectDamage { $0[1] = 9 }
    #expect(throws: StoreError.self) { try store.query("x", k: 1) }
    try expectDamage { $0[1] = 3 }
    #expect(throws: StoreError.self) { try store.query("x", k: 1) }
    try expectDamage { $0.swapAt($0.count - 4, $0.count - 8) }
    #expect(throws: StoreError.self) {
      try store.ingestAll(try folder.file("d.tsv", ["c\tthree"]))
    }
    try expectDamage {
      $0.replaceSubrange($0.count - 16..<$0.count - 12, with: [0, 0, 0xc0, 0x7f])
    }
  }

  @Test("readers see whole batches while another thread writes")
  func readersDuringIngest() async throws {
    let store = try Fixture.store(in: folder)
    let file = try folder.file("c.tsv", Fixture.passages(0..<6_000))
    let writer = Task.detached { _ = try store.ingestAll(file) }
    var answers = 0
    while answers < 50 {
      let answer = try store.query("passage number 17", k: 5)
      #expect(answer.hits.count == min(5, answer.searchedCount))
      answers += 1
    }
    try await writer.value
    try store.expectWhole(passages: 6_000)
  }
}
