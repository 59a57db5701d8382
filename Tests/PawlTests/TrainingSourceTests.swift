import Corpus
import Encoding
import Foundation
import FoundationXML
import LMDB
import Testing
import Training

@testable import Pawl

/// What a training takes: judgments, triples, mined negatives; and versions that are made otherwise.
@Suite struct TrainingSourceTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static func options(_ recipe: Recipe) -> TrainOptions {
    var options = TrainOptions()
    options.recipe = recipe
    options.recipe.batchSize = 8
    options.recipe.rate = recipe.part == .queryAdapter ? 1e-2 : 1e-3
    options.recipe.validations = 3
    options.stepCount = 9
    return options
  }

  private func sampleStore() throws -> Store {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    return store
  }

  private func record(_ name: String, _ store: Store) throws -> VersionRecord {
    try store.version(name, in: store.environment.snapshot())
  }

  /// Columns of a file's lines.
  private func table(_ path: String) throws -> [[String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  // MARK: Adapters of queries

  @Test("an adapter of queries shares its parent's index, and answers otherwise")
  func queryAdapter() throws {
    let store = try sampleStore()
    let parent = try record("v1", store)
    let before = try store.query("bread", k: 10).hits
    var options = Self.options(.queryAdapter)
    (options.stepCount, options.recipe.validations, options.recipe.patience) = (100, 20, 0)
    let summary = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    let version = try record(summary.version, store)
    #expect(version.index == parent.index && version.space == parent.space)
    #expect(version.state == "ready" && version.adapter != nil)
    #expect(summary.bestStep > 0 && summary.metric > summary.baseMetric)
    let after = try store.query("bread", k: 10, version: "v2")
    #expect(after.version == "v2" && after.hits.map(\.score) != before.map(\.score))
    #expect(try store.query("bread", k: 10).hits == before)
    // One query, and the same in a batch.
    var search = try BatchSearch(store, .exact, version: "v2")
    let batch = try search.run(
      QueryBatch(ids: [Identifier("1"), Identifier("2")], content: .texts(["soup", "bread"])),
      k: 10)
    let one = try store.query("bread", k: 10, .exact, version: "v2").hits
    #expect(batch[1].map(\.passage.text) == one.map(\.id))
    // Making lists keeps both versions on one index.
    var reindex = ReindexOptions()
    reindex.listCount = 8
    _ = try store.reindex(reindex)
    #expect(try record("v2", store).index == record("v1", store).index)
    #expect(try store.query("bread", k: 10, .exact, version: "v2").hits == one)
    try store.expectWhole(passages: 309)
  }

  @Test(
    "an adapter is the same again after a stop, and for vectors of codes that are not there yet")
  func adapterAgain() throws {
    let store = try sampleStore()
    let whole = try #require(
      try store.train(Fixture.sampleSet(), Self.options(.queryAdapter), TrainingWatcher()))
    let digest = try record("v2", store).adapter
    let other = try Fixture.store(in: folder, "o.pawl")
    _ = try other.ingestAll(Fixture.sampleCollection)
    var watcher = TrainingWatcher()
    watcher.didStep = { step, _ in step.number < 5 }
    #expect(try other.train(Fixture.sampleSet(), Self.options(.queryAdapter), watcher) == nil)
    #expect(
      try other.train(Fixture.sampleSet(), Self.options(.queryAdapter), TrainingWatcher()) == whole)
    #expect(try record("v2", other).adapter == digest)
    let pending = try Fixture.store(in: folder, "p.pawl")
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    _ = try pending.ingestAll(Fixture.sampleCollection, textOnly)
    let summary = try #require(
      try pending.train(Fixture.sampleSet(), Self.options(.queryAdapter), TrainingWatcher()))
    // Codes are rounded, so that the last digits differ.
    #expect(abs(summary.baseMetric - whole.baseMetric) < 0.05)
  }

  // MARK: Mined negatives and triples

  @Test("mined triples have their rank, score and version, none of which answers the query")
  func mine() throws {
    let store = try sampleStore()
    var options = MineOptions()
    (options.mining.rangeMin, options.mining.rangeMax) = (2, 6)
    options.mining.relativeMargin = nil
    options.negativeCount = 2
    let path = folder.path + "/mined.tsv"
    let summary = try #require(
      try store.mine(Fixture.sampleSet(), options, to: path) { _ in true })
    let rows = try table(path)
    #expect(summary.version == "v1" && summary.tripleCount == rows.count && rows.count > 50)
    let set = try Fixture.sampleSet()
    for row in rows {
      #expect(row.count == 6 && row[5] == "v1" && (2...6).contains(Int(row[3]) ?? 0))
      let judged = set.qrels[Identifier(row[0])]
      #expect(judged.contains { $0.id.text == row[1] && $0.grade > 0 })
      #expect(!judged.contains { $0.id.text == row[2] && $0.grade > 0 })
      let query = try #require(set.queries[Identifier(row[0])])
      let hits = try store.query(query.text, k: 20).hits
      let hit = try #require(hits.first { $0.id == row[2] })
      #expect(abs(hit.score - (Float(row[4]) ?? 0)) < 1e-5)
    }
    options.writesTexts = true
    options.mining.samplesRandomly = true
    _ = try store.mine(Fixture.sampleSet(), options, to: path) { _ in true }
    let texts = try table(path)
    #expect(texts.allSatisfy { $0.count == 6 } && texts[0][1].contains(" "))
    // The same seed draws the same.
    let again = folder.path + "/again.tsv"
    _ = try store.mine(Fixture.sampleSet(), options, to: again) { _ in true }
    #expect(try table(again) == texts)
    options.seed = 2
    _ = try store.mine(Fixture.sampleSet(), options, to: again) { _ in true }
    #expect(try table(again) != texts)
  }

  @Test("triples of ids and of texts are learned from, whatever the store has of them")
  func triples() throws {
    let store = try sampleStore()
    let path = folder.path + "/mined.tsv"
    var mining = MineOptions()
    mining.mining.relativeMargin = nil
    mining.negativeCount = 1
    _ = try store.mine(Fixture.sampleSet(), mining, to: path) { _ in true }
    var options = Self.options(Recipe.contrastive.onTriples)
    options.triples = path
    var plans: [TrainingPlan] = []
    var watcher = TrainingWatcher()
    watcher.didPlan = { plans.append($0) }
    _ = try #require(try store.train(Fixture.sampleSet(), options, watcher))
    mining.writesTexts = true
    let texts = folder.path + "/texts.tsv"
    _ = try store.mine(Fixture.sampleSet(), mining, to: texts) { _ in true }
    options.triples = texts
    // Texts bring their own queries: nothing else is needed.
    _ = try #require(try store.train(nil, options, watcher))
    let foreign = try folder.file(
      "foreign.tsv",
      (0..<60).map { "query number \($0)\tan answer of \($0) letters\tnothing of \($0 + 1) words" })
    options.triples = foreign
    options.sampleCount = 50
    _ = try #require(try store.train(nil, options, watcher))
    #expect(plans.map(\.version) == ["v2", "v3", "v4"])
    #expect(plans[2].exampleCount == 45 && plans[2].validationQueryCount == 5)
    #expect(plans[0].unusableCount == 0)
    try store.expectWhole(passages: 309)
  }

  @Test("a teacher's scores are asked for where the loss needs them, and followed")
  func teacher() throws {
    let store = try sampleStore()
    var options = Self.options(.contrastive)
    options.recipe.loss = .marginMSE
    (options.recipe.negatives, options.recipe.negativeCount) = (.given, 2)
    #expect(throws: TrainingError.self) {
      try store.train(Fixture.sampleSet(), options, TrainingWatcher())
    }
    // Two negatives of each query, and of each fifth only one.
    options.triples = try folder.file(
      "scored.tsv",
      (0..<50).flatMap { query in
        (0..<(query % 5 == 0 ? 1 : 2)).map {
          "9.5\t\($0).5\tquery number \(query)\tan answer of \(query)\twrong \($0) of \(query)"
        }
      })
    var plans: [TrainingPlan] = []
    var losses: [Double] = []
    var watcher = TrainingWatcher()
    watcher.didPlan = { plans.append($0) }
    watcher.didStep = { step, _ in
      losses.append(step.loss)
      return true
    }
    _ = try #require(try store.train(nil, options, watcher))
    #expect(plans[0].unusableCount == 10)
    // (9.5 − .5)² and (9.5 − 1.5)² less what cosines can do.
    #expect(losses.allSatisfy { (40...90).contains($0) }, "\(losses)")
  }

  @Test("a run keeps its negatives, and takes them again")
  func keptNegatives() throws {
    let store = try sampleStore()
    var recipe = Recipe.mined
    recipe.mining.rangeMin = 1
    recipe.mining.relativeMargin = nil
    let options = Self.options(recipe)
    var watcher = TrainingWatcher()
    watcher.didStep = { step, _ in step.number < 2 }
    #expect(try store.train(Fixture.sampleSet(), options, watcher) == nil)
    let path = store.path + "/runs/v2/negatives.tsv"
    let mined = try String(contentsOfFile: path, encoding: .utf8)
    #expect(try table(path).allSatisfy { $0.count == 6 })
    var prepared = 0
    watcher = TrainingWatcher()
    watcher.didPrepare = { _ in
      Issue.record("negatives are mined again")
      return true
    }
    watcher.didPlan = { prepared = $0.doneCount }
    _ = try #require(try store.train(Fixture.sampleSet(), options, watcher))
    #expect(prepared == 3)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == mined)
  }

  // MARK: What a run leaves

  @Test("log and curves have each step once, after a stop, too")
  func log() throws {
    let store = try sampleStore()
    let options = Self.options(.contrastive)
    var watcher = TrainingWatcher()
    watcher.didStep = { step, _ in step.number < 4 }
    #expect(try store.train(Fixture.sampleSet(), options, watcher) == nil)
    // What a killed process wrote behind its state.
    let run = TrainingRun(of: "v2", inStoreAt: store.path)
    let last = try #require(run.entries().last { $0.loss != nil })
    #expect(last.step == 4)
    var ahead = last
    ahead.loss = 77
    for step in 5..<8 {
      var entry = try JSONDecoder().decode(
        RunEntry.self, from: Data("{\"step\":\(step),\"loss\":77}".utf8))
      entry.rate = 0
      try run.log(entry)
    }
    _ = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    let entries = run.entries()
    #expect(entries.filter { $0.loss != nil }.map(\.step) == Array(0..<9))
    #expect(entries.filter { $0.reciprocalRank != nil }.map(\.step) == [0, 3, 6, 9])
    #expect(entries.allSatisfy { $0.loss != 77 })
    let picture = try String(contentsOfFile: run.path + "/curves.svg", encoding: .utf8)
    #expect(picture.contains("<polyline") && picture.contains("step 9"))
    let parsed = XMLParser(data: Data(picture.utf8))
    #expect(parsed.parse())
  }

  @Test("a version knows the queries that it or its parents used, and how it was trained")
  func used() throws {
    let store = try sampleStore()
    _ = try store.train(Fixture.sampleSet(), Self.options(.queryAdapter), TrainingWatcher())
    let snapshot = try store.environment.snapshot()
    let used = try store.usedQueries(by: record("v2", store), in: snapshot)
    let set = try Fixture.sampleSet()
    for query in set.judged {
      #expect(used[0].contains(text: "  \(query.text.uppercased()) "))
      #expect(used[0].contains(id: query.id.text))
    }
    #expect(!used[0].contains(text: "other") && !used[0].contains(id: "other"))
    #expect(try store.usedQueries(by: record("v1", store), in: snapshot).isEmpty)
    let training = try #require(try record("v2", store).training)
    #expect(training.stepCount == 9 && training.recipe.name == "query-adapter")
    let child = try store.importVersion(
      {
        var options = ImportOptions(.version)
        (options.version, options.queryPrefix) = ("v2", "q: ")
        return options
      }()
    ).version
    let grandchild = try record(child, store)
    #expect(
      try store.usedQueries(by: grandchild, in: store.environment.snapshot()) == used)
    #expect(try grandchild.adapter == record("v2", store).adapter)
  }

  @Test("a look has each query's answers, what its parent takes for answers, and others by chance")
  func watched() throws {
    let store = try sampleStore()
    let others = Fixture.passages(0..<4_000) { "\($0) loaves of bread" }
    _ = try store.ingestAll(folder.file("others.tsv", others))
    let set = try Fixture.sampleSet()
    var places = try PassagePlaces(store)
    let texts = BatchMaker.TextSettings(queryPrefix: "", passagePrefix: "", maxLength: 32)
    let looks = try TrainingPairs(set, nil, &places, in: store, Self.options(.contrastive))
      .looks(among: places, in: store, version: "v1", seed: 1).validation(places, texts)
    #expect(looks.passageCount == 2_000 && Set(looks.places).count == 2_000)
    let snapshot = try store.environment.snapshot()
    func isWatched(_ id: Identifier) throws -> Bool {
      let row = try #require(try store.checkedRow(of: id, in: snapshot))
      return looks.places.contains(try #require(places.place(ofRow: row)))
    }
    #expect(looks.queryCount >= 3)
    for query in set.judged where looks.queries.contains(query.text) {
      let answers = Set(set.qrels[query.id].filter { $0.grade > 0 }.map(\.id))
      for id in answers { #expect(try isWatched(id)) }
      let hits = try store.query(query.text, k: answers.count + 2).hits.map { Identifier($0.id) }
      for id in hits.filter({ !answers.contains($0) }).prefix(2) { #expect(try isWatched(id)) }
    }
  }

  @Test("queries kept back become the store's calibration set where it has none")
  func calibration() throws {
    let store = try sampleStore()
    _ = try store.train(Fixture.sampleSet(), Self.options(.queryAdapter), TrainingWatcher())
    // Too few to promise anything.
    #expect(try store.sets().isEmpty)
    let passages = try Fixture.sampleSet().judged.map { ($0.text, $0.id) }
    let answers = try Fixture.sampleSet().qrels
    let queries = (0..<2_400).map {
      Query(id: Identifier("k\($0)"), text: "\(passages[$0 % passages.count].0) \($0)")
    }
    let set = try EvaluationSet(
      queries: Queries(queries),
      qrels: Qrels(
        queries.enumerated().flatMap { number, query in
          answers[passages[number % passages.count].1].map {
            Judgment(query: query.id, passage: $0.id, grade: $0.grade)
          }
        }), groups: Groups(queries.map { ($0.id, $0.id.text) }), name: "many")
    var recipe = Recipe.mined
    recipe.mining.rangeMin = 1
    recipe.mining.relativeMargin = nil
    let summary = try #require(try store.train(set, Self.options(recipe), TrainingWatcher()))
    let stored = try #require(try store.sets().first)
    #expect(stored.name == "calibration" && stored.role == .calibration)
    #expect(stored.queryCount >= 200 && stored.groupedCount == stored.queryCount)
    #expect(summary.calibrationCount == stored.queryCount)
    let learned = Set(
      try table("\(store.path)/runs/\(summary.version)/negatives.tsv").map { $0[0] })
    let kept = Set(try store.set(named: "calibration").judged.map(\.id.text))
    #expect(!learned.isEmpty && kept.isDisjoint(with: learned))
    var other = Self.options(.queryAdapter)
    other.seed = 2
    let second = try #require(try store.train(set, other, TrainingWatcher()))
    #expect(second.calibrationCount == nil)
    #expect(try store.sets() == [stored])
  }

  @Test("two trainings of one store are refused, and a run that did not end is left to itself")
  func two() throws {
    let store = try sampleStore()
    let job = try store.beginOnlyJob(JobRecord.training)
    #expect(throws: StoreError.self) {
      try store.train(Fixture.sampleSet(), Self.options(.contrastive), TrainingWatcher())
    }
    try store.endJob(job)
    var watcher = TrainingWatcher()
    watcher.didStep = { _, _ in false }
    _ = try store.train(Fixture.sampleSet(), Self.options(.contrastive), watcher)
    var plan: TrainingPlan?
    watcher.didPlan = { plan = $0 }
    watcher.didStep = { _, _ in true }
    var other = Self.options(.contrastive)
    other.seed = 5
    let summary = try #require(try store.train(Fixture.sampleSet(), other, watcher))
    #expect(summary.version == "v3" && plan?.otherRuns == [store.path + "/runs/v2"])
    let first = try #require(
      try store.train(Fixture.sampleSet(), Self.options(.contrastive), watcher))
    #expect(first.version == "v2" && plan?.doneCount == 1 && plan?.otherRuns == [])
  }

  @Test("gc leaves a young run that did not end, and removes an old one")
  func garbage() throws {
    let store = try sampleStore()
    var watcher = TrainingWatcher()
    watcher.didStep = { _, _ in false }
    _ = try store.train(Fixture.sampleSet(), Self.options(.contrastive), watcher)
    var options = GarbageOptions()
    #expect(try store.collectGarbage(options).left.map(\.what) == ["runs/v2"])
    options.minimumRunAgeInSeconds = 0
    #expect(try store.collectGarbage(options).removed.map(\.what) == ["runs/v2"])
    #expect(!Files.exists(store.path + "/runs/v2"))
    _ = try store.train(Fixture.sampleSet(), Self.options(.contrastive), TrainingWatcher())
    #expect(try store.collectGarbage(options).removed.isEmpty)
    #expect(Files.exists(store.path + "/runs/v2/log.jsonl"))
  }

  // MARK: Models in and out

  @Test("a version is exported with its card, and comes back as it was")
  func export() throws {
    let store = try sampleStore()
    var options = Self.options(try #require(Recipe.named("paper-random-lora")))
    options.recipe.rate = 1e-2
    options.maxLength = 24
    _ = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    let target = folder.path + "/model"
    #expect(try store.exportModel(to: target, version: "v2") == "v2")
    let card = try String(contentsOfFile: target + "/README.md", encoding: .utf8)
    for part in ["# v2", "| recipe | paper-random-lora |", "library_name: sentence-transformers"] {
      #expect(card.contains(part), "\(part)")
    }
    #expect(try ModelDirectory(path: target).maxLength == 24)
    #expect(throws: StoreError.exists(path: target)) {
      try store.exportModel(to: target, version: "v2")
    }
    let name = try store.importVersion(ImportOptions(.model(target))).version
    let snapshot = try store.environment.snapshot()
    let (v2, v3) = (try record("v2", store), try record(name, store))
    let old = try store.encoder(for: store.space(v2.space, in: snapshot)).encode("warm bread")
    let new = try store.encoder(for: store.space(v3.space, in: snapshot)).encode("warm bread")
    #expect(old == new)
    // The run's adapters on the parent are the version.
    if Files.exists(store.path + "/runs/v2/adapter") {
      var adapters = ImportOptions(.adapter(store.path + "/runs/v2/adapter"))
      (adapters.version, adapters.maxLength) = ("v1", 24)
      let merged = try record(store.importVersion(adapters).version, store)
      let vector = try store.encoder(
        for: store.space(merged.space, in: store.environment.snapshot())
      ).encode("warm bread")
      #expect(zip(vector, old).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    #expect(Files.names(in: store.path + "/checkpoints").allSatisfy { !$0.contains("partial") })
    try store.expectWhole(passages: 309)
  }

  @Test("another setting is another space, another query prefix is not")
  func settings() throws {
    let store = try sampleStore()
    var options = ImportOptions(.version)
    options.queryPrefix = "query: "
    let prefixed = try record(store.importVersion(options).version, store)
    let parent = try record("v1", store)
    #expect(prefixed.index == parent.index && prefixed.state == "ready")
    options = ImportOptions(.version)
    options.maxLength = 8
    let short = try record(store.importVersion(options).version, store)
    #expect(short.space != parent.space && short.state == "trained")
    #expect(try store.query("bread", k: 3, version: "v2").version == "v2")
    options.maxLength = 100_000
    #expect(throws: EncodingError.self) { try store.importVersion(options) }
    #expect(throws: EncodingError.self) {
      try store.importVersion(ImportOptions(.model(folder.path)))
    }
    try store.expectWhole(passages: 309)
  }

  @Test("settings that do not go together are said before anything is written")
  func faults() throws {
    let store = try sampleStore()
    let changes: [(inout Recipe) -> Void] = [
      { $0.loss = .tripletCosine }, { $0.negativeCount = 2 }, { $0.negatives = .random },
      { $0.negatives = .given }, { ($0.negatives, $0.negativeCount) = (.given, 1) },
      { ($0.part, $0.anchorWeight) = (.queryAdapter, 1) },
      { ($0.part, $0.negatives, $0.negativeCount) = (.queryAdapter, .random, 1) },
      { ($0.mining.rangeMin, $0.mining.rangeMax) = (5, 4) },
    ]
    for (place, change) in changes.enumerated() {
      var options = Self.options(.contrastive)
      change(&options.recipe)
      #expect(throws: TrainingError.self, "\(place)") {
        try store.train(Fixture.sampleSet(), options, TrainingWatcher())
      }
    }
    var options = Self.options(.contrastive.onTriples)
    options.triples = try folder.file("ids.tsv", ["nobody\tp001\tp002"])
    #expect(
      throws: StoreError.unknownInTriples(
        path: options.triples ?? "", line: 1, query: "nobody")
    ) { try store.train(Fixture.sampleSet(), options, TrainingWatcher()) }
    #expect(!Files.exists(store.path + "/runs"))
  }

  // MARK: What went wrong once

  @Test("values that are no numbers never look good, and what was learned before them is kept")
  func divergence() throws {
    let store = try sampleStore()
    var options = Self.options(.contrastive)
    options.recipe.rate = 1e30
    options.recipe.warmupShare = 0
    (options.stepCount, options.recipe.validations) = (20, 10)
    var failure: TrainingError?
    do { _ = try store.train(Fixture.sampleSet(), options, TrainingWatcher()) } catch let error
      as TrainingError
    { failure = error }
    guard case .diverged(_, let version) = failure else {
      Issue.record("\(failure.map { "\($0)" } ?? "nothing was thrown")")
      return
    }
    #expect(version == nil)
    #expect(TrainingRun.names(inStoreAt: store.path).isEmpty)
    try store.expectWhole(passages: 309)
  }

  @Test(
    "of the way to the trained values a result has as much as it may, or less where that looks better"
  )
  func shares() throws {
    let store = try sampleStore()
    var options = Self.options(.contrastive)
    options.recipe.takesLast = true
    _ = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    options.recipe.mostShare = 0.7
    let part = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    #expect(part.share == 0.7 && part.baseMetric > 0)
    func values(_ version: String) throws -> [Float] {
      let snapshot = try store.environment.snapshot()
      let space = try store.space(record(version, store).space, in: snapshot)
      let checkpoint = try #require(space.checkpoint)
      let model = try ModelDirectory(path: store.checkpointPath(checkpoint))
      let name = "encoder.layer.0.attention.self.query.weight"
      let width = model.configuration.width
      let tensor = try WeightFile(model).floats(name, [width, width])
      return (0..<tensor.span.count).map { tensor.span[$0] }
    }
    let (parent, all, some) = (try values("v1"), try values("v2"), try values("v3"))
    #expect(parent != all)
    for (from, (to, found)) in zip(parent, zip(all, some)) {
      #expect(abs(found - (from + 0.7 * (to - from))) <= 1e-6 * max(1, abs(to)))
    }
    options.recipe.interpolates = true
    let tried = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    #expect(options.recipe.triedShares.contains(tried.share) && tried.share <= 0.7)
    #expect(tried.metric >= part.metric)
    #expect(Recipe.contrastive.triedShares.isEmpty && Recipe.safe.triedShares.count == 4)
  }

  @Test("a run in which no step was better is its parent, index and all")
  func nothingBetter() throws {
    let store = try sampleStore()
    var options = Self.options(.contrastive)
    options.recipe.rate = 1e-12
    let summary = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    let (parent, version) = (try record("v1", store), try record("v2", store))
    #expect(summary.bestStep == 0 && version.state == "ready" && version.index == parent.index)
    options.recipe.mostShare = 0.7
    let mixed = try #require(try store.train(Fixture.sampleSet(), options, TrainingWatcher()))
    #expect(mixed.bestStep == 0 && mixed.share == 1 && mixed.metric == mixed.baseMetric)
  }

  @Test("answers in a file's negatives are left out, and equal queries are on one side")
  func answersAsNegatives() throws {
    let store = try sampleStore()
    // Each third negative is the positive itself.
    let rows = (0..<60).map { number in
      let answer = "an answer of \(number) words"
      return "query \(number)\t\(answer)\t\(number % 3 == 0 ? answer : "nothing \(number)")"
    }
    var options = Self.options(Recipe.contrastive.onTriples)
    options.triples = try folder.file("t.tsv", rows)
    var plan: TrainingPlan?
    var watcher = TrainingWatcher()
    watcher.didPlan = { plan = $0 }
    _ = try store.train(nil, options, watcher)
    #expect(plan?.unusableCount == 20)
    // Every query stands twice, the second time in capitals.
    let doubled = (0..<40).flatMap { number -> [String] in
      [
        "Query \(number)\tan answer \(number)\tno a \(number)",
        "QUERY  \(number)\tan answer, too, \(number)\tno b \(number)",
      ]
    }
    options.triples = try folder.file("d.tsv", doubled)
    _ = try store.train(nil, options, watcher)
    #expect(plan?.validationQueryCount == 8 && plan?.exampleCount == 72)
  }

  @Test("canonically equivalent ids and texts are different ones")
  func equivalence() throws {
    let store = try sampleStore()
    let names = ["caf\u{e9}", "cafe\u{301}"]
    let rows = (0..<40).flatMap { number in
      names.map { "\($0) \(number)\t\($0) is an answer \(number)\tnothing \(number)" }
    }
    var options = Self.options(Recipe.contrastive.onTriples)
    options.triples = try folder.file("t.tsv", rows)
    var plan: TrainingPlan?
    var watcher = TrainingWatcher()
    watcher.didPlan = { plan = $0 }
    _ = try store.train(nil, options, watcher)
    // Lower-casing does not make them equal, so each is a group of its own.
    #expect((plan?.exampleCount ?? 0) + (plan?.validationQueryCount ?? 0) == 80)
  }

  @Test("an import beside a training takes another name, and a version's name is never taken twice")
  func names() throws {
    let store = try sampleStore()
    var watcher = TrainingWatcher()
    var imported: String?
    watcher.didStep = { _, _ in
      if imported == nil {
        var options = ImportOptions(.version)
        options.queryPrefix = "q: "
        imported = try? store.importVersion(options).version
      }
      return true
    }
    let summary = try #require(
      try store.train(Fixture.sampleSet(), Self.options(.contrastive), watcher))
    #expect(imported == "v3" && summary.version == "v2")
    let parent = try record("v1", store)
    #expect(throws: StoreError.versionExists(path: store.path, name: "v3")) {
      try store.add(NewVersion(name: "v3", parent: parent.name, queryPrefix: "", origin: ""))
    }
    try store.expectWhole(passages: 309)
  }

  @Test(
    "an exported version with an adapter and prefixes comes back as it was, by init and by import")
  func roundTrip() throws {
    let store = try sampleStore()
    _ = try store.train(Fixture.sampleSet(), Self.options(.queryAdapter), TrainingWatcher())
    var prefixed = ImportOptions(.version)
    (prefixed.version, prefixed.queryPrefix, prefixed.passagePrefix) = ("v2", "ask: ", "say: ")
    let name = try store.importVersion(prefixed).version
    _ = try store.embedMissing(version: name)
    let model = folder.path + "/exported"
    _ = try store.exportModel(to: model, version: name)
    let expected = try store.query("warm bread", k: 20, .exact, version: name).hits
    #expect(try store.query("warm bread", k: 20, .exact).hits != expected)

    let other = try Store.create(at: folder.path + "/other.pawl", StoreSettings(model: model))
    _ = try other.ingestAll(Fixture.sampleCollection)
    #expect(try other.query("warm bread", k: 20, .exact).hits == expected)
    try other.expectWhole(passages: 309)
    let back = try store.importVersion(ImportOptions(.model(model))).version
    _ = try store.embedMissing(version: back)
    #expect(try store.query("warm bread", k: 20, .exact, version: back).hits == expected)
    #expect(try record(back, store).adapter == record(name, store).adapter)
    try store.expectWhole(passages: 309)

    try "{".write(
      toFile: model + "/query_adapter.safetensors", atomically: true, encoding: .utf8)
    #expect(throws: EncodingError.self) { try store.importVersion(ImportOptions(.model(model))) }
  }

  @Test("looks are as many as were wanted, whatever the number of steps")
  func looks() throws {
    let store = try sampleStore()
    for (steps, looks) in [(19, 10), (29, 10), (7, 10)] {
      var options = Self.options(.contrastive)
      (options.stepCount, options.recipe.validations, options.recipe.patience) = (steps, looks, 0)
      options.seed = UInt64(steps)
      var seen: [Int] = []
      var watcher = TrainingWatcher()
      watcher.didValidate = { seen.append($0.step) }
      _ = try store.train(Fixture.sampleSet(), options, watcher)
      #expect(seen.count == 1 + min(steps, looks) && seen.last == steps, "\(seen)")
    }
  }
}
