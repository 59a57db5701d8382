import Corpus
import IVF
import LMDB
import LinearAlgebra
import Testing

@testable import Pawl

/// A clustered store under streams of ingests, updates and deletions.
@Suite struct ClusteredStreamTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private let queries = VectorFixture.topics(12, seed: 7)

  /// A store, its vectors in a dictionary, and a twin without lists.
  private struct Stream {
    let fixture: VectorFixture
    let store: Store
    let twin: Store
    var vectors: [String: [Float]] = [:]
    var random: SplitMix64

    mutating func ingest(_ count: Int, ids: Range<Int>) throws {
      var names = ids.map { "p\($0)" }
      names.shuffle(using: &random)
      let chosen = Array(names.prefix(count))
      let added = VectorFixture.topics(count, seed: random.next())
      for store in [store, twin] { try fixture.fill(store, added, ids: chosen) }
      for (name, vector) in zip(chosen, added) { vectors[name] = vector }
    }

    mutating func delete(_ count: Int) throws {
      let chosen = Array(vectors.keys.sorted().shuffled(using: &random).prefix(count))
      for store in [store, twin] {
        #expect(try store.delete(chosen + ["nobody"]).deletedCount == count)
      }
      for name in chosen { vectors[name] = nil }
    }

    /// All invariants, and the answers of the twin.
    func expectSame(_ queries: [[Float]]) throws {
      try ClusteredOracle.expectWhole(store, vectors)
      let expected = try twin.byFlatScan(queries, k: 40).bits
      #expect(try store.byFlatScan(queries, k: 40).bits == expected)
      #expect(try store.byBatchScan(queries, k: 40).bits == expected)
    }
  }

  private func stream(_ codec: Codec, seed: UInt64 = 3) throws -> Stream {
    Stream(
      fixture: fixture, store: try fixture.store(codec: codec),
      twin: try fixture.store("twin.pawl", codec: codec), random: SplitMix64(seed: seed))
  }

  @Test(
    "ingests, updates, deletes and merges keep every code in one place", arguments: Codec.allCases)
  func streams(codec: Codec) throws {
    var stream = try stream(codec)
    try stream.ingest(1_500, ids: 0..<4_000)
    try stream.store.cluster(24)
    try stream.expectSame(queries)
    let before = try stream.store.activeIndex().record.clustering
    for step in 0..<6 {
      try stream.ingest([700, 1_300, 900][step % 3], ids: 0..<4_000)
      try stream.delete(250)
      if step == 3 { try stream.expectSame(queries) }
    }
    try stream.expectSame(queries)
    let after = try stream.store.activeIndex().record.clustering
    #expect(try #require(after).mergedRow > #require(before).mergedRow, "no merge took place")
    try stream.store.cluster(31)
    try stream.expectSame(queries)
    #expect(try stream.store.activeIndex().record.clustering?.listCount == 31)
    try stream.delete(stream.vectors.count - 3)
    try stream.expectSame(queries)
  }

  @Test("a merge that is stopped after any transaction goes on later, and nothing is lost between")
  func interruptedMerge() throws {
    var stream = try stream(.binary)
    try stream.ingest(1_200, ids: 0..<9_000)
    try stream.store.cluster(30)
    // Not through ingest, which would merge at once.
    try stream.ingest(3_000, ids: 0..<9_000)
    try stream.ingest(1_000, ids: 0..<9_000)
    let id = try stream.store.activeIndex().id
    let waiting = VectorFixture.topics(1_500, seed: 77)
    try stream.store.addWithoutMerge(waiting, ids: 20_000..<21_500)
    try fixture.fill(stream.twin, waiting, ids: VectorFixture.ids(20_000..<21_500))
    for (number, vector) in waiting.enumerated() { stream.vectors["p\(20_000 + number)"] = vector }
    var steps = 0
    var isFinished = false
    while !isFinished, steps < 40 {
      try Merge(store: stream.store, indexID: id).runIfNeeded { false }
      steps += 1
      try stream.expectSame(queries)
      let merging = try stream.store.activeIndex().record.clustering?.merging
      isFinished = merging == nil
      if steps == 3 || steps == 6 {
        #expect(merging != nil)
        try stream.delete(300)
        try stream.store.addWithoutMerge(waiting, ids: 30_000..<31_500, only: steps)
        try fixture.fill(
          stream.twin, [waiting[steps]], ids: ["p\(30_000 + steps)"])
        stream.vectors["p\(30_000 + steps)"] = waiting[steps]
        try stream.expectSame(queries)
      }
    }
    #expect(steps > 6, "\(steps) steps")
    let record = try #require(try stream.store.activeIndex().record.clustering)
    #expect(record.merging == nil && record.mergedRow > 5_000)
  }
}

extension Store {
  /// Adds vectors as p… without the merge that follows an ingest.
  func addWithoutMerge(_ vectors: [[Float]], ids: Range<Int>, only: Int? = nil) throws {
    var write = try environment.beginWrite()
    var index = try VectorIndex(self, kernels: kernels(), in: write)
    var record = try storeRecord(in: write)
    var writer = RowWriter(tables: tables)
    let first = record.nextRow
    var floats: [Float] = []
    for (number, id) in ids.enumerated() where only == nil || only == number {
      try writer.add(
        Identifier("p\(id)"), "", .none, row: record.nextRow, replacing: nil,
        firstRowCodedNowhere: 0, in: &write)
      record.nextRow += 1
      floats += vectors[number]
    }
    try tables.meta.put(record: record, at: "store", in: &write)
    try index.add(floats.span, rows: first..<record.nextRow, in: &write)
    try write.commit()
  }
}
