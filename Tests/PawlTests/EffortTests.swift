import Corpus
import Foundation
import IVF
import LMDB
import Synchronization
import Testing

@testable import Pawl

@Suite struct EffortTests {
  @Test("a batch through lists finds what each query finds alone", arguments: Codec.allCases)
  func batchEqualsSingle(codec: Codec) throws {
    let fixture = try ListSearchFixture(codec: codec)
    let (run, summary) = try fixture.run(.probes(4), k: 10)
    var work = ListWork()
    for (number, query) in fixture.queries.enumerated() {
      let alone = try fixture.store.nearestRows(to: query.span, k: 10, .lists(4), work: &work)
      let best = alone.sorted { ($1.score, $0.row) < ($0.score, $1.row) }.prefix(10)
      #expect(run[Identifier("\(number)")].map(\.passage.text) == best.map { "p\($0.row)" })
    }
    let cost = try #require(summary).cost
    #expect(cost.probeCount == 4 * fixture.queries.count && cost.probeCount == work.probeCount)
    #expect(cost.scannedCount == work.scannedCount && cost.listCount == 30 && !cost.isExact)
    #expect(cost.scannedCount < ListSearchFixture.count * fixture.queries.count / 2)
  }

  @Test("all lists together find what exact search finds, scores to the bit")
  func allLists() throws {
    let fixture = try ListSearchFixture()
    let (all, exact) = (try fixture.run(.probes(30), k: 10).run, try fixture.run(.exact, k: 10).run)
    for number in fixture.queries.indices {
      let id = Identifier("\(number)")
      #expect(all[id] == exact[id] && all[id].count == 10)
    }
  }

  @Test("a promised recall is kept on queries that it was not measured with, for less than all")
  func recallIsKept() throws {
    let fixture = try ListSearchFixture()
    let summary = try #require(try fixture.run(.recall(0.9), k: 10).summary)
    #expect(summary.cost.exactness == nil)
    #expect(summary.cost.scannedCount < ListSearchFixture.count * fixture.queries.count)
    #expect(try fixture.recall(.recall(0.9), k: 10) >= 0.9)
    #expect(try fixture.recall(.probes(1), k: 10) < 0.9)
  }

  @Test("a recall of 1, and a k that nothing was measured for, are searched exactly and say why")
  func exactInstead() throws {
    let fixture = try ListSearchFixture()
    func exactness(_ effort: SearchEffort, k: Int) throws -> SearchCost.Exactness? {
      try #require(try fixture.run(effort, k: k).summary).cost.exactness
    }
    #expect(try exactness(.recall(1), k: 10) == .asked)
    #expect(try exactness(.exact, k: 10) == .asked)
    #expect(try exactness(.recall(0.5), k: 1_200) == .promise(recall: 0.5, k: 1_200))
    #expect(try exactness(.recall(0.5), k: 10) == nil)
    let exact = try #require(try fixture.run(.recall(1), k: 10).summary)
    #expect(exact.cost.scannedCount == ListSearchFixture.count * fixture.queries.count)
    #expect(exact.cost.probeCount == 0 && exact.cost.listCount == 30)
  }

  @Test("without lists every effort is exact search")
  func noLists() throws {
    let vectors = try VectorFixture()
    let store = try vectors.store()
    try vectors.fill(store, VectorFixture.vectors(40))
    for effort in [SearchEffort.usual, .recall(0.5), .probes(1)] {
      let file = try vectors.npy("q.npy", VectorFixture.vectors(2, seed: 9))
      let out = vectors.folder.path + "/o"
      let summary = try #require(
        try store.writeRun(of: .vectors(file, ids: nil), to: out, k: 5, effort))
      #expect(summary.cost.exactness == .noLists && summary.cost.scannedCount == 80)
    }
  }

  @Test(
    "what comes and goes after a clustering is found and missed at once, in any number of lists")
  func changes() throws {
    let fixture = try ListSearchFixture()
    let query = fixture.queries[0]
    let best = try fixture.run(.probes(30), k: 1).run["0"].map(\.passage.text)
    _ = try fixture.store.delete(best)
    let file = try fixture.vectors.npy("new.npy", [query])
    _ = try fixture.store.ingest(
      vectors: file, ids: try fixture.vectors.folder.file("new.txt", ["new"])
    ) { _ in true }
    for effort in [SearchEffort.probes(1), .recall(0.9), .exact] {
      let found = try fixture.run(effort, k: 20).run["0"].map(\.passage.text)
      #expect(found.first == "new" && !found.contains(best[0]), "\(effort)")
    }
  }

  @Test("a version that is clustered anew between two batches goes on answering")
  func reindexedMeanwhile() throws {
    let fixture = try ListSearchFixture()
    var search = try BatchSearch(fixture.store, .probes(30), version: nil)
    let batch = QueryBatch(
      ids: ["a"], content: .vectors(fixture.queries[0]))
    let before = try search.run(batch, k: 5)
    var options = ReindexOptions()
    options.listCount = 7
    _ = try fixture.store.reindex(options)
    #expect(try search.run(batch, k: 5) == before)
    #expect(search.summary.cost.listCount == 7)
  }

  @Test("snapshots for several threads show one commit, whatever is committed while they are taken")
  func oneCommit() throws {
    let fixture = try VectorFixture()
    let store = try fixture.store()
    let isDone = Mutex(false)
    let writer = Thread {
      while !isDone.withLock({ $0 }) { try? store.set(.recall, to: "0.5") }
    }
    writer.start()
    defer { isDone.withLock { $0 = true } }
    // Until twenty commits have come in between.
    var found: Set<Set<Int>> = []
    while found.count < 20 { found.insert(try Self.numbers(of: store)) }
    #expect(found.allSatisfy { $0.count == 1 })
  }

  /// The commits that eight snapshots show which belong together.
  private static func numbers(of store: Store) throws -> Set<Int> {
    let held = try HeldSnapshots(store.environment, count: 8)
    var numbers: Set<Int> = []
    while let next = held.take() { numbers.insert(next.snapshot.number) }
    return numbers
  }

  @Test("damage of a list is named by a batch as by a query")
  func damage() throws {
    let fixture = try ListSearchFixture()
    var write = try fixture.store.environment.beginWrite()
    let id = try fixture.store.version(nil, in: write).index
    _ = try fixture.store.tables.lists.remove(
      InvertedLists.key(id, list: 3, block: 0), in: &write)
    try write.commit()
    let error = #expect(throws: StoreError.self) { try fixture.run(.probes(30), k: 5) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("index \(id) is damaged: list 3"))
  }

  @Test("a lost block is damage for exact search, calibration and clustering, too")
  func lostBlock() throws {
    let fixture = try ListSearchFixture()
    let store = fixture.store
    var write = try store.environment.beginWrite()
    let id = try store.version(nil, in: write).index
    _ = try store.tables.lists.remove(InvertedLists.key(id, list: 3, block: 0), in: &write)
    try write.commit()
    func expectDamage(_ action: () throws -> Void) {
      let error = #expect(throws: StoreError.self) { try action() }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains("index \(id) is damaged: it has ") && text.contains("1500"), "\(text)")
    }
    expectDamage { _ = try fixture.run(.exact, k: 5) }
    expectDamage { _ = try store.calibrate() }
    expectDamage { _ = try store.reindex() }
    expectDamage { _ = try store.reindexPlan() }
    #expect(try store.activeIndex().id == id)
  }
}
