import IVF
import Testing

@testable import Pawl

@Suite struct SearchTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test("equal scores come in the order of the ids' UTF-8 bytes, at the last place too")
  func tiesAreOrderedByID() throws {
    let store = try Fixture.store(in: folder)
    let ids = ["z", "a", "B", "10", "9", "é", "\u{65}\u{301}", "😀", "\u{FF21}"]
    _ = try store.ingestAll(try folder.file("c.tsv", ids.map { "\($0)\tthe same text" }))
    let ordered = ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for k in 1...ids.count {
      let found = try store.query("anything", k: k).hits.map(\.id)
      #expect(found.map { Array($0.utf8) } == ordered.prefix(k).map { Array($0.utf8) })
    }
    try store.expectWhole(passages: ids.count)
  }

  @Test("ids that are canonically equivalent are two ids")
  func idsAreBytes() throws {
    let store = try Fixture.store(in: folder)
    let summary = try store.ingestAll(
      try folder.file("c.tsv", ["\u{E9}\tcomposed", "e\u{301}\tdecomposed"]))
    #expect(summary.newCount == 2)
    #expect(try store.passages(["\u{E9}"]).first?.text == "composed")
    #expect(try store.passages(["e\u{301}"]).first?.text == "decomposed")
    try store.expectWhole(passages: 2)
  }

  @Test("a passage finds itself with a score of 1", arguments: Codec.allCases)
  func scoresAreCosines(codec: Codec) throws {
    var settings = StoreSettings(model: Fixture.tinyModel)
    settings.codec = codec
    let store = try Store.create(at: folder.path + "/s.pawl", settings)
    _ = try store.ingestAll(Fixture.sampleCollection)
    let passage = try #require(try store.passages(["p001"]).first)
    let answer = try store.query(passage.text, k: 1)
    // int8 rounds each dimension by at most 1/254 of the largest one.
    let tolerance: Float = codec == .float32 ? 1e-6 : codec == .float16 ? 1e-3 : 1e-2
    let hit = try #require(answer.hits.first)
    #expect(abs(hit.score - 1) < tolerance)
    #expect(answer.version == "v1" && answer.searchedCount == 309 && answer.pendingCount == 0)
    try store.expectWhole(passages: 309)
  }

  @Test("prefixes are part of what is encoded")
  func prefixes() throws {
    var settings = StoreSettings(model: Fixture.tinyModel)
    settings.codec = .float32
    settings.queryPrefix = "query: "
    settings.passagePrefix = "passage: "
    let store = try Store.create(at: folder.path + "/s.pawl", settings)
    _ = try store.ingestAll(try folder.file("c.tsv", ["a\tquery: x", "b\tx"]))
    let plain = try Store.create(
      at: folder.path + "/t.pawl",
      {
        var settings = settings
        settings.queryPrefix = ""
        settings.passagePrefix = ""
        return settings
      }())
    _ = try plain.ingestAll(try folder.file("d.tsv", ["a\tpassage: query: x", "b\tpassage: x"]))
    let (with, without) = (try store.query("x", k: 2), try plain.query("query: x", k: 2))
    #expect(with.hits.map(\.score) == without.hits.map(\.score))
    try store.expectWhole(passages: 2)
  }

  @Test("a version or a passage that is not there is named")
  func unknownNames() throws {
    let store = try Fixture.store(in: folder)
    #expect(throws: StoreError.noVersion(path: store.path, name: "v9", known: ["v1"])) {
      try store.query("x", k: 1, version: "v9")
    }
    #expect(throws: StoreError.noPassage(path: store.path, id: "nobody")) {
      try store.passages(["nobody"])
    }
    #expect(throws: StoreError.noPassage(path: store.path, id: "")) { try store.passages([""]) }
  }
}
