import Foundation
import Synchronization
import Testing

@testable import Pawl

@Suite struct IngestTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test("a collection is stored, embedded and given back byte for byte")
  func ingestsSample() throws {
    let store = try Fixture.store(in: folder)
    let summary = try store.ingestAll(Fixture.sampleCollection)
    #expect(summary.newCount == 309)
    #expect(summary.embedded.embeddedCount == 309)
    let lines = try String(contentsOfFile: Fixture.sampleCollection, encoding: .utf8)
      .split(separator: "\n")
    for line in lines {
      let parts = line.split(separator: "\t", maxSplits: 1)
      let passage = try #require(try store.passages([String(parts[0])]).first)
      #expect(Array(passage.text.utf8) == Array(parts[1].utf8))
      #expect(passage.isEmbedded)
    }
    try store.expectWhole(passages: 309)
  }

  @Test("the same file again changes nothing")
  func ingestingTwiceIsIdempotent() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    let again = try store.ingestAll(Fixture.sampleCollection)
    #expect(again.unchangedCount == 309)
    #expect(again.newCount == 0 && again.updatedCount == 0)
    #expect(again.embedded.embeddedCount == 0)
    try store.expectWhole(passages: 309)
  }

  @Test("texts stored alone are embedded by the next ingest")
  func textOnlyIsCaughtUp() throws {
    let store = try Fixture.store(in: folder)
    var options = IngestOptions()
    options.textOnly = true
    let first = try store.ingestAll(Fixture.sampleCollection, options)
    #expect(first.embedded.embeddedCount == 0)
    try store.expectWhole(passages: 309, pending: 309)
    #expect(try store.query("bread", k: 3).hits.isEmpty)
    let second = try store.ingestAll(Fixture.sampleCollection)
    #expect(second.unchangedCount == 309)
    #expect(second.embedded.embeddedCount == 309)
    try store.expectWhole(passages: 309)
  }

  @Test("--limit reads so many passages and no more")
  func limits() throws {
    let store = try Fixture.store(in: folder)
    var options = IngestOptions()
    options.limit = 10
    #expect(try store.ingestAll(Fixture.sampleCollection, options).newCount == 10)
    try store.expectWhole(passages: 10)
  }

  @Test("stopped at any batch, the same ingest ends with the same answers")
  func resumes() throws {
    let file = try folder.file("c.tsv", Fixture.passages(0..<5_000) { "text \($0) of \($0 % 700)" })
    let whole = try Fixture.store(in: folder, "whole.pawl")
    _ = try whole.ingestAll(file)
    let stopped = try Fixture.store(in: folder, "stopped.pawl")
    var embedded = 0
    for stop in 1...20 {
      let calls = Atomic(0)
      let summary = try stopped.ingest(file) { _ in
        calls.add(1, ordering: .relaxed).newValue < 1 + stop * 7 % 40
      }
      embedded += summary.embedded.embeddedCount
      #expect(try stopped.check().problems == [])
      if !summary.isInterrupted { break }
    }
    // Nothing was embedded twice.
    #expect(embedded == 5_000)
    let (a, b) = (try whole.query("text 42", k: 50), try stopped.query("text 42", k: 50))
    #expect(a.hits == b.hits)
    try stopped.expectWhole(passages: 5_000)
  }

  @Test("equal texts are embedded once: in a range, across ranges and across files")
  func equalTextsShareACode() throws {
    let store = try Fixture.store(in: folder)
    let twice = Fixture.passages(0..<3_000) { "text \($0 % 1_500)" }
    let first = try store.ingestAll(try folder.file("a.tsv", twice))
    #expect(first.embedded.embeddedCount == 3_000)
    #expect(first.embedded.copiedCount == 1_500)
    let second = try store.ingestAll(
      try folder.file("b.tsv", ["other\ttext 7", "new\tnever seen"]))
    #expect(second.embedded.copiedCount == 1)
    let scores = try store.query("text 7", k: 3).hits.map(\.score)
    #expect(Set(scores).count == 1, "three equal texts have three equal scores")
    try store.expectWhole(passages: 3_002)
  }

  @Test("a thousand passages get a dictionary and take less room")
  func trainsDictionary() throws {
    let text = { (n: Int) in "This package provides the shared library number \(n) of the suite." }
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<2_000, text: text)))
    let tables = try store.statistics().tables
    #expect(tables.first { $0.name == "dictionaries" }?.entryCount == 1)
    let passage = try #require(try store.passages(["p1234"]).first)
    #expect(passage.storedSizeInBytes * 10 < passage.text.utf8.count * 6)
    try store.expectWhole(passages: 2_000)
  }

  @Test("a small first file does not keep a later large one from its dictionary")
  func trainsDictionaryLater() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", ["a\tone"]))
    _ = try store.ingestAll(try folder.file("b.tsv", Fixture.passages(0..<2_000)))
    let tables = try store.statistics().tables
    #expect(tables.first { $0.name == "dictionaries" }?.entryCount == 1)
    try store.expectWhole(passages: 2_001)
  }

  @Test("a passage that a collection repeats ten thousand times costs as much as ten thousand")
  func manyEqualTexts() throws {
    let store = try Fixture.store(in: folder)
    let file = try folder.file("c.tsv", Fixture.passages(0..<10_000) { _ in "N/A" })
    let summary = try store.ingestAll(file)
    #expect(summary.embedded.copiedCount == 9_999)
    #expect(try store.query("x", k: 3).hits.map(\.id) == ["p0", "p1", "p10"])
    try store.expectWhole(passages: 10_000)
  }

  @Test("an ingest with nothing new still embeds what is pending")
  func emptyFileCatchesUp() throws {
    let store = try Fixture.store(in: folder)
    var options = IngestOptions()
    options.textOnly = true
    _ = try store.ingestAll(Fixture.sampleCollection, options)
    let empty = folder.path + "/empty.tsv"
    try "".write(toFile: empty, atomically: true, encoding: .utf8)
    #expect(try store.ingestAll(empty).embedded.embeddedCount == 309)
    try store.expectWhole(passages: 309)
  }

  @Test("texts of many megabytes are taken a few at a time")
  func longTexts() throws {
    let store = try Fixture.store(in: folder)
    let long = String(repeating: "word ", count: 1_000_000)
    let file = try folder.file("c.tsv", Fixture.passages(0..<9) { "\($0) \(long)" })
    #expect(try store.ingestAll(file).embedded.embeddedCount == 9)
    try store.expectWhole(passages: 9)
  }

  @Test("a malformed line is named, and nothing of the file is stored")
  func malformedFileIsRefusedWhole() throws {
    let store = try Fixture.store(in: folder)
    let file = try folder.file("c.tsv", Fixture.passages(0..<5_000) + ["no tab here"])
    #expect {
      try store.ingestAll(file)
    } throws: { error in
      "\(error)"
        == "\(file):5001: expected \"pid<TAB>passage\", found no tab. Fix the line or pass --skip-malformed."
    }
    try store.expectWhole(passages: 0)
    var options = IngestOptions()
    options.skipsMalformed = true
    let summary = try store.ingestAll(file, options)
    #expect(summary.newCount == 5_000 && summary.skippedCount == 1)
    try store.expectWhole(passages: 5_000)
  }
}
