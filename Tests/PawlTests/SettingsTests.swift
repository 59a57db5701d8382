import IVF
import LMDB
import Testing

@testable import Pawl

@Suite struct SettingsTests {
  @Test("a setting is usual until it is set, and again when it is taken back")
  func setAndReset() throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    #expect(try store.value(of: .recall) == nil && Setting.recall.usualValue == "0.98")
    try store.set(.recall, to: "0.9")
    #expect(try store.value(of: .recall) == "0.9")
    #expect(try store.check().problems == [])
    try store.set(.recall, to: nil)
    #expect(try store.value(of: .recall) == nil)
    #expect(try store.check().problems == [])
  }

  @Test(
    "a recall that is no share is refused, and nothing changes",
    arguments: ["0", "-1", "1.01", "nan", "inf", "", "much", "98%"])
  func badValues(value: String) throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    try store.set(.recall, to: "0.5")
    let error = #expect(throws: StoreError.settingValue(setting: .recall, value: value)) {
      try store.set(.recall, to: value)
    }
    #expect(
      error.map { "\($0)" }
        == "recall cannot be \"\(value)\": it is the recall of searches that name "
        + "none, above 0 and up to 1.")
    #expect(try store.value(of: .recall) == "0.5")
  }

  @Test("searches that name no recall take the one that is set, others do not")
  func usualEffort() throws {
    let fixture = try ListSearchFixture()
    func work(_ effort: SearchEffort) throws -> ListWork {
      var work = ListWork()
      for query in fixture.queries {
        _ = try fixture.store.nearestRows(to: query.span, k: 10, effort, work: &work)
      }
      return work
    }
    let (usual, half) = (try work(.usual), try work(.recall(0.5)))
    #expect(try work(.recall(0.98)) == usual && usual != half)
    try fixture.store.set(.recall, to: "0.5")
    #expect(try work(.usual) == half)
    #expect(try work(.recall(0.98)) == usual)
  }

  @Test("settings come along with a compaction and a backup")
  func copies() throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<20)))
    try store.set(.recall, to: "0.75")
    _ = try store.backup(to: folder.path + "/b.pawl")
    #expect(try Store(path: folder.path + "/b.pawl").value(of: .recall) == "0.75")
    try store.environment.close()
    _ = try Store.compact(store.path)
    #expect(try Store(path: store.path).value(of: .recall) == "0.75")
  }
}
