import Testing

@testable import Pawl

@Suite struct RecentValuesTests {
  @Test("what was asked for longest ago is let go first")
  func order() {
    var values = RecentValues<Int>(capacity: 2)
    values.keep(1, named: "a")
    values.keep(2, named: "b")
    #expect(values.value(named: "a") == 1)
    values.keep(3, named: "c")
    #expect(values.value(named: "b") == nil)
    #expect(values.value(named: "a") == 1 && values.value(named: "c") == 3)
    // The same name once more takes no other's place.
    values.keep(4, named: "c")
    #expect(values.value(named: "a") == 1 && values.value(named: "c") == 4)
  }

  @Test("a store answers for more versions than it keeps encoders of")
  func versions() throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<3)))
    for length in 4..<10 { try store.addVersion(maxLength: length) }
    let names = try store.versions().map(\.name)
    for name in names { _ = try store.embedMissing(version: name) }
    func answers() throws -> [[Hit]] {
      try names.map { try store.query("passage number 1", k: 3, version: $0).hits }
    }
    let first = try answers()
    #expect(try answers() == first && first.allSatisfy { $0.count == 3 })
  }
}
