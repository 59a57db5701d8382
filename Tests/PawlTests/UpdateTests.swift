import Testing

@testable import Pawl

@Suite struct UpdateTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private var textOnly: IngestOptions {
    var options = IngestOptions()
    options.textOnly = true
    return options
  }

  @Test("an update is a new row; the old text is found until the new one is embedded")
  func updateKeepsTheOldTextFindable() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", ["a\told words", "b\tsomething else"]))
    let update = try folder.file("b.tsv", ["a\tnew words entirely"])
    let stored = try store.ingestAll(update, textOnly)
    #expect(stored.updatedCount == 1)
    #expect(
      try store.query("words", k: 5).hits.map(\.text).sorted() == ["old words", "something else"])
    #expect(try store.passages(["a"]).first?.text == "new words entirely")
    try store.expectWhole(passages: 2, pending: 1)
    _ = try store.ingestAll(update)
    #expect(
      try store.query("words", k: 5).hits.map(\.text).sorted()
        == ["new words entirely", "something else"])
    #expect(try store.passages(["a"]).first?.row == 2, "row 0 is never used again")
    try store.expectWhole(passages: 2)
  }

  @Test("updates of updates that were never embedded leave one row")
  func chainOfUpdates() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", ["a\tfirst", "b\tother"]))
    for text in ["second", "third", "fourth"] {
      _ = try store.ingestAll(try folder.file("u.tsv", ["a\t\(text)"]), textOnly)
    }
    try store.expectWhole(passages: 2, pending: 1)
    let summary = try store.ingestAll(try folder.file("u.tsv", ["a\tfourth"]))
    #expect(summary.embedded.embeddedCount == 1)
    #expect(try store.query("x", k: 5).hits.map(\.text).sorted() == ["fourth", "other"])
    try store.expectWhole(passages: 2)
  }

  @Test("the same id twice in a file: equal text is ignored, other text is an update")
  func duplicatesInOneFile() throws {
    let store = try Fixture.store(in: folder)
    let summary = try store.ingestAll(
      try folder.file("a.tsv", ["a\tone", "a\tone", "a\ttwo", "b\tone"]))
    #expect(summary.newCount == 2)
    #expect(summary.unchangedCount == 1)
    #expect(summary.updatedCount == 1)
    #expect(try store.passages(["a"]).first?.text == "two")
    try store.expectWhole(passages: 2)
  }

  @Test("a text goes from one id to another and back")
  func textsSwapIDs() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", ["a\tone", "b\ttwo"]))
    _ = try store.ingestAll(try folder.file("b.tsv", ["a\ttwo", "b\tone"]))
    #expect(try store.passages(["a", "b"]).map(\.text) == ["two", "one"])
    let hits = try store.query("one", k: 2).hits
    #expect(Set(hits.map { "\($0.id) \($0.text)" }) == ["a two", "b one"])
    try store.expectWhole(passages: 2)
  }

  @Test("every row of several blocks is updated")
  func updatesAcrossBlocks() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<2_500) { "old \($0)" }))
    let summary = try store.ingestAll(
      try folder.file("b.tsv", Fixture.passages(0..<2_500) { "new \($0)" }))
    #expect(summary.updatedCount == 2_500)
    #expect(try store.query("new 7", k: 2_500).hits.allSatisfy { $0.text.hasPrefix("new") })
    try store.expectWhole(passages: 2_500)
  }
}
