import Corpus
import Foundation
import IVF
import LMDB
import Synchronization
import Testing
import Training

@testable import Pawl

/// What takes minutes, and what others do to the store meanwhile.
@Suite struct MeanwhileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func twoVersions() throws -> Store {
    try Fixture.twoVersions(in: folder, maxLength: 5)
  }

  private func lists() -> ReindexOptions {
    var options = ReindexOptions()
    options.listCount = 9
    return options
  }

  private func curves(_ store: Store, _ version: String) throws -> [Calibration.Curve] {
    try #require(try store.calibration(version: version)).curves
  }

  @Test("an index is calibrated with its own version's encoder, whoever serves by then")
  func calibration() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    let once = Once()
    _ = try store.reindex(lists()) { told in
      if told.stage == .calibrating {
        once { _ = try store.promote("v2", withoutGateFor: "a test") }
      }
      return true
    }
    #expect(try store.activeVersion(in: store.environment.snapshot()) == "v2")
    let found = try curves(store, "v1")
    #expect(try store.calibrate(version: "v1").curves == found)
  }

  @Test("a comparison goes on where a version is indexed anew")
  func comparison() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    var options = ComparisonOptions()
    options.timedCount = 0
    let alone = try #require(try store.compare("v1", "v2", Fixture.sampleSet(), options))
    let once = Once()
    let found = try store.compare("v1", "v2", Fixture.sampleSet(), options) { _ in
      once { _ = try store.reindex(lists()) }
      return true
    }
    #expect(try #require(found).spaces == alone.spaces)
    #expect(found?.costs.map(\.bytesPerPassage) == alone.costs.map(\.bytesPerPassage))
  }

  @Test("passages that come while two versions are compared are told, and many refuse")
  func arrivals() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    var options = GateOptions()
    options.comparison.timedCount = 0
    let file = try folder.file("n.tsv", ["n1\tfresh bread", "n2\twarm soup"])
    let once = Once()
    let report = try store.judge("v2", by: Fixture.sampleSet(), options) { _ in
      once { _ = try store.ingestAll(file) }
      return true
    }
    #expect(report?.comparison?.laterCounts == [0, 2] && report?.comparison?.passageCount == 311)
    let line = try #require(report?.lines.last)
    #expect(!line.isPassed && line.figure == "v2 lacks 2 that came meanwhile")
  }

  @Test("a pool leaves out what is deleted before it is ranked")
  func pool() throws {
    let store = try twoVersions()
    var options = ComparisonOptions()
    options.isPooled = true
    let once = Once()
    let found = try store.compare("v1", "v2", Fixture.sampleSet(), options) { told in
      if told.stage == .embedding { once { _ = try store.delete(["p001", "p002"]) } }
      return true
    }
    #expect(found != nil)
    try store.expectWhole(passages: 307)
  }

  @Test("a passage that was updated twice while a version was ahead is deleted wholly")
  func chain() throws {
    let store = try twoVersions()
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    _ = try store.ingestAll(folder.file("a.tsv", ["p001\tanother text"]), textOnly)
    _ = try store.embedMissing(version: "v2")
    _ = try store.ingestAll(folder.file("b.tsv", ["p001\ta third text"]), textOnly)
    _ = try store.delete(["p001"])
    for name in ["v1", "v2"] {
      let hits = try store.query("another text", k: 309, .exact, version: name).hits
      #expect(hits.count == 308 && hits.allSatisfy { $0.id != "p001" }, "\(name)")
    }
    try store.expectWhole(passages: 308)
  }

  @Test("versions that share an index are ready together")
  func twins() throws {
    let store = try twoVersions()
    try store.addVersion(maxLength: 5)
    #expect(try store.versions().map(\.state) == ["ready", "trained", "trained"])
    _ = try store.embedMissing(version: "v3")
    #expect(try store.versions().map(\.state) == ["ready", "ready", "ready"])
  }

  @Test("compact renumbers the row at which recall was measured")
  func compacted() throws {
    func outgrown() throws -> String {
      let store = try Fixture.store(in: folder)
      for text in ["one", "two", "three"] {
        _ = try store.ingestAll(
          folder.file("a.tsv", Fixture.passages(0..<1_200) { "\(text) \($0)" }))
      }
      _ = try store.reindex(lists())
      return store.path
    }
    let path = try outgrown()
    _ = try Store.compact(path)
    #expect(try Store(path: path).calibration()?.rowEnd == 1_200)
  }

  @Test("while another embeds for an index nobody does the same, and who waits can be stopped")
  func turns() throws {
    let store = try Fixture.store(in: folder)
    let index = try store.version(nil, in: store.environment.snapshot()).index
    let file = try folder.file("a.tsv", Fixture.passages(0..<20))
    do {
      let other = try store.environment.workLock(index)
      let isTaken = other != nil
      #expect(isTaken)
      let asked = Mutex(0)
      let waited = try store.ingest(file) { _ in
        asked.withLock { count in
          count += 1
          return count < 8
        }
      }
      #expect(waited.isInterrupted && waited.newCount == 20 && waited.embedded.embeddedCount == 0)
      _ = consume other
    }
    #expect(try store.ingestAll(file).embedded.embeddedCount == 20)
    try store.expectWhole(passages: 20)
  }

  @Test("a run that goes on looks at what it looked at before")
  func looks() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    var options = TrainOptions()
    options.recipe = .queryAdapter
    (options.recipe.batchSize, options.stepCount) = (8, 20)
    var watcher = TrainingWatcher()
    watcher.didStep = { step, _ in step.number < 3 }
    #expect(try store.train(Fixture.sampleSet(), options, watcher) == nil)
    let run = TrainingRun(of: "v2", inStoreAt: store.path)
    let looks = try #require(try run.kept(TrainingRun.looks))
    let places = looks.places.reversed()
    #expect(!looks.queries.isEmpty)
    // Asks what no ranking would: it is read, not chosen anew.
    try run.keep(
      TrainingLooks(
        queries: looks.queries, places: Array(places),
        answers: looks.answers.map { $0.map { looks.places.count - 1 - $0 } }),
      as: TrainingRun.looks)
    #expect(try store.train(Fixture.sampleSet(), options, watcher) == nil)
    #expect(try run.kept(TrainingRun.looks)?.places == Array(places))
    try "{".write(toFile: run.path + "/state-looks.json", atomically: true, encoding: .utf8)
    #expect(throws: TrainingError.self) {
      try store.train(Fixture.sampleSet(), options, TrainingWatcher())
    }
  }
}
