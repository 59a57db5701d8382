import Corpus
import Foundation
import IVF
import LMDB
import Testing

@testable import Pawl

@Suite struct BatchSearchTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func store(_ codec: Codec, _ lines: [String]) throws -> Store {
    var settings = StoreSettings(model: Fixture.tinyModel)
    settings.codec = codec
    let store = try Store.create(at: folder.path + "/\(codec).pawl", settings)
    _ = try store.ingestAll(try folder.file("c.tsv", lines))
    return store
  }

  @Test(
    "a batch gives each query the passages and scores of a query alone", arguments: Codec.allCases)
  func batchEqualsSingleQueries(codec: Codec) throws {
    let store = try store(codec, Fixture.passages(0..<2_100) { "text \($0) of \($0 % 97)" })
    let texts = (0..<70).map { "text \($0 * 31) of something" }
    let queries = try folder.file(
      "q.tsv", texts.enumerated().map { "q\($0.offset)\t\($0.element)" })
    let out = folder.path + "/out.trec"
    let summary = try #require(try store.writeRun(of: .texts(queries), to: out, k: 25))
    #expect(summary.queryCount == 70 && summary.hitCount == 70 * 25)
    let run = try Run(path: out)
    for (number, text) in texts.enumerated() {
      let alone = try store.query(text, k: 25).hits
      let hits = run[Identifier("q\(number)")]
      #expect(hits.map(\.passage.text) == alone.map(\.id))
      for (hit, other) in zip(hits, alone) {
        // Equal scores were pulled apart, by a few units in the last place.
        #expect(abs(hit.score - other.score) <= 30 * other.score.ulp)
      }
    }
  }

  @Test("the more hits a query has, the fewer queries are in memory at once")
  func batchSize() throws {
    let search = try BatchSearch(store(.int8, Fixture.passages(0..<3_000)), version: nil)
    #expect(search.batchSize(k: 1) == 1_024 && search.batchSize(k: 1_000) == 1_024)
    #expect(search.batchSize(k: 2_000) == 524)
    // No query has more hits than there are passages.
    #expect(search.batchSize(k: .max) == search.batchSize(k: 3_000))
    #expect(search.batchSize(k: 3_000) == 349)
  }

  @Test("passages with equal texts come by id, with scores that fall as float32")
  func tiesFallStrictly() throws {
    let store = try store(.int8, (0..<50).map { "p\($0)\tthe same text" })
    let queries = try folder.file("q.tsv", ["q\tthe same"])
    let out = folder.path + "/out.trec"
    _ = try store.writeRun(of: .texts(queries), to: out, k: 20)
    let hits = try Run(path: out)["q"]
    #expect(hits.map(\.passage.text) == Array((0..<50).map { "p\($0)" }.sorted().prefix(20)))
    #expect(zip(hits, hits.dropFirst()).allSatisfy { $0.score > $1.score })
  }

  @Test("vectors of the model's own are answered like their texts")
  func vectorsLikeTexts() throws {
    let store = try store(.int8, Fixture.passages(0..<300))
    let texts = ["one", "two words", "and three words"]
    let model = try Model(directory: Fixture.tinyModel)
    let vectors = folder.path + "/q.npy"
    var writer = try VectorWriter(path: vectors, rowCount: 3, dimension: model.width)
    try writer.append(model.embed(texts).span)
    try writer.commit()
    let queries = try folder.file("q.tsv", texts.enumerated().map { "\($0.offset)\t\($0.element)" })
    let (a, b) = (folder.path + "/a.trec", folder.path + "/b.trec")
    _ = try store.writeRun(of: .texts(queries), to: a, k: 10)
    _ = try store.writeRun(of: .vectors(vectors, ids: nil), to: b, k: 10)
    #expect(
      try String(contentsOfFile: a, encoding: .utf8) == String(contentsOfFile: b, encoding: .utf8))
  }

  @Test("vectors of another width, too many ids, and vectors of zeros are refused")
  func badVectors() throws {
    let store = try store(.int8, Fixture.passages(0..<3))
    func file(_ name: String, width: Int, _ value: Float) throws -> String {
      let path = folder.path + "/" + name
      var writer = try VectorWriter(path: path, rowCount: 2, dimension: width)
      try writer.append([Float](repeating: value, count: 2 * width).span)
      try writer.commit()
      return path
    }
    let narrow = try file("narrow.npy", width: 31, 1)
    let fitting = try file("fitting.npy", width: 32, 1)
    let zeros = try file("zeros.npy", width: 32, 0)
    let ids = try folder.file("ids.txt", ["a", "b", "c"])
    let out = folder.path + "/out.trec"
    #expect(throws: StoreError.vectorWidth(file: narrow, width: 31, expected: 32)) {
      try store.writeRun(of: .vectors(narrow, ids: nil), to: out, k: 1)
    }
    #expect(throws: StoreError.vectorIDs(file: fitting, rowCount: 2, ids: ids, idCount: 3)) {
      try store.writeRun(of: .vectors(fitting, ids: ids), to: out, k: 1)
    }
    #expect(throws: CorpusError.vectors(path: zeros, fault: .zero(row: 0))) {
      try store.writeRun(of: .vectors(zeros, ids: nil), to: out, k: 1)
    }
    #expect(!Files.exists(out))
  }

  @Test("vectors are answered without the model's files")
  func vectorsNeedNoModel() throws {
    let store = try store(.int8, Fixture.passages(0..<30))
    let vectors = folder.path + "/q.npy"
    var writer = try VectorWriter(path: vectors, rowCount: 1, dimension: 32)
    let vector = try Model(directory: Fixture.tinyModel).embed(["passage number 7"])
    try writer.append(vector.span)
    try writer.commit()
    let expected = try store.query("passage number 7", k: 5).hits.map(\.id)
    try store.environment.close()
    try FileManager.default.removeItem(atPath: store.path + "/checkpoints")
    let reopened = try Store(path: store.path)
    let out = folder.path + "/out.trec"
    _ = try reopened.writeRun(of: .vectors(vectors, ids: nil), to: out, k: 5)
    #expect(try Run(path: out)["0"].map(\.passage.text) == expected)
    #expect(throws: StoreError.self) { try reopened.loadEncoder() }
  }

  @Test("a code of infinity is damage that a batch search names")
  func infiniteCode() throws {
    let store = try store(.float32, Fixture.passages(0..<3))
    var write = try store.environment.beginWrite()
    var key = Key(UInt32(1))
    key.append(UInt32(0))
    // The first float of the second code of 32.
    try store.tables.fresh.change(at: key, in: &write) {
      $0.replaceSubrange(48 + 128..<48 + 132, with: [0, 0, 0x80, 0x7f])
    }
    try write.commit()
    let queries = try folder.file("q.tsv", ["q\tone"])
    let out = folder.path + "/out.trec"
    let error = #expect(throws: StoreError.self) {
      try store.writeRun(of: .texts(queries), to: out, k: 3)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("the code of row 1 is damaged: its score is"))
    #expect(!Files.exists(out))
  }

  @Test("a space whose record has another width than its model is damage, not a trap")
  func wrongWidth() throws {
    let store = try store(.int8, Fixture.passages(0..<3))
    var write = try store.environment.beginWrite()
    let id = try store.index(1, in: write).space
    try store.tables.spaces.change(SpaceRecord.self, at: Key(id), in: &write) { $0.width = 31 }
    try write.commit()
    let queries = try folder.file("q.tsv", ["q\tone"])
    let error = #expect(throws: StoreError.self) {
      try store.writeRun(of: .texts(queries), to: folder.path + "/out.trec", k: 3)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("says 31 dimensions, its model has 32"))
  }

  @Test("asked to stop, a batch search writes nothing")
  func interrupted() throws {
    let store = try store(.int8, Fixture.passages(0..<3))
    let out = folder.path + "/out.trec"
    let queries = try folder.file("q.tsv", ["q\tone"])
    #expect(try store.writeRun(of: .texts(queries), to: out, k: 1) { _ in false } == nil)
    #expect(!Files.exists(out))
  }

  @Test("an id that two vectors of queries have is told with both lines")
  func repeatedID() throws {
    let fixture = try ListSearchFixture()
    let queries = QueryFile.vectors(
      try fixture.vectors.npy("q.npy", Array(fixture.queries.prefix(3))),
      ids: try folder.file("ids.txt", ["a", "b", "a"]))
    let error = #expect(throws: CorpusError.self) {
      try fixture.store.writeRun(of: queries, to: folder.path + "/o.trec", k: 3)
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("ids.txt:3") && text.contains("line 1"), "\(text)")
  }
}
