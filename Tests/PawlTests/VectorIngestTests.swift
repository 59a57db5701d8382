import Corpus
import Foundation
import IVF
import LMDB
import LinearAlgebra
import Synchronization
import Testing

@testable import Pawl

@Suite struct VectorIngestTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  @Test("vectors find themselves, with every codec", arguments: Codec.allCases)
  func findsThemselves(codec: Codec) throws {
    let store = try fixture.store(codec: codec)
    let vectors = VectorFixture.vectors(5_000)
    let summary = try fixture.fill(store, vectors)
    #expect(summary.readCount == 5_000 && summary.newCount == 5_000)
    #expect(summary.normalizedCount == 0 && !summary.isInterrupted)
    let asked = Array(stride(from: 0, to: 5_000, by: 97))
    let run = try fixture.run(store, asked.map { vectors[$0] }, k: 3)
    for (number, place) in asked.enumerated() {
      let hits = run[Identifier("\(number)")]
      #expect(hits.first?.passage.text == "p\(place)")
      #expect(abs((hits.first?.score ?? 0) - 1) < 0.01)
    }
    try store.expectWhole(passages: 5_000)
  }

  @Test("the same vectors again change nothing and write nothing")
  func again() throws {
    let store = try fixture.store()
    let vectors = VectorFixture.vectors(5_000)
    try fixture.fill(store, vectors)
    let commit = try store.environment.snapshot().number
    let summary = try fixture.fill(store, vectors)
    #expect(summary.unchangedCount == 5_000 && summary.newCount == 0 && summary.updatedCount == 0)
    #expect(try store.environment.snapshot().number == commit)
  }

  @Test("an id that is there gets its new vector, in one transaction with a new row")
  func updates() throws {
    let store = try fixture.store()
    var vectors = VectorFixture.vectors(3_000)
    try fixture.fill(store, vectors)
    let others = VectorFixture.vectors(500, seed: 2)
    vectors.replaceSubrange(1_000..<1_500, with: others)
    let summary = try fixture.fill(store, vectors)
    #expect(summary.updatedCount == 500 && summary.unchangedCount == 2_500)
    #expect(try fixture.nearest(store, others[7], k: 1) == ["p1007"])
    #expect(try store.passages(["p1007"]).first?.row == 3_007)
    let old = VectorFixture.vectors(3_000)[1_007]
    let score = try #require(try fixture.run(store, [old], k: 1)["0"].first?.score)
    #expect(score < 0.98, "the old vector is gone")
    try store.expectWhole(passages: 3_000)
  }

  @Test("an id that a file has twice keeps its last vector; the counts are those of one by one")
  func repeatedIDs() throws {
    let store = try fixture.store()
    let v = VectorFixture.vectors(6)
    let first = try fixture.fill(
      store, [v[0], v[1], v[2], v[2], v[3]], ids: ["a", "b", "a", "a", "b"])
    #expect(first.newCount == 2 && first.updatedCount == 2 && first.unchangedCount == 1)
    #expect(try fixture.nearest(store, v[2], k: 1) == ["a"])
    #expect(try fixture.nearest(store, v[3], k: 1) == ["b"])
    // There and back again: nothing is to be stored.
    let row = try store.passages(["a"]).first?.row
    let second = try fixture.fill(store, [v[4], v[2]], ids: ["a", "a"])
    #expect(second.updatedCount == 2)
    #expect(try store.passages(["a"]).first?.row == row)
    try store.expectWhole(passages: 2)
  }

  @Test("vectors of any length are brought to unit length; those of zeros are refused by row")
  func lengths() throws {
    let store = try fixture.store(codec: .float32)
    let unit = VectorFixture.vectors(4)
    let scaled = [
      unit[0], unit[1].map { $0 * 1e30 }, unit[2].map { $0 * 1e-30 }, unit[3].map { $0 * 1.009 },
    ]
    let summary = try fixture.fill(store, scaled)
    #expect(summary.normalizedCount == 2)
    for place in 1...2 {
      let score = try #require(try fixture.run(store, [unit[place]], k: 1)["0"].first?.score)
      #expect(abs(score - 1) < 1e-6)
    }
    let zeros = [unit[0], [Float](repeating: 0, count: VectorFixture.width)]
    let error = #expect(throws: CorpusError.self) {
      try fixture.fill(store, zeros, ids: ["x", "y"])
    }
    #expect(
      error?.description
        == "\(fixture.folder.path)/x.npy: row 2 is nothing but zeros, so it points nowhere. Remove that row."
    )
    try store.expectWhole(passages: 4)
  }

  @Test("queries of any length are answered as those of unit length")
  func longQueries() throws {
    let store = try fixture.store()
    try fixture.fill(store, VectorFixture.vectors(300))
    let query = VectorFixture.vectors(1, seed: 9)[0]
    let (a, b) = (
      try fixture.run(store, [query], k: 20)["0"],
      try fixture.run(store, [query.map { $0 * 4 }], k: 20)["0"]
    )
    #expect(a.map(\.passage) == b.map(\.passage))
    #expect(zip(a, b).allSatisfy { abs($0.score - $1.score) < 1e-6 })
  }

  @Test("stopped at any batch, the same ingest goes on and ends with the same answers")
  func resumes() throws {
    let vectors = VectorFixture.vectors(20_000)
    let whole = try fixture.store("whole.pawl")
    try fixture.fill(whole, vectors)
    let stopped = try fixture.store("stopped.pawl")
    var added = 0
    for stop in 1...8 {
      let calls = Atomic(0)
      // The first five calls are of the check.
      let summary = try fixture.fill(stopped, vectors) { _ in
        calls.add(1, ordering: .relaxed).newValue < 4 + stop
      }
      added += summary.newCount
      #expect(summary.updatedCount == 0)
      try stopped.expectWhole(passages: added)
      if !summary.isInterrupted { break }
    }
    #expect(added == 20_000, "nothing was added twice")
    let queries = VectorFixture.vectors(20, seed: 3)
    #expect(
      try fixture.answers(whole, queries, k: 50) == fixture.answers(stopped, queries, k: 50))
  }

  @Test("a transaction takes whole blocks, 16 MiB of vectors at most, and at least one vector")
  func batchSizes() {
    for (width, rows) in [
      (1, 4_096), (1_024, 4_096), (1_536, 2_048), (4_096, 1_024), (4_097, 1_023), (16_384, 256),
    ] {
      #expect(VectorSource.rowsAtOnce(width: width) == rows)
    }
  }

  @Test("--limit reads so many vectors and no more")
  func limits() throws {
    let store = try fixture.store()
    #expect(try fixture.fill(store, VectorFixture.vectors(100), limit: 10).newCount == 10)
    try store.expectWhole(passages: 10)
  }

  @Test("fvecs files are read like npy")
  func otherFiles() throws {
    let vectors = VectorFixture.vectors(50)
    var bytes: [UInt8] = []
    for vector in vectors {
      for word in [UInt32(VectorFixture.width)] + vector.map(\.bitPattern) {
        withUnsafeBytes(of: word.littleEndian) { bytes += $0 }
      }
    }
    let file = fixture.folder.path + "/x.fvecs"
    try Data(bytes).write(to: URL(filePath: file))
    let ids = try fixture.folder.file("ids.txt", VectorFixture.ids(0..<50))
    let store = try fixture.store()
    #expect(try store.ingest(vectors: file, ids: ids) { _ in true }.newCount == 50)
    #expect(try fixture.fill(store, vectors).unchangedCount == 50)
  }

  @Test("updates that would rewrite long lists in one transaction are spread over several")
  func manyUpdates() throws {
    let folder = try TemporaryFolder()
    let fixture = try VectorFixture()
    let (width, count) = (1_024, 1_500)
    let store = try Store.create(
      at: folder.path + "/s.pawl", dimension: width, codec: .float32)
    func ingest(_ range: Range<Int>, seed: UInt64) throws -> VectorIngestSummary {
      var random = SplitMix64(seed: seed)
      let vectors = range.map { _ in (0..<width).map { _ in Float(random.nextUnit() - 0.5) } }
      return try store.ingest(
        vectors: try fixture.npy("x.npy", vectors, width: width),
        ids: try folder.file("ids.txt", VectorFixture.ids(range))
      ) { _ in true }
    }
    _ = try ingest(0..<count, seed: 1)
    var options = ReindexOptions()
    options.listCount = 1
    _ = try store.reindex(options)
    let limit = try store.removalBatchSize(in: store.environment.snapshot())
    #expect((1..<30).contains(limit))
    let before = try store.environment.snapshot().number
    let summary = try ingest(0..<100, seed: 2)
    #expect(summary.updatedCount == 100 && summary.readCount == 100 && summary.newCount == 0)
    #expect(try store.environment.snapshot().number - before >= 100 / limit)
    #expect(try ingest(0..<100, seed: 2).unchangedCount == 100)
    try store.expectWhole(passages: count)
  }
}
