import Foundation
import IVF
import LMDB
import Testing

@testable import Pawl

/// Damages with whole checksums: what was written is what is there, and it cannot be.
@Suite struct CheckTests {
  private static let families = [
    Damage.passages, Damage.texts, Damage.codes, Damage.versions, Damage.sets,
  ]
  private static let float16 = Damage.floats(2, [[0, 0x7c], [0, 0xfc], [1, 0x7e]])
  private static let float32 = Damage.floats(
    4, [[0, 0, 0x80, 0x7f], [0, 0, 0x80, 0xff], [0, 0, 0xc0, 0x7f]])

  @Test("check names every damage of rows, ids, texts, codes, versions and sets", arguments: 0..<5)
  func damages(family: Int) throws {
    let fixture = try CheckFixture()
    for damage in Self.families[family] { try fixture.expectFound(damage) }
  }

  @Test(
    "check names every damage of lists, places, directory and centroids, half-way through a merge",
    arguments: [Codec.int8, .binary])
  func lists(codec: Codec) throws {
    let fixture = try CheckFixture(codec: codec, listCount: 6)
    for damage in Damage.lists + Damage.listBlocks { try fixture.expectFound(damage) }
    if codec == .binary { for damage in Damage.bits { try fixture.expectFound(damage) } }
  }

  @Test("float codes in lists are in order")
  func floatLists() throws {
    _ = try CheckFixture(codec: .float16, listCount: 6)
    _ = try CheckFixture(codec: .float32, listCount: 6)
  }

  @Test("check finds float codes that are no numbers")
  func floats() throws {
    for (codec, damages) in [(Codec.float16, Self.float16), (.float32, Self.float32)] {
      let fixture = try CheckFixture(codec: codec)
      for damage in damages { try fixture.expectFound(damage) }
    }
  }

  @Test("at least 200 damages are planted, of every kind that check promises to find")
  func coverage() {
    let all =
      Self.families.flatMap { $0 } + Self.float16 + Self.float32 + Damage.lists + Damage.listBlocks
      + Damage.bits
    let elsewhere = CheckFileTests.kinds.union([.crash, .tree, .pages])
    #expect(all.reduce(0) { $0 + $1.places } + CheckFileTests.placeCount >= 200)
    let missing = Set(CheckProblemKind.allCases).subtracting(all.map(\.kind))
    #expect(missing.subtracting(elsewhere) == [])
  }

  @Test("stores in order have no problem, whatever their shape")
  func clean() throws {
    let folder = try TemporaryFolder()
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    let store = try Fixture.store(in: folder)
    try store.expectWhole(passages: 0)
    _ = try store.ingestAll(try folder.file("1.tsv", ["a\tone"]))
    try store.expectWhole(passages: 1)
    _ = try store.ingestAll(try folder.file("2.tsv", Fixture.passages(0..<3_000)), textOnly)
    try store.expectWhole(passages: 3_001, pending: 3_000)
    _ = try store.ingestAll(
      try folder.file("3.tsv", Fixture.passages(0..<1_500) { "new \($0 % 7)" }))
    try store.expectWhole(passages: 3_001)
    _ = try store.ingestAll(
      try folder.file("4.tsv", Fixture.passages(0..<2_000) { "newer \($0 % 9)" }), textOnly)
    try store.expectWhole(passages: 3_001, pending: 2_000)
    _ = try store.delete((0..<1_100).map { "p\($0)" })
    try store.expectWhole(passages: 1_901, pending: 900)
    _ = try store.delete((0..<3_000).map { "p\($0)" } + ["a"])
    try store.expectWhole(passages: 0)
    _ = try store.ingestAll(Fixture.sampleCollection)
    try store.expectWhole(passages: 309)
  }

  @Test("texts of several dictionaries are read, each with its own")
  func dictionaries() throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("1.tsv", Fixture.passages(0..<1_200)))
    let other = TextDictionary.train(
      (0..<2_000).flatMap { Array("something quite else \($0) of which there is much".utf8) },
      sizes: (0..<2_000).map { "something quite else \($0) of which there is much".utf8.count },
      sizeInBytes: 4_096)
    var write = try store.environment.beginWrite()
    try store.tables.dictionaries.put(try #require(other), at: Key(UInt8(2)), in: &write)
    try write.commit()
    let lines = Fixture.passages(2_000..<2_100) { "something quite else \($0)" }
    _ = try store.ingestAll(try folder.file("2.tsv", lines))
    try store.expectWhole(passages: 1_300)
  }

  @Test("a problem has a kind, an object and a sentence; there is a limit to how many are kept")
  func report() {
    var report = CheckReport()
    for row in 0..<150 { report.report(CheckProblem(.rowID, "row \(row)", "its id is none")) }
    #expect(report.problemCount == 150)
    #expect(report.problems.count == CheckReport.problemLimit)
    #expect(report.problems.first == "row 0: its id is none")
    #expect(report.findings.first?.kind == .rowID)
    #expect(Set(CheckProblemKind.allCases.map(\.rawValue)).count == CheckProblemKind.allCases.count)
  }
}
