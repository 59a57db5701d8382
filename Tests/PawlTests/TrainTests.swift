import Encoding
import Foundation
import LMDB
import Testing
import Training

@testable import Pawl

/// Versions made from judgments, on a small model.
@Suite struct TrainTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static func plainSet() throws -> EvaluationSet {
    try EvaluationSet(queries: Fixture.sample("queries.tsv"), qrels: Fixture.sample("qrels.tsv"))
  }

  private static func options(_ recipe: Recipe = .contrastive) -> TrainOptions {
    var options = TrainOptions()
    options.recipe = recipe
    options.recipe.batchSize = 8
    options.recipe.rate = 1e-3
    options.recipe.validations = 3
    options.stepCount = 9
    return options
  }

  private func sampleStore(_ name: String) throws -> Store {
    let store = try Fixture.store(in: folder, name)
    _ = try store.ingestAll(Fixture.sampleCollection)
    return store
  }

  private func checkpoint(of version: String, _ store: Store) throws -> String {
    try store.version(version, in: store.environment.snapshot()).checkpoint ?? ""
  }

  @Test(
    "every recipe makes a version that nobody serves yet",
    arguments: [Recipe.contrastive, .safe] + Recipe.all.filter { $0.name.hasPrefix("paper") })
  func recipes(recipe: Recipe) throws {
    let store = try sampleStore("s.pawl")
    let answer = try store.query("bread", k: 5)
    let summary = try #require(
      try store.train(Fixture.sampleSet(), Self.options(recipe), TrainingWatcher()))
    #expect(summary.version == "v2" && summary.stepCount == 9)
    let snapshot = try store.environment.snapshot()
    let version = try store.version("v2", in: snapshot)
    // Where no step was better the parent's files are taken, and its index with them.
    #expect(version.state == (summary.bestStep == 0 ? "ready" : "trained"))
    #expect(version.parent == "v1")
    #expect(try store.activeVersion(in: snapshot) == "v1")
    #expect(try checkpoint(of: "v2", store) != checkpoint(of: "v1", store) || summary.bestStep == 0)
    _ = try store.encoder(for: store.space(version.space, in: snapshot))
    #expect(try store.query("bread", k: 5).hits == answer.hits)
    #expect(!Files.names(in: store.path + "/runs/v2").contains { $0.hasPrefix("state") })
    try store.expectWhole(passages: 309)
  }

  @Test(
    "a run that was stopped goes on with the same call, to the same bytes",
    arguments: [
      ("mined", 3e-3, UInt64(4), [1, 25]), ("paper-random-full", 3e-4, UInt64(1), [13, 30]),
    ])
  func resume(name: String, rate: Double, seed: UInt64, stops: [Int]) throws {
    var options = Self.options(try #require(Recipe.named(name)))
    (options.recipe.rate, options.recipe.batchSize) = (rate, 16)
    (options.stepCount, options.recipe.validations, options.seed) = (60, 10, seed)
    let whole = try sampleStore("whole.pawl")
    let summary = try #require(try whole.train(Self.plainSet(), options, TrainingWatcher()))
    // Else the version would be the parent's copy, whatever the steps did.
    #expect(summary.bestStep > 0)
    let store = try sampleStore("stopped.pawl")
    for stop in stops {
      var watcher = TrainingWatcher()
      watcher.didStep = { step, _ in step.number < stop }
      #expect(try store.train(Self.plainSet(), options, watcher) == nil)
      try store.expectWhole(passages: 309)
    }
    var watcher = TrainingWatcher()
    var done = -1
    watcher.didPlan = { done = $0.doneCount }
    #expect(try store.train(Self.plainSet(), options, watcher) == summary)
    #expect(done == stops.last.map { $0 + 1 })
    #expect(try checkpoint(of: "v2", store) == checkpoint(of: "v2", whole))
  }

  @Test("another seed, or other judgments, begin anew")
  func anew() throws {
    let store = try sampleStore("s.pawl")
    var watcher = TrainingWatcher()
    watcher.didStep = { step, _ in step.number < 4 }
    _ = try store.train(Fixture.sampleSet(), Self.options(), watcher)
    var done = -1
    watcher.didPlan = { done = $0.doneCount }
    var options = Self.options()
    options.seed = 2
    _ = try store.train(Fixture.sampleSet(), options, watcher)
    #expect(done == 0)
  }

  @Test("what cannot be trained on is said before anything is written")
  func refusals() throws {
    let store = try sampleStore("s.pawl")
    var options = Self.options()
    options.recipe.batchSize = 1
    #expect(throws: TrainingError.batchOfOne(loss: "ranking")) {
      try store.train(Fixture.sampleSet(), options, TrainingWatcher())
    }
    options.recipe.batchSize = 1_000
    #expect(throws: TrainingError.self) {
      try store.train(Fixture.sampleSet(), options, TrainingWatcher())
    }
    let queries = try folder.file("q.tsv", ["q1\tbread", "q2\tsoup"])
    let qrels = try folder.file("r.tsv", ["q1 0 p001 1", "q2 0 p002 1"])
    options.recipe.batchSize = 2
    #expect(throws: StoreError.self) {
      try store.train(
        EvaluationSet(queries: queries, qrels: qrels), options, TrainingWatcher())
    }
    #expect(!Files.exists(store.path + "/runs"))
    let vectors = try Store.create(at: folder.path + "/vectors.pawl", dimension: 4)
    #expect(throws: StoreError.noEncoder(path: vectors.path)) {
      try vectors.train(Fixture.sampleSet(), Self.options(), TrainingWatcher())
    }
  }
}
