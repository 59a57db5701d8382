import LMDB
import LinearAlgebra
import Testing

@testable import IVF
@testable import Pawl

/// Many queries that go through lists together.
@Suite struct ListBatchTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private let queries = VectorFixture.topics(90, seed: 7)

  private func together(
    _ store: Store, _ queries: [[Float]], k: Int, _ probing: Probing, work: inout ListWork
  ) throws -> [[TopK.Candidate]] {
    let values = Array(queries.joined())
    return try store.nearestRows(
      toAll: values.span, width: VectorFixture.width, k: k, probing, work: &work)
  }

  private func alone(
    _ store: Store, _ queries: [[Float]], k: Int, _ probing: Probing, work: inout ListWork
  ) throws -> [[TopK.Candidate]] {
    try queries.map { try store.nearestRows(to: $0.span, k: k, probing, work: &work) }
  }

  @Test(
    "so many lists are those of each query alone, with the same scores to the bit",
    arguments: [Codec.int8, .float16, .float32], [1, 5, 8, 9, 23, 40, 100])
  func sameLists(codec: Codec, probes: Int) throws {
    let store = try fixture.used(codec)
    for k in [1, 10, 700] {
      var (many, single) = (ListWork(), ListWork())
      let found = try together(store, queries, k: k, .lists(probes), work: &many)
      let expected = try alone(store, queries, k: k, .lists(probes), work: &single)
      #expect(found.bits == expected.bits, "k = \(k)")
      #expect(many == single)
    }
  }

  @Test("of a margin they find no less than each query alone", arguments: Codec.allCases)
  func noLessFound(codec: Codec) throws {
    let store = try fixture.used(codec)
    for (k, margins) in [(10, [0, 0.1, 0.3] as [Float]), (300, [0, 0.05])] {
      let exact = try store.byFlatScan(queries, k: k)
      func hits(_ found: [[TopK.Candidate]]) -> Int {
        zip(found, exact).reduce(0) { sum, pair in
          sum + Set(pair.0.map(\.row)).intersection(pair.1.map(\.row)).count
        }
      }
      for margin in margins {
        var (many, single) = (ListWork(), ListWork())
        let found = try together(store, queries, k: k, .margin(margin), work: &many)
        let expected = try alone(store, queries, k: k, .margin(margin), work: &single)
        #expect(hits(found) >= hits(expected), "k = \(k), \(margin)")
        // All lists would be 40 a query.
        #expect(many.probeCount <= single.probeCount + 8 * queries.count, "k = \(k), \(margin)")
      }
    }
  }

  /// 5,000 codes in one or two lists are several blocks a list.
  private static let shapes: [(codec: Codec, lists: Int)] = [
    (.int8, 40), (.float32, 40), (.binary, 40), (.int8, 5), (.binary, 5), (.int8, 1), (.binary, 1),
    (.binary, 2),
  ]

  @Test("whatever else is asked, in whatever order", arguments: shapes)
  func independence(codec: Codec, lists: Int) throws {
    let store = try fixture.used(codec, lists: lists)
    for probing in [Probing.margin(0.1), .lists(12)] {
      var work = ListWork()
      let found = try together(store, queries, k: 10, probing, work: &work).bits
      let backward = try together(store, queries.reversed(), k: 10, probing, work: &work).bits
      #expect(backward == found.reversed())
      let few = try together(store, Array(queries[50..<57]), k: 10, probing, work: &work).bits
      #expect(few == Array(found[50..<57]))
      let one = try together(store, [queries[80]], k: 10, probing, work: &work).bits
      #expect(one == [found[80]])
      let doubled = try together(store, queries + queries, k: 10, probing, work: &work).bits
      #expect(doubled == found + found)
    }
    var work = ListWork()
    #expect(try together(store, [], k: 10, .lists(3), work: &work).isEmpty)
  }

  @Test("any number of workers", arguments: [1, 2, 3, 8])
  func workers(count: Int) throws {
    let store = try fixture.used(.binary)
    let id = try store.activeIndex().id
    for queries in [queries, Array(queries[..<15]), Array(queries[..<31])] {
      var work = ListWork()
      let expected = try together(store, queries, k: 10, .margin(0.05), work: &work)
      let values = Array(queries.joined())
      let width = VectorFixture.width
      let batch = ListBatch(
        store: store, indexID: id, snapshots: try HeldSnapshots(store.environment, count: count))
      let found = try batch.search(queries.count) { range, searcher, work, snapshot in
        try searcher.search(
          all: values.span.extracting(range.lowerBound * width..<range.upperBound * width), k: 10,
          .margin(0.05), work: &work, in: snapshot)
      }
      #expect(found.results == expected && found.work == work)
    }
  }

  @Test("all lists together are all codes, blocks of one list and fresh ones", arguments: shapes)
  func allLists(codec: Codec, lists: Int) throws {
    let store = try fixture.used(codec, lists: lists)
    for k in [1, 20, 5_000] {
      var work = ListWork()
      let found = try together(store, queries, k: k, .lists(lists), work: &work).bits
      let exact = try store.byFlatScan(queries, k: k).bits
      #expect(try work.scannedCount == queries.count * store.activeIndex().record.count)
      if codec == .binary, k < 5_000 {
        let hits = zip(found, exact).reduce(0) { $0 + Set($1.0).intersection($1.1).count }
        #expect(Double(hits) >= 0.998 * Double(k * queries.count), "\(hits)")
      } else {
        #expect(found == exact, "k = \(k)")
      }
    }
  }

  @Test("several passes find what one finds", arguments: Codec.allCases)
  func severalPasses(codec: Codec) throws {
    let store = try fixture.used(codec)
    var work = ListWork()
    let expected = try together(store, queries, k: 10, .margin(0.1), work: &work).bits
    let snapshot = try store.environment.snapshot()
    let index = try store.searcher(of: store.activeIndex().id, in: snapshot).index
    var opened = try OpenedLists(index, in: snapshot)
    var pass = ListPass(
      index, k: 10, .margin(0.1), capacity: 7,
      rotation: Rotation(width: VectorFixture.width, seed: index.seed), kernels: .best)
    var found: [[TopK.Candidate]] = []
    while found.count < queries.count {
      let part = Array(queries[found.count..<min(found.count + 7, queries.count)].joined())
      found += try pass.search(part.span, &opened, work: &work, in: snapshot)
    }
    #expect(found.bits == expected)
  }

  @Test("queries of NaNs, infinities or zeros end, and harm no others", arguments: Codec.allCases)
  func strange(codec: Codec) throws {
    let store = try fixture.used(codec)
    var (work, strange) = (ListWork(), queries)
    let expected = try together(store, queries, k: 10, .margin(0.1), work: &work).bits
    let width = VectorFixture.width
    strange[3] = [Float](repeating: .nan, count: width)
    strange[40] = [Float](repeating: .infinity, count: width)
    strange[41] = [Float](repeating: 0, count: width)
    let found = try together(store, strange, k: 10, .margin(0.1), work: &work).bits
    for query in queries.indices where ![3, 40, 41].contains(query) {
      #expect(found[query] == expected[query])
    }
  }

  @Test("an error leaves nothing behind for the next queries")
  func afterDamage() throws {
    let store = try fixture.used(.binary)
    let last = queries[60...]
    var work = ListWork()
    let expected = try alone(store, Array(last), k: 10, .lists(3), work: &work).bits
    var write = try store.environment.beginWrite()
    let id = try store.version(nil, in: write).index
    _ = try store.tables.lists.remove(InvertedLists.key(id, list: 5, block: 0), in: &write)
    try write.commit()
    var found = 0
    for (number, query) in last.enumerated() {
      // It fails in the middle, with codes of another query that wait.
      #expect(throws: ListError.self) {
        let other = queries[number]
        _ =
          number % 2 == 0
          ? try alone(store, [other], k: 10, .lists(40), work: &work)
          : try together(store, [other, other], k: 10, .lists(40), work: &work)
      }
      guard let answer = try? alone(store, [query], k: 10, .lists(3), work: &work) else { continue }
      #expect(answer.bits == [expected[number]])
      found += 1
    }
    #expect(found > last.count / 2)
  }
}
