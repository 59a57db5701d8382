import IVF
import LinearAlgebra
import Corpus
import Testing

@testable import Pawl

@Suite struct SetTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// Twenty queries that name a passage; "q20" has no judgment, "q99" no text.
  private func evaluationSet() throws -> EvaluationSet {
    let queries = try folder.file("q.tsv", (0...20).map { "q\($0)\tpassage number \($0)" })
    let qrels = try folder.file(
      "r.tsv", (0..<20).map { "q\($0) 0 p\($0) 1" } + ["q0 0 p5 0", "q99 0 p1 1"])
    let groups = try folder.file("g.tsv", (0..<20).map { "q\($0)\tgroup \($0 / 2)" })
    return try EvaluationSet(queries: queries, qrels: qrels, groups: groups)
  }

  @Test("a stored set is the set that was added")
  func roundTrip() throws {
    let store = try Fixture.store(in: folder)
    let set = try evaluationSet()
    #expect(set.queryCount == 20 && set.unjudgedCount == 1 && set.textlessCount == 1)
    try store.addSet("dev.1", set, role: .probe)
    let listed = try store.sets()
    #expect(listed.map(\.name) == ["dev.1"])
    #expect(listed[0].role == .probe && listed[0].queryCount == 20)
    #expect(listed[0].judgmentCount == 22 && listed[0].groupedCount == 20)
    let read = try store.set(named: "dev.1")
    #expect(read.queries.elementsEqual(set.queries))
    #expect(read.qrels.queries == set.qrels.queries)
    for query in set.qrels.queries { #expect(read.qrels[query] == set.qrels[query]) }
    #expect(read.groups["q7"] == "group 3")
    try store.expectWhole(passages: 0)
  }

  @Test("a set larger than one value comes back whole")
  func largeSet() throws {
    let store = try Fixture.store(in: folder)
    // Texts that do not compress, more than two pieces of 4 MiB.
    var random = SplitMix64(seed: 3)
    let queries = try folder.file(
      "q.tsv",
      (0..<3_000).map { number in
        "q\(number)\t" + (0..<200).map { _ in String(random.next(), radix: 36) }.joined()
      })
    let qrels = try folder.file("r.tsv", (0..<3_000).map { "q\($0) 0 p 1" })
    let set = try EvaluationSet(queries: queries, qrels: qrels)
    try store.addSet("large", set, role: .gate)
    #expect(try store.set(named: "large").queries.elementsEqual(set.queries))
    #expect(try store.statistics().tables.first { $0.name == "sets" }?.entryCount ?? 0 >= 3)
    try store.removeSet("large")
    #expect(try store.statistics().tables.first { $0.name == "sets" }?.entryCount == 0)
  }

  @Test("names are checked, kept apart, and not taken twice")
  func names() throws {
    let store = try Fixture.store(in: folder)
    let set = try evaluationSet()
    for name in ["", "a b", "a/b", "ä", String(repeating: "x", count: 65)] {
      #expect(throws: StoreError.setName(name)) { try store.addSet(name, set, role: .gate) }
    }
    try store.addSet("dev", set, role: .gate)
    try store.addSet("dev2", set, role: .gate)
    #expect(throws: StoreError.setExists(path: store.path, name: "dev")) {
      try store.addSet("dev", set, role: .gate)
    }
    try store.removeSet("dev")
    #expect(try store.set(named: "dev2").queryCount == 20)
    let missing = StoreError.noSet(path: store.path, name: "dev", known: ["dev2"])
    #expect(throws: missing) { try store.set(named: "dev") }
    #expect(throws: missing) { try store.removeSet("dev") }
  }

  @Test("queries and judgments that have nothing in common are refused")
  func nothingInCommon() throws {
    let queries = try folder.file("q.tsv", ["a\tx"])
    let qrels = try folder.file("r.tsv", ["b 0 p 1"])
    #expect(throws: StoreError.nothingToEvaluate(what: "\(queries) and \(qrels)")) {
      try EvaluationSet(queries: queries, qrels: qrels)
    }
  }

  @Test("restricted to what a store has, a set asks only what can be answered")
  func restriction() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<7)))
    let set = try evaluationSet()
    #expect(try set.absentCount(in: store) == 13)
    let part = try set.restricted(toStoredIn: store)
    #expect(part.judged.map(\.id.text) == (0..<7).map { "q\($0)" })
    #expect(part.qrels["q0"].count == 2)
    let all = try set.restricted(toStoredIn: store, relevantFrom: 0)
    #expect(all.judged.count == 7)
    #expect(throws: StoreError.nothingStored(path: store.path, relevantFrom: 2)) {
      try set.restricted(toStoredIn: store, relevantFrom: 2)
    }
  }
}
