import Corpus
import Encoding
import IVF
import LMDB
import LinearAlgebra
import Synchronization
import Testing
import Training

@testable import Pawl

/// Versions that ask another version's vectors.
@Suite struct BridgeTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// With v2, a trained version that is not embedded.
  private func trainedStore(listCount: Int? = nil) throws -> Store {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    if let listCount { try store.cluster(listCount) }
    var options = TrainOptions()
    options.recipe = .contrastive
    (options.recipe.batchSize, options.recipe.rate, options.stepCount) = (8, 1e-3, 6)
    options.recipe.takesLast = true
    _ = try store.train(Fixture.sampleSet(), options, TrainingWatcher())
    return store
  }

  private func record(_ name: String, _ store: Store) throws -> VersionRecord {
    try store.version(name, in: store.environment.snapshot())
  }

  private func bridge(_ store: Store, _ source: String = "v2", to target: String? = nil) throws
    -> BridgeSummary
  {
    try #require(try store.bridge(from: source, to: target) { _ in true })
  }

  private func top(_ store: Store, _ version: String? = nil) throws -> [Hit] {
    try store.query("warm bread from a stone oven", k: 10, .exact, version: version).hits
  }

  @Test("a bridge asks the vectors that are there with the queries of a version that has none")
  func asks() throws {
    let store = try trainedStore()
    let summary = try bridge(store)
    #expect(summary.version == "v3" && summary.target == "v1" && summary.upkeep == IndexUpkeep())
    let figures = summary.figures
    #expect(figures.source == "v2" && (figures.learnedCount, figures.triedCount) == (248, 61))
    // A map that were the wrong way round would lead away.
    #expect(figures.cosine > figures.plainCosine && figures.plainCosine < 0.999)
    let (v1, v2, v3) = (try record("v1", store), try record("v2", store), try record("v3", store))
    #expect(v3.index == v1.index && v3.space == v1.space && v3.state == "ready")
    #expect(v3.checkpoint == v2.checkpoint && v3.querySpace == v2.space && v3.parent == "v2")
    #expect(v3.queryDigest != v1.queryDigest)
    #expect(try store.versions().last?.bridge == figures)
    // The scores are those of v2's vector, turned, with v1's codes.
    let snapshot = try store.environment.snapshot()
    let space = try store.space(v2.space, in: snapshot)
    var vector = try store.queryEncoder(of: v2, space, in: snapshot)
      .encode("warm bread from a stone oven")
    let adapter = try #require(v3.adapter)
    try store.queryAdapter(adapter, width: 32, in: snapshot).apply(to: &vector, kernels: .best)
    let hits = try top(store, "v3")
    let rows = try store.passages(hits.map(\.id)).map(\.row)
    let codes = try IndexCodes(store, v1.index, in: snapshot).codes(of: rows, in: snapshot)
      .decoded()
    for (place, hit) in hits.enumerated() {
      let score = (0..<32).reduce(Float(0)) { $0 + vector[$1] * codes[place * 32 + $1] }
      #expect(abs(score - hit.score) < 1e-3)
    }
    // One query, and the same in a batch.
    var search = try BatchSearch(store, .exact, version: "v3")
    let text = "warm bread from a stone oven"
    let batch = try search.run(
      QueryBatch(ids: [Identifier("1")], content: .texts([text])), k: 10)
    #expect(batch[0].map(\.passage.text) == hits.map(\.id))
    let explained = try store.explain(text, version: "v3")
    #expect(explained.checkpoint == v2.checkpoint && explained.space == v1.space)
    try store.expectWhole(passages: 309)
  }

  @Test("a bridge serves, new passages come to it, and the version itself takes its place")
  func serves() throws {
    let store = try trainedStore(listCount: 9)
    let summary = try bridge(store)
    let calibration = try #require(summary.upkeep.calibration)
    #expect(try store.calibration(version: "v3") == calibration)
    #expect(try store.calibration() != calibration)
    _ = try store.judge("v3", by: Fixture.sampleSet())
    _ = try store.promote("v3", withoutGateFor: "a test")
    _ = try store.ingestAll(try folder.file("few.tsv", Fixture.passages(0..<10)))
    #expect(try store.query("passage number", k: 5).version == "v3")
    #expect(try store.query("passage number 7", k: 319, .exact).hits.contains { $0.id == "p7" })
    _ = try store.embedMissing(version: "v2")
    _ = try store.promote("v2", withoutGateFor: "a test")
    #expect(try store.query("bread", k: 1).version == "v2")
    _ = try store.rollback(reason: "a test")
    #expect(try store.query("bread", k: 1).version == "v3")
    try store.expectWhole(passages: 319)
  }

  @Test("what the queries' version has learned from, and what the vectors' has, judges no bridge")
  func lineage() throws {
    let store = try trainedStore()
    // v3 is trained from v1, too, by other queries.
    let queries = try folder.file("q.tsv", (0..<12).map { "x\($0)\tquite another question \($0)" })
    let ids = try store.passageIDs(startingWith: "", limit: 12)
    let qrels = try folder.file("r.tsv", ids.enumerated().map { "x\($0) 0 \($1) 1" })
    var options = TrainOptions()
    options.recipe = .contrastive
    (options.recipe.batchSize, options.stepCount) = (4, 2)
    _ = try store.train(EvaluationSet(queries: queries, qrels: qrels), options, TrainingWatcher())
    _ = try store.embedMissing(version: "v3")
    let name = try bridge(store, "v2", to: "v3").version
    let snapshot = try store.environment.snapshot()
    let used = try store.usedQueries(by: record(name, store), in: snapshot)
    #expect(used.contains { $0.contains(text: "quite another question 3") })
    let first = try #require(try Fixture.sampleSet().judged.first)
    #expect(used.contains { $0.contains(text: first.text) })
    try store.expectWhole(passages: 309)
  }

  @Test("a bridge lives on when the version of its queries has lost its vectors, and in a copy")
  func outlives() throws {
    let store = try trainedStore()
    _ = try bridge(store)
    let before = try top(store, "v3")
    _ = try store.promote("v3", withoutGateFor: "a test")
    var options = GarbageOptions()
    (options.keptVersionCount, options.minimumAgeInSeconds) = (0, 0)
    _ = try store.collectGarbage(options)
    #expect(try store.versions().map(\.state) == ["ready", "collected", "ready"])
    _ = try store.backup(to: folder.path + "/b.pawl", check: Store.checkHere)
    let path = store.path
    try store.environment.close()
    _ = try Store.compact(path)
    for copy in [path, folder.path + "/b.pawl"] {
      let store = try Store(path: copy)
      #expect(try top(store) == before)
      try store.expectWhole(passages: 309)
    }
  }

  @Test("a bridge has no encoder to train, to export or to import")
  func refusals() throws {
    let store = try trainedStore()
    _ = try bridge(store)
    let refusal = StoreError.isBridge(path: store.path, version: "v3", source: "v2")
    var training = TrainOptions()
    (training.version, training.stepCount) = ("v3", 1)
    #expect(throws: refusal) {
      try store.train(Fixture.sampleSet(), training, TrainingWatcher())
    }
    #expect(throws: refusal) {
      try store.exportModel(to: folder.path + "/out", version: "v3")
    }
    var options = ImportOptions(.version)
    (options.version, options.queryPrefix) = ("v3", "ask: ")
    #expect(throws: refusal) { try store.importVersion(options) }
    // An outside model has nothing of its parent but the name.
    options.source = .model(Fixture.tinyModel)
    let made = try store.importVersion(options).version
    let new = try record(made, store)
    #expect(new.bridge == nil && new.adapter == nil && new.querySpace == new.space)
    try store.expectWhole(passages: 309)
  }

  @Test("nothing leads from a version to itself, from a bridge, or to a version without vectors")
  func impossible() throws {
    let store = try trainedStore()
    func expectRefused(_ source: String, _ target: String, _ reason: String) {
      #expect(
        throws: StoreError.noBridge(
          path: store.path, source: source, target: target, reason: reason)
      ) { try store.bridge(from: source, to: target) { _ in true } }
    }
    expectRefused("v1", "v1", "the vectors of both are the same")
    expectRefused(
      "v1", "v2", "0 of the passages that were looked at are embedded for v2, and 10 are the least")
    _ = try bridge(store)
    expectRefused(
      "v3", "v1", "v3 moves its queries already. Take the version that it was made of")
    #expect(try store.bridge(from: "v2") { $0.stage != .embedding } == nil)
    #expect(try store.versions().count == 3)
    try store.expectWhole(passages: 309)
  }
}
