import Encoding
import IVF
import LMDB
import LinearAlgebra
import Synchronization
import Testing
import Training

@testable import Pawl

/// Versions that ask one index, each in a way of its own.
@Suite struct SharedIndexTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func clusteredStore() throws -> Store {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    try store.cluster(9)
    return store
  }

  private static func prefixed(_ prefix: String) -> ImportOptions {
    var options = ImportOptions(.version)
    (options.version, options.queryPrefix) = ("v1", prefix)
    return options
  }

  /// Moves queries far, so that other efforts find what they ask.
  private func addMoved(_ store: Store, seed: UInt64 = 1) throws -> String {
    var random = SplitMix64(seed: seed)
    let count = QueryAdapter.count(width: 32, rank: 2)
    var version = NewVersion(parent: "v1", queryPrefix: "", origin: "a test")
    version.adapter = QueryAdapter(
      width: 32, rank: 2, values: (0..<count).map { _ in Float.random(in: -1...1, using: &random) })
    return try store.add(version)
  }

  private func calibrationCount(_ store: Store) throws -> Int {
    try store.tables.calibration.count(in: store.environment.snapshot())
  }

  @Test("recall is measured for a version that comes to share an index, and no other's is touched")
  func imported() throws {
    let store = try clusteredStore()
    let own = try #require(try store.calibration())
    let summary = try store.importVersion(Self.prefixed("where is this said: "))
    let found = try #require(summary.upkeep.calibration)
    #expect(try store.calibration(version: summary.version) == found && found.curves != own.curves)
    #expect(try store.calibration() == own)
    // Who asks as another does has its calibration.
    let same = try store.importVersion(Self.prefixed("where is this said: "))
    #expect(same.upkeep == IndexUpkeep())
    #expect(try store.calibration(version: same.version) == found)
    #expect(try calibrationCount(store) == 2)
    let statistics = try store.statistics().versions.map { $0.clustering?.calibration }
    #expect(statistics == [own, found, found].map { CalibrationReport($0) })
    try store.expectWhole(passages: 309)
  }

  @Test("a version whose queries are not measured is promised nothing, until it serves an ingest")
  func unmeasured() throws {
    let store = try clusteredStore()
    let name = try addMoved(store)
    #expect(try store.calibration(version: name) == nil)
    #expect(
      try store.query("warm bread", k: 10, version: name).cost.exactness
        == .promise(recall: 0.98, k: 10))
    #expect(try !store.query("warm bread", k: 10, .recall(0.8)).cost.isExact)
    _ = try store.promote(name, withoutGateFor: "a test")
    let file = try folder.file("one.tsv", Fixture.passages(0..<1))
    let upkeep = try store.ingestAll(file).upkeep
    #expect(try upkeep.calibration == store.calibration() && upkeep.calibration != nil)
    try store.expectWhole(passages: 310)
  }

  @Test("a trained adapter of queries is measured with its own queries")
  func trained() throws {
    let store = try clusteredStore()
    var training = TrainOptions()
    training.recipe = .queryAdapter
    (training.recipe.batchSize, training.stepCount) = (8, 3)
    var watcher = TrainingWatcher()
    let measuring = Mutex(false)
    watcher.didPrepare = { told in
      if told.stage == .calibrating { measuring.withLock { $0 = true } }
      return true
    }
    let summary = try #require(try store.train(Fixture.sampleSet(), training, watcher))
    let found = try #require(summary.upkeep.calibration)
    let wasTold = measuring.withLock { $0 }
    #expect(wasTold && summary.upkeep.problem == nil)
    #expect(try store.calibrate(version: summary.version).curves == found.curves)
    #expect(try calibrationCount(store) == 2)
    try store.expectWhole(passages: 309)
  }

  @Test("another index is measured for all who ask it, also for who came while it was made")
  func reindexed() throws {
    let store = try clusteredStore()
    _ = try store.importVersion(Self.prefixed("ask: "))
    let once = Once()
    let late = Mutex<ImportSummary?>(nil)
    let options = Self.prefixed("say: ")
    var reindex = ReindexOptions()
    reindex.listCount = 12
    _ = try store.reindex(reindex) { told in
      if told.stage == .calibrating {
        once { try late.withLock { $0 = try store.importVersion(options) } }
      }
      return true
    }
    let came = late.withLock { $0 }
    #expect(came?.version == "v3" && came?.upkeep.problem?.contains("reindex") == true)
    for name in ["v1", "v2", "v3"] {
      let known = try #require(try store.calibration(version: name))
      #expect(try store.calibrate(version: name).curves == known.curves)
    }
    #expect(try calibrationCount(store) == 3)
    try store.expectWhole(passages: 309)
  }

  @Test("an ingest that outgrows the measures of who asks, or did before, takes them all anew")
  func outgrown() throws {
    let store = try clusteredStore()
    _ = try store.importVersion(Self.prefixed("ask: "))
    try store.addVersion(maxLength: 5)
    _ = try store.embedMissing(version: "v3")
    var lists = ReindexOptions()
    lists.listCount = 8
    _ = try store.reindex(version: "v3", lists)
    _ = try store.promote("v3", withoutGateFor: "a test")
    _ = try store.ingestAll(try folder.file("few.tsv", Fixture.passages(0..<60)))
    for name in ["v1", "v2", "v3"] {
      #expect(try store.calibration(version: name)?.rowEnd == 369, "\(name)")
    }
    try store.expectWhole(passages: 369)
  }

  @Test("what is due is measured before the gate judges")
  func judged() throws {
    let store = try clusteredStore()
    let name = try addMoved(store)
    _ = try store.judge(name, by: Fixture.sampleSet())
    #expect(try store.calibration(version: name) != nil)
  }

  @Test("an import that is stopped makes nothing, or a version that is told to be unmeasured")
  func stopped() throws {
    let store = try clusteredStore()
    #expect(throws: StoreError.stopped(path: store.path)) {
      try store.importVersion(ImportOptions(.model(Fixture.tinyModel))) { _ in false }
    }
    #expect(try store.versions().count == 1)
    let summary = try store.importVersion(Self.prefixed("ask: ")) { $0.stage != .calibrating }
    #expect(summary.upkeep.problem == "stopped on request" && summary.upkeep.calibration == nil)
    #expect(try store.calibration(version: "v2") == nil)
  }

  @Test("a reindex tells whose files of queries it cannot ask again, and who could not be measured")
  func others() throws {
    let store = try clusteredStore()
    _ = try store.importVersion(Self.prefixed("ask: "))
    let name = try addMoved(store)
    let file = try folder.file("q.tsv", (0..<40).map { "q\($0)\tstar number \($0)" })
    _ = try store.calibrate(version: "v2", with: .texts(file))
    var write = try store.environment.beginWrite()
    let adapter = try #require(try store.version(name, in: write).adapter)
    try store.tables.adapters.remove(Key(adapter), in: &write)
    try write.commit()
    let path = store.path
    try store.environment.close()
    let summary = try Store(path: path).cluster(12)
    #expect(summary.lostQueryFiles == ["v2": file])
    #expect(summary.unmeasured.keys.sorted() == [name])
    #expect(summary.unmeasured[name]?.contains("query adapter") == true)
    #expect(summary.calibration != nil)
    // Nor does an ingest that has outgrown it end with another version's trouble.
    let upkeep = try Store(path: path).ingestAll(
      try folder.file("few.tsv", Fixture.passages(0..<60))
    ).upkeep
    #expect(upkeep.calibration?.rowEnd == 369)
    #expect(upkeep.problem?.hasPrefix("\(name): ") == true)
  }

  @Test("gc takes the measures that only the versions had which it takes")
  func collected() throws {
    let store = try clusteredStore()
    for prefix in ["ask: ", "say: ", "say: "] {
      _ = try store.importVersion(Self.prefixed(prefix))
    }
    #expect(try calibrationCount(store) == 3)
    var options = GarbageOptions()
    (options.keptVersionCount, options.minimumAgeInSeconds) = (1, 0)
    _ = try store.collectGarbage(options)
    #expect(try calibrationCount(store) == 2)
    #expect(try store.calibration(version: "v4") != nil)
    try store.expectWhole(passages: 309)
    options.keptVersionCount = 0
    _ = try store.collectGarbage(options)
    #expect(try calibrationCount(store) == 1)
    try store.expectWhole(passages: 309)
  }

  @Test("compact and backup keep the measures of all who ask")
  func copies() throws {
    var path = ""
    var expected: [Calibration?] = []
    do {
      let store = try clusteredStore()
      path = store.path
      _ = try store.importVersion(Self.prefixed("ask: "))
      expected = try ["v1", "v2"].map { try store.calibration(version: $0) }
      _ = try store.backup(to: folder.path + "/b.pawl", check: Store.checkHere)
      try store.environment.close()
    }
    _ = try Store.compact(path)
    for copy in [path, folder.path + "/b.pawl"] {
      let store = try Store(path: copy)
      #expect(try ["v1", "v2"].map { try store.calibration(version: $0) } == expected)
    }
  }
}
