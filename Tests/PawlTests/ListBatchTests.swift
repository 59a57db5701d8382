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

  @Test("of a margin at least the lists of each query alone", arguments: Codec.allCases)
  func noFewerLists(codec: Codec) throws {
    let store = try fixture.used(codec)
    let exact = try store.byFlatScan(queries, k: 10)
    for margin: Float in [0, 0.1, 0.3] {
      var (many, single) = (ListWork(), ListWork())
      let found = try together(store, queries, k: 10, .margin(margin), work: &many)
      let expected = try alone(store, queries, k: 10, .margin(margin), work: &single)
      func hits(_ found: [[TopK.Candidate]]) -> Int {
        zip(found, exact).reduce(0) { sum, pair in
          sum + Set(pair.0.map(\.row)).intersection(pair.1.map(\.row)).count
        }
      }
      #expect(many.probeCount >= single.probeCount)
      #expect(many.probeCount < 40 * queries.count || margin > 0.1, "no list is left out")
      #expect(hits(found) >= hits(expected))
    }
  }

  @Test("whatever else is asked, in whatever order", arguments: Codec.allCases)
  func independence(codec: Codec) throws {
    let store = try fixture.used(codec)
    for probing in [Probing.margin(0.1), .lists(12)] {
      var work = ListWork()
      let found = try together(store, queries, k: 10, probing, work: &work).bits
      let backward = try together(store, queries.reversed(), k: 10, probing, work: &work).bits
      #expect(backward == found.reversed())
      let few = try together(store, Array(queries[50..<70]), k: 10, probing, work: &work).bits
      #expect(few == Array(found[50..<70]))
      let doubled = try together(store, queries + queries, k: 10, probing, work: &work).bits
      #expect(doubled == found + found)
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

  @Test("queries with a NaN, an infinity or nothing end, and harm no others", arguments: Codec.allCases)
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

  @Test("an error leaves nothing behind for the next query", arguments: [Codec.int8, .binary])
  func afterDamage(codec: Codec) throws {
    let store = try fixture.used(codec)
    var work = ListWork()
    let expected = try alone(store, queries, k: 10, .lists(3), work: &work).bits
    var write = try store.environment.beginWrite()
    let id = try store.version(nil, in: write).index
    _ = try store.tables.lists.remove(InvertedLists.key(id, list: 5, block: 0), in: &write)
    try write.commit()
    var found = 0
    for (query, expected) in zip(queries, expected) {
      #expect(throws: ListError.self) {
        _ = try store.nearestRows(to: query.span, k: 10, .lists(40), work: &work)
      }
      guard let answer = try? alone(store, [query], k: 10, .lists(3), work: &work) else { continue }
      #expect(answer.bits == [expected])
      found += 1
    }
    #expect(found > queries.count / 2)
  }
}
