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

  @Test("a folder that is no store says so, and how to make one")
  func notAStore() throws {
    let error = StoreError.notAStore(path: folder.path)
    #expect(throws: error) { try Store(path: folder.path) }
    #expect(
      error.description
        == "\(folder.path): no Pawl store. Make one with: pawl init \(folder.path)")
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
    #expect(throws: StoreError.newerFormat(path: path, found: 2, known: 1)) {
      try Store(path: path)
    }
  }

  @Test("a checkpoint that changed is noticed before it encodes anything")
  func damagedCheckpoint() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", ["a\tone"]))
    let path = store.path
    try store.environment.close()
    let checkpoints = try FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")
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
