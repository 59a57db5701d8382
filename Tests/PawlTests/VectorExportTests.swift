import Corpus
import Foundation
import IVF
import LMDB
import Testing

@testable import Pawl

@Suite struct VectorExportTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private var file: String { fixture.folder.path + "/out.npy" }
  private var ids: String { fixture.folder.path + "/out.txt" }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: name)) }

  private func vectors(_ name: String) throws -> [[Float]] {
    var reader = try VectorReader(path: name)
    var part: [Float] = []
    var rows: [[Float]] = []
    while try reader.read(rows: 1, into: &part) > 0 { rows.append(part) }
    return rows
  }

  /// The codes of a store as they lie in its blocks.
  private func blocks(_ store: Store) throws -> [[UInt8]] {
    let snapshot = try store.environment.snapshot()
    var blocks: [[UInt8]] = []
    var cursor = try store.tables.fresh.cursor(in: snapshot)
    while try cursor.next() { blocks.append(Array(copying: try cursor.value)) }
    return blocks
  }

  @Test(
    "exported and ingested again, codes, scales and answers are the same bits",
    arguments: Codec.allCases)
  func roundTrip(codec: Codec) throws {
    let store = try fixture.store(codec: codec)
    try fixture.fill(store, VectorFixture.vectors(5_000))
    let summary = try #require(try store.exportVectors(to: file, ids: ids))
    #expect(summary.vectorCount == 5_000 && summary.width == VectorFixture.width)
    let copy = try fixture.store("copy.pawl", codec: codec)
    let ingest = try copy.ingest(vectors: file, ids: ids) { _ in true }
    #expect(ingest.newCount == 5_000 && ingest.normalizedCount == 0)
    #expect(try blocks(copy) == blocks(store))
    let queries = VectorFixture.vectors(20, seed: 4)
    #expect(
      try fixture.answers(copy, queries, k: 100) == fixture.answers(store, queries, k: 100))
    #expect(try store.ingest(vectors: file, ids: ids) { _ in true }.unchangedCount == 5_000)
  }

  @Test("what is written is near to what was given: in the order of the rows, without gaps")
  func content() throws {
    let store = try fixture.store(codec: .float32)
    let given = VectorFixture.vectors(2_000)
    try fixture.fill(store, given)
    _ = try store.delete(VectorFixture.ids(0..<1_100))
    _ = try fixture.fill(store, VectorFixture.vectors(1, seed: 2), ids: ["p1500"])
    let summary = try #require(try store.exportVectors(to: file, ids: ids))
    #expect(summary.vectorCount == 900)
    let rows = Array(1_100..<1_500) + Array(1_501..<2_000)
    let expected = rows.map { given[$0] } + VectorFixture.vectors(1, seed: 2)
    #expect(try vectors(file) == expected)
    let names = rows.map { "p\($0)" } + ["p1500"]
    #expect(
      try String(contentsOfFile: ids, encoding: .utf8) == names.map { $0 + "\n" }.joined())
  }

  @Test(
    "a store with an encoder gives its model's vectors; what is pending is left out and counted")
  func ofTexts() throws {
    let store = try Fixture.store(in: fixture.folder, "t.pawl")
    _ = try store.ingestAll(try fixture.folder.file("a.tsv", ["a\tone", "b\ttwo words"]))
    _ = try store.ingestAll(try fixture.folder.file("c.tsv", ["c\tthree"]), Self.textOnly)
    let summary = try #require(try store.exportVectors(to: file, ids: ids, version: "v1"))
    #expect(summary.version == "v1" && summary.vectorCount == 2 && summary.pendingCount == 1)
    let embedded = try Model(directory: Fixture.tinyModel).embed(["one", "two words"])
    let flat = try vectors(file).flatMap(\.self)
    #expect(flat.count == 64 && zip(flat, embedded).allSatisfy { abs($0 - $1) < 0.01 })
    let copy = try Store.create(at: fixture.folder.path + "/v.pawl", dimension: 32)
    #expect(try copy.ingest(vectors: file, ids: ids) { _ in true }.newCount == 2)
  }

  private static var textOnly: IngestOptions {
    var options = IngestOptions()
    options.textOnly = true
    return options
  }

  @Test("an empty store gives two files without rows")
  func empty() throws {
    let store = try fixture.store()
    #expect(try store.exportVectors(to: file, ids: ids)?.vectorCount == 0)
    #expect(try vectors(file).isEmpty && bytes(ids).isEmpty)
    #expect(try store.ingest(vectors: file, ids: ids) { _ in true }.readCount == 0)
  }

  @Test("a file of the store, or one file for both, is refused")
  func places() throws {
    let store = try fixture.store()
    try fixture.fill(store, VectorFixture.vectors(3))
    let inside = store.path + "/data.mdb"
    #expect(throws: StoreError.outputOverInput(path: inside, input: "the store")) {
      try store.exportVectors(to: inside, ids: ids)
    }
    let same = fixture.folder.path + "/./out.npy"
    #expect(throws: StoreError.outputOverInput(path: same, input: "the vectors")) {
      try store.exportVectors(to: file, ids: same)
    }
    #expect(!Files.exists(file) && !Files.exists(ids))
    try store.expectWhole(passages: 3)
  }

  @Test("stopped, an export writes nothing, and leaves what was there")
  func stopped() throws {
    let store = try fixture.store()
    try fixture.fill(store, VectorFixture.vectors(3_000))
    try "before".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try store.exportVectors(to: file, ids: ids) { _ in false } == nil)
    #expect(try bytes(file) == Data("before".utf8) && !Files.exists(ids))
  }

  @Test("a record that counts another number of codes is damage, not a trap", arguments: [-1, 1])
  func wrongCount(change: Int) throws {
    let store = try fixture.store()
    try fixture.fill(store, VectorFixture.vectors(3_000))
    var write = try store.environment.beginWrite()
    try store.tables.indexes.change(IndexRecord.self, at: Key(UInt32(1)), in: &write) {
      $0.count += change
      $0.nextRow += 1
    }
    try write.commit()
    let error = #expect(throws: StoreError.self) { try store.exportVectors(to: file, ids: ids) }
    #expect(error?.description.contains("index 1 is damaged") == true)
    #expect(!Files.exists(file) && !Files.exists(ids))
  }
}
