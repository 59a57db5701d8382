import Testing

@testable import Pawl

@Suite struct DeleteTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func ids(_ range: some Sequence<Int>) -> [String] { range.map { "p\($0)" } }

  @Test("a deleted passage is found no more, and its id can be used again")
  func deleteAndAddAgain() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", ["a\tone", "b\ttwo", "c\tthree"]))
    let summary = try store.delete(["b", "nobody", "b"])
    #expect(summary.deletedCount == 1)
    #expect(summary.missingCount == 1)
    #expect(summary.firstMissing == ["nobody"])
    #expect(try store.query("two", k: 5).hits.map(\.id).sorted() == ["a", "c"])
    #expect(throws: StoreError.noPassage(path: store.path, id: "b")) {
      try store.passages(["b"])
    }
    try store.expectWhole(passages: 2)
    _ = try store.ingestAll(try folder.file("b.tsv", ["b\ttwo again"]))
    #expect(try store.passages(["b"]).first?.row == 3, "row 1 is never used again")
    try store.expectWhole(passages: 3)
  }

  @Test("a passage with an update under way is deleted with its old text")
  func deletePendingUpdate() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", ["a\told words", "b\tsomething else"]))
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    _ = try store.ingestAll(try folder.file("b.tsv", ["a\tnew words"]), textOnly)
    #expect(try store.delete(["a"]).deletedCount == 1)
    #expect(try store.query("words", k: 5).hits.map(\.id) == ["b"])
    try store.expectWhole(passages: 1)
    #expect(try store.statistics().textSizeInBytes == "something else".utf8.count)
  }

  @Test("passages that are not embedded yet can be deleted")
  func deletePending() throws {
    let store = try Fixture.store(in: folder)
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    let file = try folder.file("a.tsv", Fixture.passages(0..<3_000))
    _ = try store.ingestAll(file, textOnly)
    _ = try store.delete(ids(stride(from: 0, to: 3_000, by: 2)))
    try store.expectWhole(passages: 1_500, pending: 1_500)
    _ = try store.ingestAll(try folder.file("b.tsv", ["p1\tpassage number 1"]))
    try store.expectWhole(passages: 1_500)
  }

  @Test("everything can be deleted, block by block, and a listed file of ids does it")
  func deleteAll() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<5_000)))
    let some = try folder.file("some.txt", ids((0..<5_000).filter { $0 % 7 == 3 }))
    #expect(try store.delete(listedIn: some).deletedCount == 714)
    try store.expectWhole(passages: 4_286)
    let summary = try store.delete(ids(0..<5_000))
    #expect(summary.deletedCount == 4_286)
    #expect(summary.missingCount == 714)
    #expect(summary.firstMissing == ["p3", "p10", "p17", "p24", "p31"])
    try store.expectWhole(passages: 0)
    #expect(try store.query("passage", k: 5).hits == [])
    #expect(try store.statistics().textSizeInBytes == 0)
  }

  @Test("asked to stop, a deletion keeps whole batches and the same call finishes it")
  func interruptedDeletion() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<5_000)))
    let summary = try store.delete(ids(0..<5_000)) { _ in false }
    #expect(summary.isInterrupted)
    #expect(summary.deletedCount == 4_096)
    try store.expectWhole(passages: 904)
    #expect(try store.delete(ids(0..<5_000)).deletedCount == 904)
    try store.expectWhole(passages: 0)
  }

  @Test("a malformed list deletes nothing")
  func malformedList() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", ["a\tone", "b\ttwo"]))
    let file = try folder.file("ids.txt", ["a", "b\ttwo"])
    #expect(throws: (any Error).self) { try store.delete(listedIn: file) }
    try store.expectWhole(passages: 2)
  }
}
