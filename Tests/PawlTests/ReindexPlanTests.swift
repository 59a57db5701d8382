import IVF
import LMDB
import Testing

@testable import Pawl

@Suite struct ReindexPlanTests {
  @Test("a plan tells what there will be, and writes nothing")
  func plan() throws {
    let vectors = try VectorFixture()
    let store = try vectors.store()
    try vectors.fill(store, VectorFixture.vectors(2_000))
    let before = try store.environment.snapshot().number
    var options = ReindexOptions()
    options.listCount = 25
    options.codec = .binary
    let plan = try store.reindexPlan(options)
    #expect(try store.environment.snapshot().number == before)
    #expect(plan.codeCount == 2_000 && plan.pendingCount == 0)
    #expect(plan.listCount == 25 && plan.currentListCount == 0 && plan.codec == "binary")
    #expect(plan.isWanted && plan.seconds > 0)
    let summary = try store.reindex(options)
    #expect(summary.listCount == 25 && summary.codeCount == 2_000)
    let made = try store.statistics().indexSizeInBytes
    #expect(abs(Double(plan.sizeInBytes) / Double(made) - 1) < 0.25, "\(plan.sizeInBytes) \(made)")
    #expect(try store.reindexPlan().currentListCount == 25)
  }

  @Test("few passages stay without lists unless somebody names a number")
  func tooFew() throws {
    let vectors = try VectorFixture()
    let store = try vectors.store()
    try vectors.fill(store, VectorFixture.vectors(100))
    #expect(try !store.reindexPlan().isWanted)
    let summary = try store.reindex()
    #expect(summary.listCount == 0 && summary.codeCount == 100 && summary.calibration == nil)
    #expect(try store.versions()[0].clustering == nil)
    var options = ReindexOptions()
    options.listCount = 5
    #expect(try store.reindex(options).listCount == 5)
    // Once there are lists, they are made anew.
    #expect(try store.reindex().listCount == 6)
  }

  @Test("what is missing is embedded, on with it after a stop, and then comes into lists")
  func embedsMissing() throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<1_100)), textOnly)
    var options = ReindexOptions()
    options.listCount = 4
    let plan = try store.reindexPlan(options)
    #expect(plan.pendingCount == 1_100 && plan.codeCount == 1_100)
    #expect(plan.embedSizeInBytes == 1_100 * Codec.int8.postingSizeInBytes(width: 32))
    // At least [CLS], three words and [SEP].
    #expect(plan.pendingTokenCount >= 5 * 1_100 && plan.embedSeconds > 0)
    #expect(throws: StoreError.stoppedEmbedding(path: store.path)) {
      try store.embedMissing { _ in false }
    }
    #expect(try store.embedMissing().embeddedCount == 1_100 - 1_024)
    #expect(try store.embedMissing(version: "v1").embeddedCount == 0)
    #expect(try store.reindex(options).codeCount == 1_100)
    #expect(try store.query("passage number 7", k: 3, .probes(4)).hits.count == 3)
    #expect(try store.reindexPlan(options).pendingTokenCount == 0)
    try store.expectWhole(passages: 1_100)
  }

  @Test("a clustering that an ingest ends with and somebody stops is postponed to the next ingest")
  func postponed() throws {
    let fixture = try VectorFixture()
    let store = try fixture.store()
    let vectors = VectorFixture.vectors(Store.fewestClustered)
    let stopped = try fixture.fill(store, vectors) { $0.stage != .clustering }
    #expect(
      stopped.upkeep.problem != nil && stopped.upkeep.reindex == nil && !stopped.isInterrupted)
    #expect(stopped.newCount == vectors.count)
    #expect(try store.versions()[0].clustering == nil)
    let next = try fixture.fill(store, vectors)
    #expect(next.upkeep.problem == nil && next.unchangedCount == vectors.count)
    #expect(
      next.upkeep.reindex?.listCount == 400 && next.upkeep.reindex?.codeCount == vectors.count)
    #expect(try store.versions()[0].clustering?.listCount == 400)
    try store.expectWhole(passages: vectors.count)
  }

  @Test("statistics tell how the lists are, and what came after them")
  func statistics() throws {
    let fixture = try ListSearchFixture()
    let before = try #require(try fixture.store.versions()[0].clustering)
    #expect(before.listCount == 30 && before.freshCount == 0 && before.staleness == 1)
    #expect(before.imbalance >= 1 && before.trainedCount == ListSearchFixture.count)
    #expect(before.calibration?.source == "vectors" && before.calibration?.curves.isEmpty == false)
    let added = VectorFixture.vectors(500, seed: 8)
    _ = try fixture.store.ingest(
      vectors: try fixture.vectors.npy("more.npy", added),
      ids: try fixture.vectors.folder.file("more.txt", (0..<500).map { "m\($0)" })
    ) { _ in true }
    let after = try #require(try fixture.store.versions()[0].clustering)
    #expect(after.freshCount == 500 && after.freshShare == 0.25)
    #expect(abs(after.staleness - 2_000.0 / 1_500) < 1e-9)
    let figures = try fixture.store.statistics()
    #expect(figures.indexBytesPerVector == Double(figures.indexSizeInBytes) / 2_000)
  }
}
