import IVF
import Foundation
@testable import LMDB
import LinearAlgebra
import Testing

@testable import Pawl

/// Damages of the files' bytes.
@Suite struct CheckFileTests {
  /// What is planted here; the places are counted by the loops below.
  static let kinds: Set<CheckProblemKind> = [
    .checksum, .file, .tableMissing, .checkpointFile, .checkpointDigest,
  ]
  static let placeCount = 90 + 11 + 19 + 20

  /// One stored value: where it is, as people call it, and its bytes in the file.
  private struct Stored {
    let object: String
    /// What identifies it, and how many bytes of that belong to the value.
    let pattern: [UInt8]
    let valueLength: Int
  }

  /// Jobs are gone when the work is done.
  @Test(
    "a changed bit in a value of any table is found and named",
    arguments: StoreTables.names.indices.filter { StoreTables.names[$0] != "jobs" })
  func flips(place: Int) throws {
    let fixture = try CheckFixture(listCount: 6)
    let name = StoreTables.names[place]
    for seed in 0..<5 {
      let path = try fixture.copy()
      var random = SplitMix64(seed: UInt64(seed * 100 + place))
      let stored = try stored(in: path, name, &random)
      let byte = stored.pattern.count - stored.valueLength + random.below(stored.valueLength)
      try flip(stored.pattern, byte: byte, bit: random.below(8), in: path)
      let damage = Damage(.checksum, "a bit in \(name)", places: 1) { _, _, _ in "" }
      try fixture.expectFound(damage, stored.object, in: path, seed)
      try FileManager.default.removeItem(atPath: path)
    }
  }

  /// A random value of a table, with its key in front unless it has pages of its own.
  private func stored(
    in path: String, _ name: String, _ random: inout SplitMix64
  ) throws -> Stored {
    let store = try Store(path: path, access: .reading)
    defer { try? store.environment.close() }
    let table = try store.environment.table(named: name)
    let snapshot = try store.environment.snapshot()
    var cursor = try table.cursor(in: snapshot)
    for _ in 0...random.below(try table.count(in: snapshot)) { _ = try cursor.next() }
    let key = (0..<cursor.key.count).map { cursor.key[$0] }
    let value = try cursor.value
    var bytes = (0..<value.count).map { value[$0] } + [0, 0, 0, 0]
    bytes.withUnsafeMutableBytes { bytes in
      key.withUnsafeBytes { table.seal.close(bytes, key: $0) }
    }
    return Stored(
      object: StoreObject.name(of: key.span, in: name),
      pattern: bytes.count < 1_500 ? key + bytes : bytes, valueLength: bytes.count)
  }

  /// Changes a bit wherever the pattern is, also in pages that are not used any more.
  private func flip(_ pattern: [UInt8], byte: Int, bit: Int, in path: String) throws {
    let file = URL(filePath: path + "/data.mdb")
    var bytes = try Data(contentsOf: file)
    var count = 0
    while let range = bytes.range(of: Data(pattern)) {
      bytes[range.lowerBound + byte] ^= 1 << UInt8(bit)
      count += 1
    }
    #expect(count > 0)
    try bytes.write(to: file)
  }

  @Test("a value that was written for another table is found")
  func otherTable() throws {
    let fixture = try CheckFixture()
    for place in 0..<11 {
      let damage = Damage(.checksum, "a value of another table", places: 1) {
        store, write, random in
        let tables = [store.tables.ids, store.tables.rows, store.tables.fresh]
        let table = tables[place % tables.count]
        var key = Key()
        switch table.name {
        case "ids": key = Key("p\(random.plainRow())")
        case "rows": key = Key(random.plainRow())
        default: key.append(UInt64(1) << 32)
        }
        let bytes = try table.bytes(at: key, in: write)
        let other = Table(
          name: "other", handle: table.handle, environment: store.environment.number)
        try other.put(bytes, at: key, in: &write)
        return StoreObject.name(of: key.bytes, in: table.name)
      }
      try fixture.expectFound(damage)
    }
  }

  @Test("a table that is not there is found, and the rest is checked", arguments: StoreTables.names)
  func missingTable(name: String) throws {
    let fixture = try CheckFixture(listCount: 6)
    let path = try fixture.copy()
    try rebuild(path, without: name)
    let damage = Damage(.tableMissing, "no table \(name)", places: 1) { _, _, _ in "" }
    try fixture.expectFound(damage, "table \(name)", in: path, 0)
  }

