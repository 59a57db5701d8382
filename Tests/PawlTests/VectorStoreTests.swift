import Corpus
import IVF
import LMDB
import Testing

@testable import Pawl

/// What every other verb does with a store of vectors that are made elsewhere.
@Suite struct VectorStoreTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private var queries: [[Float]] { VectorFixture.vectors(10, seed: 5) }

  /// 3,000 vectors, of which some were updated and some deleted.
  private func used(_ codec: Codec = .int8) throws -> Store {
    let store = try fixture.store(codec: codec)
    try fixture.fill(store, VectorFixture.vectors(3_000))
    try fixture.fill(
      store, VectorFixture.vectors(700, seed: 2), ids: VectorFixture.ids(800..<1_500))
    #expect(try store.delete(VectorFixture.ids(1_400..<1_600)).deletedCount == 200)
    try store.expectWhole(passages: 2_800)
    return store
  }

  @Test("a version says that it has no encoder, and a passage that it has no text")
  func figures() throws {
    let store = try used()
    let version = try #require(try store.versions().first)
    #expect(!version.hasEncoder && version.width == VectorFixture.width)
    #expect(version.embeddedCount == 2_800 && version.pendingCount == 0)
    let passage = try #require(try store.passages(["p3"]).first)
    #expect(passage.text == "" && passage.isEmbedded && passage.row == 3)
    let figures = try store.statistics()
    #expect(figures.textSizeInBytes == 0 && figures.passageCount == 2_800)
    #expect(figures.tables.first { $0.name == "texts" }?.entryCount == 0)
  }

  @Test("a deleted vector is not found, and comes back with another ingest")
  func deletes() throws {
    let store = try used()
    let vectors = VectorFixture.vectors(3_000)
    #expect(try fixture.nearest(store, vectors[1_550], k: 1) != ["p1550"])
    #expect(try fixture.fill(store, [vectors[1_550]], ids: ["p1550"]).newCount == 1)
    #expect(try fixture.nearest(store, vectors[1_550], k: 1) == ["p1550"])
    try store.expectWhole(passages: 2_801)
  }

  @Test("compact renumbers, and answers and further ingests stay right", arguments: [false, true])
  func compacts(retrains: Bool) throws {
    let store = try used()
    let before = try fixture.answers(store, queries, k: 100)
    try store.environment.close()
    var options = CompactionOptions()
    options.retrains = retrains
    let summary = try Store.compact(fixture.folder.path + "/s.pawl", options)
    #expect(summary.rowCount == 2_800 && !summary.isRetrained)
    let compacted = try Store(path: fixture.folder.path + "/s.pawl")
    #expect(try fixture.answers(compacted, queries, k: 100) == before)
    #expect(try fixture.fill(compacted, VectorFixture.vectors(800)).unchangedCount == 800)
    try fixture.fill(compacted, VectorFixture.vectors(10, seed: 8), ids: VectorFixture.ids(0..<10))
    try compacted.expectWhole(passages: 2_800)
  }

  @Test("backup and restore give the same answers, without any checkpoint")
  func copies() throws {
    let store = try used()
    let before = try fixture.answers(store, queries, k: 100)
    let (copy, back) = (fixture.folder.path + "/b.pawl", fixture.folder.path + "/r.pawl")
    let summary = try store.backup(to: copy, check: Store.checkHere)
    #expect(summary.checkpointCount == 0 && summary.codeCount == 2_800 && summary.isVerified)
    _ = try Store.restore(from: copy, to: back)
    let restored = try Store(path: back)
    #expect(try fixture.answers(restored, queries, k: 100) == before)
    try restored.expectWhole(passages: 2_800)
  }

  @Test("gc finds nothing to remove")
  func garbage() throws {
    let report = try used().collectGarbage()
    #expect(report.removed.isEmpty && report.left.isEmpty)
  }

  @Test("whatever needs an encoder says that there is none, before anything is written")
  func noEncoder() throws {
    let store = try used()
    let path = store.path
    let error = StoreError.noEncoder(path: path)
    let collection = try fixture.folder.file("c.tsv", ["a\ttext"])
    let texts = try fixture.folder.file("q.tsv", ["q\tone"])
    let qrels = try fixture.folder.file("r.tsv", ["q 0 p1 1"])
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    #expect(throws: error) { try store.ingestAll(collection) }
    #expect(throws: error) { try store.ingestAll(collection, textOnly) }
    #expect(throws: error) { try store.query("one", k: 1) }
    #expect(throws: error) { try store.explain("one") }
    #expect(throws: error) { try store.loadEncoder() }
    let out = fixture.folder.path + "/out.trec"
    #expect(throws: error) { try store.writeRun(of: .texts(texts), to: out, k: 1) }
    #expect(!Files.exists(out))
    let set = try EvaluationSet(queries: texts, qrels: qrels)
    #expect(throws: error) { try store.evaluate(set) }
    #expect(
      error.description
        == "\(path): this store has no text encoder: its vectors are made elsewhere "
        + "(pawl init --dimension). Add vectors with: pawl ingest \(path) --vectors X.npy --ids "
        + "ids.txt; search with: pawl search \(path) --vectors Q.npy --run out.trec; get them back with: "
        + "pawl export \(path) --vectors X.npy --ids ids.txt")
    try store.expectWhole(passages: 2_800)
  }

  @Test("a store that embeds texts takes no vectors, and says where they could go")
  func hasEncoder() throws {
    let store = try Fixture.store(in: fixture.folder, "t.pawl")
    let error = #expect(throws: StoreError.self) {
      try fixture.fill(store, VectorFixture.vectors(3))
    }
    #expect(error == .hasEncoder(path: store.path, version: "v1", width: 32))
    #expect(error?.description.hasSuffix("pawl init OTHER.pawl --dimension 32") == true)
    try store.expectWhole(passages: 0)
  }

  @Test("vectors of another width, and ids that are not as many, are refused by both numbers")
  func mismatches() throws {
    let store = try fixture.store()
    let narrow = try fixture.npy("n.npy", [[1, 0, 0]], width: 3)
    let ids = try fixture.folder.file("one.txt", ["a"])
    #expect(throws: StoreError.vectorWidth(file: narrow, width: 3, expected: 24)) {
      try store.ingest(vectors: narrow, ids: ids) { _ in true }
    }
    let three = try fixture.npy("three.npy", VectorFixture.vectors(3))
    let error = StoreError.vectorIDs(file: three, rowCount: 3, ids: ids, idCount: 1)
    #expect(throws: error) { try store.ingest(vectors: three, ids: ids) { _ in true } }
    #expect(
      error.description
        == "\(three) has 3 vectors, but \(ids) has 1 ids. Give one id for each vector.")
    try store.expectWhole(passages: 0)
  }

  @Test("the dimension of a store has bounds")
  func dimensions() throws {
    for dimension in [0, -1, 16_385] {
      #expect(throws: StoreError.dimension(dimension, maximum: 16_384)) {
        try Store.create(at: fixture.folder.path + "/d.pawl", dimension: dimension)
      }
    }
    #expect(
      StoreError.dimension(0, maximum: 16_384).description
        == "a vector of 0 dimensions: a store takes 1 to 16384.")
    let widest = try Store.create(at: fixture.folder.path + "/w.pawl", dimension: 16_384)
    let file = try fixture.npy("w.npy", [[Float](repeating: 1, count: 16_384)], width: 16_384)
    let ids = try fixture.folder.file("w.txt", ["w"])
    #expect(try widest.ingest(vectors: file, ids: ids) { _ in true }.normalizedCount == 1)
    try widest.expectWhole(passages: 1)
  }
}
