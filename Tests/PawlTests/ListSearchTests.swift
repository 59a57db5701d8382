import IVF
import LMDB
import Testing

@testable import Pawl

/// Searching through all lists of an index finds what comparing with every code finds.
@Suite struct ListSearchTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private let queries = VectorFixture.topics(30, seed: 7)

  @Test(
    "to the bit, for codes that are scored as they are",
    arguments: [Codec.int8, .float16, .float32])
  func allLists(codec: Codec) throws {
    let store = try fixture.used(codec)
    for k in [1, 10, 500] {
      var work = ListWork()
      let found = try store.throughLists(queries, k: k, probes: 40, work: &work)
      #expect(try found.bits == store.byFlatScan(queries, k: k).bits, "k = \(k)")
      #expect(work.probeCount == 40 * queries.count)
      #expect(try work.scannedCount == queries.count * store.activeIndex().record.count)
    }
  }

  @Test("1-bit codes miss one passage in a thousand at most, and scores are those of exact search")
  func binary() throws {
    let store = try fixture.used(.binary)
    let k = 50
    let found = try store.throughLists(queries, k: k, probes: 40)
    let exact = try store.byFlatScan(queries, k: k)
    var hits = 0
    for (found, exact) in zip(found.bits, exact.bits) {
      hits += Set(exact).intersection(found).count
    }
    #expect(Double(hits) >= 0.999 * Double(k * queries.count), "\(hits)")
  }

  @Test("asked for more than there is, all lists are looked into", arguments: Codec.allCases)
  func moreThanAll(codec: Codec) throws {
    let store = try fixture.used(codec)
    let snapshot = try store.environment.snapshot()
    let id = try store.activeIndex().id
    let searcher = try store.searcher(of: id, in: snapshot)
    var work = ListWork()
    let query = queries[0]
    for probing in [Probing.lists(1_000), .margin(0)] {
      let found = try searcher.search(
        query.span, k: 5_000, probing, work: &work, in: snapshot)
      #expect(try found.count == store.activeIndex().record.count)
      #expect(try [found].bits == store.byFlatScan([query], k: 5_000).bits)
    }
  }

  @Test("what a search remembers of the map is forgotten when the map moves")
  func mapMoves() throws {
    let store = try fixture.used(.binary)
    let before = try store.throughLists(queries, k: 20, probes: 3).bits
    try store.environment.grow()
    #expect(try store.throughLists(queries, k: 20, probes: 3).bits == before)
  }

  @Test("a snapshot that began before a merge or a reindex still sees its own lists")
  func oldSnapshots() throws {
    let store = try fixture.used(.int8)
    let old = try store.environment.snapshot()
    let served = try store.served(nil, in: old)
    var cost = SearchCost()
    let effort = SearchEffort.probes(3)
    let query = queries[0]
    let before = try store.search(served, query.span, 20, effort, cost: &cost, in: old)
    try fixture.fill(
      store, VectorFixture.topics(5_000, seed: 5), ids: VectorFixture.ids(10_000..<15_000))
    try store.cluster(7)
    #expect(
      try store.search(served, query.span, 20, effort, cost: &cost, in: old) == before)
    #expect(try store.served(nil, in: old).indexID == served.indexID)
    let now = try store.environment.snapshot()
    #expect(try store.served(nil, in: now).indexID != served.indexID)
  }
}