  /// Writes all tables but one into a new data.mdb.
  private func rebuild(_ path: String, without name: String) throws {
    let names = StoreTables.names.filter { $0 != name }
    let target = path + "/new"
    do {
      let store = try Store(path: path, access: .reading)
      let new = try Environment.open(path: target, mode: .create)
      let tables = try new.makeTables(named: names)
      var write = try new.beginWrite()
      let snapshot = try store.environment.snapshot()
      for table in tables {
        var cursor = try store.environment.table(named: table.name).cursor(in: snapshot)
        while try cursor.next() {
          try table.put(try cursor.value, at: Key(cursor.key), in: &write)
        }
      }
      try write.commit()
      try new.close()
    }
    try FileManager.default.removeItem(atPath: path + "/data.mdb")
    try FileManager.default.moveItem(atPath: target + "/data.mdb", toPath: path + "/data.mdb")
    try FileManager.default.removeItem(atPath: target)
  }

  @Test("missing, shorter and changed files of a model are found and named")
  func checkpoints() throws {
    let fixture = try CheckFixture()
    for place in 0..<20 {
      var random = SplitMix64(seed: UInt64(place))
      let path = try fixture.copy()
      let folder = try checkpoint(in: path)
      let names =
        FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
        .filter { $0.hasSuffix(".json") || $0.hasSuffix(".safetensors") }.sorted() ?? []
      let name = names[random.below(names.count)]
      let file = URL(filePath: folder + "/" + name)
      var bytes = try Data(contentsOf: file)
      switch place % 3 {
      case 0: try FileManager.default.removeItem(at: file)
      case 1: try bytes.prefix(random.below(bytes.count)).write(to: file)
      default:
        bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
        try bytes.write(to: file)
      }
      let damage = Damage(.checkpointFile, "a file of a model", places: 1) { _, _, _ in "" }
      try fixture.expectFound(damage, name, in: path, place)
    }
  }

  private func checkpoint(in path: String) throws -> String {
    // Sorted: its packed weights come behind it.
    path + "/checkpoints/" + (try #require(Files.names(in: path + "/checkpoints").first))
  }

  @Test("a model whose files are those of the record, but not those of its name, is found")
  func digest() throws {
    let fixture = try CheckFixture()
    let path = try fixture.copy()
    let file = try checkpoint(in: path) + "/sentence_bert_config.json"
    let old = try String(contentsOfFile: file, encoding: .utf8)
    try (old + "\n").write(toFile: file, atomically: false, encoding: .utf8)
    do {
      let store = try Store(path: path)
      var write = try store.environment.beginWrite()
      let space = try store.version("v1", in: write).space
      try store.tables.spaces.change(SpaceRecord.self, at: Key(space), in: &write) { record in
        record.files.removeAll { $0.name == "sentence_bert_config.json" }
      }
      try write.commit()
    }
    let damage = Damage(.checkpointDigest, "another model", places: 1) { _, _, _ in "" }
    try fixture.expectFound(damage, "checkpoints/", in: path, 0)
  }

  @Test("a folder of no version is a note once it is old enough and no command is at work")
  func orphans() throws {
    let fixture = try CheckFixture()
    let path = try fixture.copy()
    try FileManager.default.createDirectory(
      atPath: path + "/checkpoints/0123", withIntermediateDirectories: true)
    #expect(try Store.check(at: path).notes == [])
    /// The notes of a check for which every folder is old enough.
    func notes() throws -> [String] {
      let environment = try Environment.open(path: path, mode: .readOnly)
      var check = StoreCheck(path, environment) { _ in }
      check.minimumOrphanAgeInSeconds = 0
      let report = try check.run()
      #expect(report.problems == [])
      try environment.close()
      return report.notes
    }
    #expect(try notes() == ["checkpoints/0123 belongs to no version: pawl gc removes it"])
    do {
      let store = try Store(path: path)
      _ = try store.beginJob(JobRecord.backup)
      try store.environment.close()
    }
    #expect(try notes() == [])
  }

  @Test("a data.mdb that was cut short, emptied or overwritten is found before it is read")
  func truncation() throws {
    let fixture = try CheckFixture()
    let damage = Damage(.file, "data.mdb", places: 1) { _, _, _ in "" }
    for place in 0..<8 {
      let path = try fixture.copy()
      let file = URL(filePath: path + "/data.mdb")
      let bytes = try Data(contentsOf: file)
      switch place {
      case 0: try Data().write(to: file)
      case 1: try bytes.prefix(100).write(to: file)
      case 2: try Data(repeating: 7, count: bytes.count).write(to: file)
      default: try bytes.prefix(bytes.count * place / 10).write(to: file)
      }
      try fixture.expectFound(damage, "data.mdb", in: path, place)
      #expect(throws: (any Error).self) { try Store(path: path) }
    }
  }
}
