import Corpus
import IVF
import LMDB
import LinearAlgebra
import Testing

@testable import Pawl

/// Clustering where there is little, much of the same, or something that cannot be clustered.
@Suite struct ReindexEdgeTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private let queries = VectorFixture.topics(10, seed: 7)

  private static func named(_ vectors: [[Float]]) -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: vectors.enumerated().map { ("p\($0.offset)", $0.element) })
  }

  @Test("fewer passages than lists are refused with both numbers, and few need no lists")
  func tooFew() throws {
    let store = try fixture.store()
    #expect(try store.cluster(nil).listCount == 0)
    #expect(try store.activeIndex().record.clustering == nil)
    try fixture.fill(store, VectorFixture.topics(50))
    #expect(throws: StoreError.tooFewForLists(path: store.path, lists: 51, count: 50)) {
      try store.cluster(51)
    }
    #expect(throws: StoreError.tooFewForLists(path: store.path, lists: 0, count: 50)) {
      try store.cluster(0)
    }
    #expect(try store.cluster(50).codeCount == 50)
    try ClusteredOracle.expectWhole(store, Self.named(VectorFixture.topics(50)))
    _ = try store.delete(VectorFixture.ids(0..<50))
    try ClusteredOracle.expectWhole(store, [:])
    #expect(try store.throughLists(queries, k: 3, probes: 50) == queries.map { _ in [] })
    #expect(try store.cluster(nil).listCount == 0)
    try fixture.fill(store, VectorFixture.topics(9))
    try ClusteredOracle.expectWhole(store, Self.named(VectorFixture.topics(9)))
  }

  @Test("equal vectors share one list, whatever was asked for", arguments: [Codec.int8, .binary])
  func equalVectors(codec: Codec) throws {
    let store = try fixture.store(codec: codec)
    let vectors = [[Float]](repeating: queries[0], count: 2_500)
    try fixture.fill(store, vectors)
    #expect(try store.cluster(8).listCount == 1)
    var expected = Self.named(vectors)
    try ClusteredOracle.expectWhole(store, expected)
    #expect(try store.throughLists([queries[0]], k: 10, probes: 1)[0].count == 2_500)
    // The middle one of three blocks.
    _ = try store.delete(VectorFixture.ids(1_024..<2_048) + ["p5"])
    for number in Array(1_024..<2_048) + [5] { expected["p\(number)"] = nil }
    try ClusteredOracle.expectWhole(store, expected)
  }

  @Test("lists of several blocks grow, shrink and lose any of their blocks")
  func longLists() throws {
    let store = try fixture.clustered(5_000, lists: 2, codec: .binary)
    var expected = Self.named(VectorFixture.topics(5_000))
    try ClusteredOracle.expectWhole(store, expected)
    for range in [0..<1_100, 3_000..<3_020, 3_500..<4_999] {
      _ = try store.delete(VectorFixture.ids(range))
      for number in range { expected["p\(number)"] = nil }
      try ClusteredOracle.expectWhole(store, expected)
    }
    let added = VectorFixture.topics(6_000, seed: 4)
    try fixture.fill(store, added, ids: VectorFixture.ids(10_000..<16_000))
    for (number, vector) in added.enumerated() { expected["p\(10_000 + number)"] = vector }
    #expect(try #require(store.activeIndex().record.clustering).mergedRow > 9_000)
    try ClusteredOracle.expectWhole(store, expected)
    #expect(
      try store.throughLists(queries, k: 10, probes: 2).map(\.count) == queries.map { _ in 10 })
  }

  @Test("vectors of one dimension", arguments: Codec.allCases)
  func oneDimension(codec: Codec) throws {
    let store = try Store.create(at: fixture.folder.path + "/d.pawl", dimension: 1, codec: codec)
    let vectors = (0..<40).map { [Float($0 % 3 == 0 ? -1 : 1)] }
    let file = try fixture.npy("d.npy", vectors, width: 1)
    let ids = try fixture.folder.file("d.txt", VectorFixture.ids(0..<40))
    _ = try store.ingest(vectors: file, ids: ids) { _ in true }
    #expect(try store.cluster(4).listCount == 2)
    try ClusteredOracle.expectWhole(store, Self.named(vectors))
    #expect(try store.throughLists([[1]], k: 5, probes: 1)[0].count == 26)
  }

  @Test("the widest vectors that a store takes can be clustered")
  func widest() throws {
    let width = Store.maximumDimension
    #expect(width <= NearestCode.maximumWidth)
    let store = try Store.create(
      at: fixture.folder.path + "/w.pawl", dimension: width, codec: .binary)
    let vectors = (0..<3).map { row in
      VectorFixture.unit((0..<width).map { Float(($0 * (row + 3)) % 7) - 3 })
    }
    let file = try fixture.npy("w.npy", vectors, width: width)
    let ids = try fixture.folder.file("w.txt", VectorFixture.ids(0..<3))
    _ = try store.ingest(vectors: file, ids: ids) { _ in true }
    #expect(try store.cluster(2).listCount == 2)
    #expect(try store.throughLists(vectors, k: 1, probes: 2).map(\.[0].row) == [0, 1, 2])
    #expect(
      StoreError.cannotCluster(path: "s", problem: "no").description
        == "s: no. Searches stay as they are.")
  }

  @Test("the usual number of lists has its bounds, and what may wait for a merge")
  func usualNumbers() {
    #expect(ReindexOptions.usualListCount(.max >> 12) == 65_000)
    #expect(ReindexOptions.usualListCount(0) == 1 && ReindexOptions.usualListCount(62_984) == 1_004)
    #expect(Merge.limit(count: 5_000, trainedCount: 5_000) == 4_096)
    #expect(Merge.limit(count: 20_000, trainedCount: 10_000) == 10_000)
    #expect(Merge.limit(count: 34_000, trainedCount: 10_000) == 16_384)
    #expect(Merge.limit(count: 41_000, trainedCount: 10_000) == 27_333)
    #expect(Merge.limit(count: 49_000, trainedCount: 10_000) == 16_384)
    #expect(Merge.limit(count: 1_600_000, trainedCount: 1_000_000) == 100_000)
    #expect(Merge.limit(count: 3_960_000, trainedCount: 1_000_000) == 495_000)
  }

  @Test("codecs that hold less are made of those that hold more, by what was stored")
  func codecs() throws {
    let store = try fixture.clustered(2_000, lists: 20, codec: .float32)
    let vectors = Self.named(VectorFixture.topics(2_000))
    var last = Codec.float32
    for codec in [Codec.float32, .float16] {
      try store.cluster(25, codec: codec)
      last = codec
      try ClusteredOracle.expectWhole(store, vectors)
    }
    let direct = try fixture.clustered(2_000, lists: 20, codec: .float32, "direct.pawl")
    try direct.cluster(20, codec: .int8)
    try ClusteredOracle.expectWhole(direct, vectors)
    let exact = try direct.byFlatScan(queries, k: 20).bits
    for codec in [Codec.binary, .int8, .binary] {
      try direct.cluster(20, codec: codec)
      try ClusteredOracle.expectWhole(direct, vectors)
      #expect(try direct.byFlatScan(queries, k: 20).bits == exact)
    }
    for (store, from, to) in [
      (direct, Codec.binary, Codec.float32), (direct, .binary, .float16), (store, last, .float32),
    ] {
      let id = try store.activeIndex().id
      #expect(throws: StoreError.cannotRecode(path: store.path, from: from, to: to)) {
        try store.cluster(9, codec: to)
      }
      #expect(try store.activeIndex().id == id)
    }
    #expect(
      StoreError.cannotRecode(path: "s", from: .int8, to: .float32).description.hasPrefix(
        "s: float32 codes cannot be made from int8 codes, which hold less."))
  }

  @Test("a block's rows are 1,024, but in the last block, which lacks one, and behind it")
  func rowsOfBlocks() {
    #expect(FreshBlocks.rows(ofBlock: 0) == 0..<1_024)
    #expect(FreshBlocks.rows(ofBlock: 4_194_302) == 4_294_965_248..<4_294_966_272)
    #expect(FreshBlocks.rows(ofBlock: 4_194_303) == 4_294_966_272 ..< .max)
    for number in [4_194_304, UInt32.max] { #expect(FreshBlocks.rows(ofBlock: number).isEmpty) }
    #expect(FreshBlocks.rows(from: 1_000, to: 5_000) == 1_000..<1_024)
    #expect(FreshBlocks.rows(from: 1_024, to: 2_000) == 1_024..<2_000)
    #expect(FreshBlocks.rows(from: .max - 9, to: .max) == .max - 9 ..< .max)
  }

  @Test("the last block is in order without lists, too")
  func lastRowsWithoutLists() throws {
    let store = try fixture.store()
    try store.startRows(at: .max - 1_500)
    try fixture.fill(store, VectorFixture.topics(1_500))
    try store.expectWhole(passages: 1_500)
  }

  @Test("row numbers up to the last one")
  func lastRows() throws {
    let store = try fixture.store(codec: .binary)
    try store.startRows(at: .max - 6_000)
    let vectors = VectorFixture.topics(4_000)
    try fixture.fill(store, vectors)
    var expected = Self.named(vectors)
    try store.cluster(20)
    try ClusteredOracle.expectWhole(store, expected)
    let added = VectorFixture.topics(2_000, seed: 3)
    try fixture.fill(store, added, ids: VectorFixture.ids(4_000..<6_000))
    for (number, vector) in added.enumerated() { expected["p\(4_000 + number)"] = vector }
    try ClusteredOracle.expectWhole(store, expected)
    try store.expectWhole(passages: 6_000)
    #expect(try store.activeIndex().record.nextRow == .max)
    #expect(throws: StoreError.tooManyRows(path: store.path)) {
      try fixture.fill(store, [queries[0]], ids: ["more"])
    }
    _ = try store.delete(["p5999", "p0", "p4000"])
    for id in ["p5999", "p0", "p4000"] { expected[id] = nil }
    try ClusteredOracle.expectWhole(store, expected)
    try store.cluster(30)
    try ClusteredOracle.expectWhole(store, expected)
  }
}

extension Store {
  /// As if all rows below had been given out and removed again.
  func startRows(at row: UInt32) throws {
    var write = try environment.beginWrite()
    var record = try storeRecord(in: write)
    record.nextRow = row
    try tables.meta.put(record: record, at: "store", in: &write)
    let id = try version(nil, in: write).index
    var index = try index(id, in: write)
    index.nextRow = row
    try tables.indexes.put(record: index, at: Key(id), in: &write)
    try write.commit()
  }
}
