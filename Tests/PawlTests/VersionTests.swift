import Corpus
import Encoding
import Evaluation
import Foundation
import IVF
import LMDB
import Testing
import Training

@testable import Pawl

/// Versions side by side: embedded beside the one that serves, promoted, rolled back.
@Suite struct VersionTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func twoVersions() throws -> Store { try Fixture.twoVersions(in: folder) }

  private func record(_ name: String, _ store: Store) throws -> VersionRecord {
    try store.version(name, in: store.environment.snapshot())
  }

  private func pending(_ name: String, _ store: Store) throws -> Int {
    try #require(try store.versions().first { $0.name == name }).pendingCount
  }

  private func active(_ store: Store) throws -> String {
    try store.activeVersion(in: store.environment.snapshot())
  }

  @Test("a version is embedded beside the one that serves, and only then can it serve")
  func reindex() throws {
    let store = try twoVersions()
    #expect(throws: StoreError.notReady(path: store.path, version: "v2", state: "trained")) {
      try store.promote("v2", withoutGateFor: "too early")
    }
    let before = try store.query("bread", k: 5)
    let summary = try store.embedMissing(version: "v2")
    #expect(try summary.embeddedCount == 309 && pending("v2", store) == 0)
    #expect(try record("v2", store).state == "ready")
    #expect(try store.query("bread", k: 5).hits == before.hits)
    #expect(try store.embedMissing(version: "v2").embeddedCount == 0)
    let change = try store.promote("v2", withoutGateFor: "better")
    #expect(change.hasChanged && change.previous == "v1" && change.pendingCount == 0)
    #expect(try store.query("bread", k: 5).version == "v2")
    #expect(try !store.promote("v2", withoutGateFor: "again").hasChanged)
    #expect(try store.history().map(\.action) == ["init", "force"])
    try store.expectWhole(passages: 309)
  }

  @Test("an embedding that was stopped goes on, and passages that came meanwhile are in both")
  func meanwhile() throws {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<2_500)))
    try store.addVersion(maxLength: 10)
    #expect(throws: StoreError.stoppedEmbedding(path: store.path)) {
      try store.embedMissing(version: "v2") { $0.done < 1_000 }
    }
    #expect(try record("v2", store).state == "indexing")
    try store.expectWhole(passages: 2_500)
    _ = try store.ingestAll(
      try folder.file("b.tsv", Fixture.passages(2_400..<2_600) { "new \($0)" }))
    _ = try store.delete(["p3", "p2599", "p1500"])
    try store.expectWhole(passages: 2_597)
    _ = try store.embedMissing(version: "v2")
    #expect(try pending("v2", store) == 0 && pending("v1", store) == 0)
    try store.expectWhole(passages: 2_597)
    for name in ["v1", "v2"] {
      let hits = try store.query("new 2450", k: 5, .exact, version: name).hits
      #expect(hits.allSatisfy { $0.id != "p3" && $0.id != "p2599" }, "\(name)")
    }
  }

  @Test("rollbacks go down the stack of versions that served")
  func rollback() throws {
    let store = try twoVersions()
    try store.addVersion(maxLength: 12)
    for name in ["v2", "v3"] { _ = try store.embedMissing(version: name) }
    #expect(throws: StoreError.nothingBefore(path: store.path, version: "v1")) {
      try store.rollback(reason: "")
    }
    _ = try store.promote("v2", withoutGateFor: "a")
    _ = try store.promote("v3", withoutGateFor: "b")
    #expect(try store.rollback(reason: "c").version == "v2")
    #expect(try store.rollback(reason: "d").version == "v1")
    #expect(throws: StoreError.self) { try store.rollback(reason: "e") }
    _ = try store.promote("v3", withoutGateFor: "f")
    #expect(try store.rollbackTarget() == "v1")
    let history = try store.history()
    #expect(
      history.map(\.action) == ["init", "force", "force", "rollback", "rollback", "force"])
    #expect(history[2].gate.isEmpty && history[2].previous == "v2")
    try store.expectWhole(passages: 309)
  }

  @Test("an ingest embeds for the version that served before, unless it is told not to")
  func previous() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    _ = try store.promote("v2", withoutGateFor: "")
    let file = try folder.file("more.tsv", ["n1\tfresh bread", "n2\twarm soup"])
    let summary = try store.ingestAll(file)
    #expect(summary.previous?.version == "v1" && summary.previous?.embedded.embeddedCount == 2)
    #expect(try pending("v1", store) == 0 && pending("v2", store) == 0)
    var options = IngestOptions()
    options.onlyActive = true
    let other = try folder.file("other.tsv", ["n3\tcold tea", "n1\tstale bread"])
    let lagging = try store.ingestAll(other, options)
    #expect(lagging.previous?.pendingCount == 2)
    try store.expectWhole(passages: 312)
    let change = try store.rollback(reason: "")
    #expect(change.version == "v1" && change.pendingCount == 2)
    _ = try store.embedMissing()
    #expect(try pending("v1", store) == 0)
    let hit = try store.query("stale bread", k: 3, .exact).hits.first { $0.id == "n1" }
    #expect(hit?.text == "stale bread")
    try store.expectWhole(passages: 312)
  }

  @Test("what is replaced while another version is ahead is found once, whoever serves")
  func updatesAhead() throws {
    let store = try twoVersions()
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    let file = try folder.file("u.tsv", (1...9).map { "p00\($0)\tquite another text \($0)" })
    _ = try store.ingestAll(file, textOnly)
    // v2 has the new rows before v1 does.
    _ = try store.embedMissing(version: "v2")
    #expect(
      try store.query("quite another text", k: 20, .exact).hits.allSatisfy {
        !$0.text.hasPrefix("quite another")
      })
    try store.expectWhole(passages: 309, pending: 9)
    // It has both texts of nine passages, and finds each passage once.
    let answer = try store.query("quite another text 3", k: 309, .exact, version: "v2")
    let ahead = answer.hits
    #expect(Set(ahead.map(\.id)).count == ahead.count && ahead.count >= 300)
    // More codes than passages are none too few.
    #expect(answer.pendingCount == 0)
    #expect(try store.versions().first { $0.name == "v2" }?.pendingCount == 0)
    let change = try store.promote("v2", withoutGateFor: "")
    #expect(change.pendingCount == 0)
    try store.expectWhole(passages: 309)
    let hits = try store.query("quite another text 3", k: 309, .exact).hits
    #expect(Set(hits.map(\.id)).count == hits.count && hits.count == 309)
    #expect(hits.count { $0.text.hasPrefix("quite another") } == 9)
    _ = try store.rollback(reason: "")
    _ = try store.embedMissing()
    try store.expectWhole(passages: 309)
  }

  @Test("every answer is wholly of one version while versions change")
  func underLoad() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    var expected: [String: [Hit]] = [:]
    for name in ["v1", "v2"] {
      expected[name] = try store.query("warm bread", k: 10, version: name).hits
    }
    let known = expected
    let answers = DispatchQueue(label: "answers", attributes: .concurrent)
    let group = DispatchGroup()
    for _ in 0..<4 {
      answers.async(group: group) {
        for _ in 0..<200 {
          guard let answer = try? store.query("warm bread", k: 10) else {
            Issue.record("no answer")
            return
          }
          if answer.hits != known[answer.version] { Issue.record("mixed: \(answer.version)") }
        }
      }
    }
    for _ in 0..<50 {
      _ = try store.promote("v2", withoutGateFor: "")
      _ = try store.rollback(reason: "")
    }
    group.wait()
    #expect(try active(store) == "v1")
    #expect(try store.history().count == 101)
  }

  @Test("a comparison tells differences, costs and spaces, and leaves out queries that were used")
  func compare() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    var options = ComparisonOptions()
    options.timedCount = 20
    let found = try #require(try store.compare("v1", "v2", Fixture.sampleSet(), options))
    #expect(found.measures.map(\.name) == ["mrr@10", "ndcg@10", "recall@100", "map"])
    #expect((found.recallLow...found.recallHigh).contains(found.recall))
    let own = try #require(try store.evaluate(Fixture.sampleSet()))
    for (measure, metric) in zip(found.measures, own.metrics) {
      #expect(abs(measure.a - metric.value) < 1e-12, "\(measure.name)")
      #expect(measure.low <= measure.difference && measure.difference <= measure.high)
    }
    #expect(found.usedCount == 0 && found.latency?.queryCount == 20)
    #expect(found.spaces.allSatisfy { $0.areUnit && $0.effectiveRank > 1 && $0.uniformity < 0 })
    let same = try #require(try store.compare("v1", "v1", Fixture.sampleSet(), options))
    #expect(same.measures[0].difference == 0 && same.verdict == .tie && same.overlap == 1)
    #expect(try store.compare("v1", "v2", Fixture.sampleSet(), options)?.measures == found.measures)
    options.metrics = []
    #expect(throws: EvaluationError.self) {
      try store.compare("v1", "v2", Fixture.sampleSet(), options)
    }
    options.metrics = ["mrr@10"]
    // A version that learned from the queries cannot be judged by them.
    var training = TrainOptions()
    training.recipe = .queryAdapter
    (training.recipe.batchSize, training.stepCount) = (8, 3)
    _ = try store.train(Fixture.sampleSet(), training, TrainingWatcher())
    #expect(throws: StoreError.self) { try store.compare("v1", "v3", Fixture.sampleSet(), options) }
    let refused = try #require(try store.judge("v3", by: Fixture.sampleSet()))
    #expect(!refused.isPassed && refused.comparison == nil)
    let used = try Fixture.sampleSet().queryCount
    #expect(
      refused.lines.map(\.figure) == ["0, \(used) more were learned from: NOT-ENOUGH-EVIDENCE"])
    // A probe that was learned from stops nothing.
    try store.addSet("probe", Fixture.sampleSet(), role: .probe)
    let others = try EvaluationSet(
      queries: folder.file("o.tsv", ["o1\ta loaf of bread", "o2\tcold water", "o3\tsome cheese"]),
      qrels: folder.file("o.qrels", ["o1 0 p001 1", "o2 0 p002 1", "o3 0 p003 1"]))
    var gate = GateOptions()
    gate.comparison.timedCount = 0
    let looked = try #require(try store.judge("v3", by: others, gate))
    let line = try #require(looked.lines.first { $0.name == "probe probe" })
    #expect(line.isPassed && line.bound == "not looked at below 100")
    #expect(line.figure.hasPrefix("0 of \(used) queries"))
  }

  @Test("each metric of a comparison is of a search for as many hits as it looks at")
  func depths() throws {
    let store = try twoVersions()
    var lists = ReindexOptions()
    lists.listCount = 19
    _ = try store.reindex(lists)
    var options = ComparisonOptions()
    options.timedCount = 0
    options.metrics = ["recall@100", "mrr@10", "map", "ndcg@10"]
    let found = try #require(try store.compare("v1", "v1", Fixture.sampleSet(), options))
    #expect(found.measures.map(\.name) == options.metrics)
    for measure in found.measures {
      var alone = EvaluationOptions()
      alone.metrics = [measure.name]
      let own = try #require(try store.evaluate(Fixture.sampleSet(), alone))
      #expect(abs(measure.a - own.metrics[0].value) < 1e-12, "\(measure.name)")
    }
  }

  /// What the gate would say if all its conditions held.
  private func passed(_ report: GateReport) -> GateReport {
    GateReport(
      version: report.version, active: report.active, index: report.index, lines: [],
      comparison: nil)
  }

  @Test("what the gate did not see is not promoted, and what one version lacks refuses")
  func judgedOther() throws {
    let store = try twoVersions()
    try store.addVersion(maxLength: 12)
    for name in ["v2", "v3"] { _ = try store.embedMissing(version: name) }
    var options = GateOptions()
    options.comparison.timedCount = 0
    let refused = try #require(try store.judge("v2", by: Fixture.sampleSet(), options))
    #expect(throws: StoreError.refused(path: store.path, version: "v2")) {
      try store.promote(refused, reason: "")
    }
    let report = passed(refused)
    _ = try store.promote("v3", withoutGateFor: "somebody else")
    #expect(throws: StoreError.judgedOther(path: store.path, version: "v2", active: "v3")) {
      try store.promote(report, reason: "")
    }
    _ = try store.rollback(reason: "")
    var bits = ReindexOptions()
    bits.codec = .binary
    _ = try store.reindex(version: "v2", bits)
    #expect(throws: StoreError.judgedOther(path: store.path, version: "v2", active: "v1")) {
      try store.promote(report, reason: "")
    }
    // v1 cannot find what only v2 has.
    var textOnly = IngestOptions()
    textOnly.textOnly = true
    _ = try store.ingestAll(try folder.file("n.tsv", ["n1\tfresh bread"]), textOnly)
    _ = try store.embedMissing(version: "v2")
    let unfair = try #require(try store.judge("v2", by: Fixture.sampleSet(), options))
    let line = try #require(unfair.lines.last)
    #expect(line.name == "passages" && line.figure == "v1 lacks 1" && !line.isPassed)
    _ = try store.embedMissing()
    let fair = try #require(try store.judge("v2", by: Fixture.sampleSet(), options))
    #expect(fair.lines.last?.isPassed == true)
    _ = try store.ingestAll(try folder.file("n.tsv", ["n2\tfresh soup"]))
    let lagging = StoreError.lagging(path: store.path, version: "v2", active: "v1")
    #expect(throws: lagging) { try store.promote(passed(fair), reason: "") }
    _ = try store.embedMissing(version: "v2")
    #expect(try store.promote(passed(fair), reason: "").version == "v2")
  }

  @Test("an adapter of queries gets its parent's index as it is when it is published")
  func adapterAfterReindex() throws {
    let store = try twoVersions()
    var watcher = TrainingWatcher()
    var isMoved = false
    watcher.didStep = { _, _ in
      if !isMoved {
        var bits = ReindexOptions()
        bits.codec = .binary
        isMoved = (try? store.reindex(bits)) != nil
      }
      return true
    }
    var training = TrainOptions()
    training.recipe = .queryAdapter
    (training.recipe.batchSize, training.stepCount) = (8, 3)
    let summary = try #require(try store.train(Fixture.sampleSet(), training, watcher))
    #expect(isMoved)
    let version = try #require(try store.versions().first { $0.name == summary.version })
    #expect(version.state == "ready" && version.codec == "binary")
  }

  @Test("passages are sampled from those that are there, however many row numbers are gone")
  func sampledRows() throws {
    let store = try twoVersions()
    let snapshot = try store.environment.snapshot()
    let all = try store.sampledRows(1_000, seed: 1, in: snapshot)
    #expect(all.count == 309 && Set(all).count == 309)
    let some = try store.sampledRows(100, seed: 1, in: snapshot)
    #expect(some.count == 100 && Set(some).isSubset(of: all))
    #expect(try store.sampledRows(100, seed: 2, in: snapshot) != some)
  }

  @Test(
    "an id that was learned from counts where ids mean the same, not where both sets count from 1")
  func overlap() throws {
    let set = try Fixture.sampleSet()
    let all = set.judged.map { (id: Optional($0.id.text), text: $0.text) }
    let same = QueryOverlap(set, [UsedQueries(all)])
    #expect(same.queries.count == all.count && same.foreignCount == 0)
    // One was put in other words.
    let reworded = QueryOverlap(
      set, [UsedQueries([(all[0].id, "in other words")] + all.dropFirst())])
    #expect(reworded.queries.count == all.count && reworded.foreignCount == 0)
    // All but one are others.
    let numbered = QueryOverlap(
      set, [UsedQueries(all.prefix(1) + all.dropFirst().map { ($0.id, "other words") })])
    #expect(numbered.queries == [set.judged[0].id] && numbered.foreignCount == all.count - 1)
    // A text counts under any id, and case, blanks and punctuation are nothing.
    let shouted = all[0].text.uppercased().replacing(" ", with: " - ")
    let moved = QueryOverlap(set, [UsedQueries([(nil, "  \(shouted)?\n")])])
    #expect(moved.queries == [set.judged[0].id])
    #expect(UsedQueries([(nil, "c++")]).contains(text: "C ++"))
    #expect(!UsedQueries([(nil, "==")]).contains(text: "!="))
  }

  @Test("a store lives on after gc took the version that a rollback would go to")
  func collectedPrevious() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    _ = try store.promote("v2", withoutGateFor: "")
    try store.addVersion(maxLength: 20)
    _ = try store.embedMissing(version: "v3")
    _ = try store.promote("v3", withoutGateFor: "")
    var options = GarbageOptions()
    options.keptVersionCount = 0
    // v2 is what a rollback goes to.
    #expect(try store.collectGarbage(options).removed.first?.what == "version v1")
    #expect(try store.rollback(reason: "").version == "v2")
    let more = try store.ingestAll(try folder.file("m.tsv", ["one more\ta passage about bread"]))
    #expect(more.newCount == 1 && more.previous == nil)
    #expect(throws: StoreError.collected(path: store.path, version: "v1")) {
      try store.rollback(reason: "")
    }
    #expect(try pending("v2", store) == 0)
    try store.expectWhole(passages: 310)
  }

  @Test("gc takes models and embeddings from versions that neither serve nor are gone back to")
  func keep() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    _ = try store.promote("v2", withoutGateFor: "")
    var training = TrainOptions()
    training.recipe = .queryAdapter
    (training.recipe.batchSize, training.stepCount) = (8, 3)
    for _ in 0..<2 { _ = try store.train(Fixture.sampleSet(), training, TrainingWatcher()) }
    // A third space, with an index of its own.
    try store.addVersion(maxLength: 20)
    _ = try store.embedMissing(version: "v5")
    var options = GarbageOptions()
    (options.keptVersionCount, options.isDryRun, options.minimumAgeInSeconds) = (1, true, 0)
    let planned = try store.collectGarbage(options)
    #expect(planned.removed.map(\.what) == ["version v3", "version v4"])
    #expect(try store.versions().allSatisfy { $0.state == "ready" })
    options.isDryRun = false
    _ = try store.collectGarbage(options)
    options.keptVersionCount = 0
    let report = try store.collectGarbage(options)
    #expect(report.removed.contains { $0.what == "version v5" })
    #expect(report.removed.contains { $0.what.hasPrefix("index ") })
    let versions = try store.versions()
    #expect(versions.map(\.name) == ["v1", "v2", "v3", "v4", "v5"])
    #expect(versions.prefix(2).allSatisfy { $0.state == "ready" })
    #expect(versions.dropFirst(2).allSatisfy { $0.state == "collected" })
    for name in ["v3", "v5"] {
      let gone = StoreError.collected(path: store.path, version: name)
      #expect(throws: gone) { try store.query("warm bread", k: 10, version: name) }
      #expect(throws: gone) { try store.promote(name, withoutGateFor: "") }
    }
    #expect(planned.freedBytes == 0, "v3 and v4 share v1's model and index")
    #expect(report.freedBytes == 0, "v5 shares its model")
    #expect(try store.rollback(reason: "").version == "v1")
    // Names are not used again, and what was collected can be made anew.
    try store.addVersion(maxLength: 20)
    _ = try store.embedMissing(version: "v6")
    #expect(try store.query("warm bread", k: 10, version: "v6").hits.count == 10)
    try store.expectWhole(passages: 309)
  }

  @Test("the gate refuses what is no better, and says each condition")
  func gate() throws {
    let store = try twoVersions()
    _ = try store.embedMissing(version: "v2")
    try store.addSet("dev", Fixture.sampleSet(), role: .gate)
    var options = GateOptions()
    options.comparison.timedCount = 10
    let report = try #require(
      try store.judge("v2", by: store.set(named: "dev"), named: "dev", options))
    #expect(!report.isPassed && report.looks == 1)
    let failed = Set(report.lines.filter { !$0.isPassed }.map(\.name))
    #expect(failed.isSuperset(of: ["queries", "mrr@10"]))
    #expect(report.lines[0].figure.hasSuffix("NOT-ENOUGH-EVIDENCE"))
    for name in ["recall@100", "index, recall@10", "codes cost", "effective rank", "passages"] {
      #expect(report.lines.contains { $0.name == name }, "\(name)")
    }
    #expect(try store.sets().first?.looks == 1)
    // With bounds that nothing misses it is let through.
    for (setting, value) in [
      (Setting.gateQueries, "2"), (.gateLoss, "1"), (.gateSlice, "1"), (.gateRecall, "0"),
      (.gateCodec, "1"), (.gateLatency, "1000"), (.gateBytes, "1000"), (.gateRank, "0"),
      (.gateCosine, "2"),
    ] { try store.set(setting, to: value) }
    options.isNonInferior = true
    let easy = try #require(
      try store.judge("v2", by: store.set(named: "dev"), named: "dev", options))
    #expect(easy.isPassed && easy.looks == 2, "\(easy.lines)")
    _ = try store.promote(easy, reason: "a test")
    #expect(try store.history().map(\.gate) == [[], easy.lines])
    #expect(throws: StoreError.self) { try store.set(.gateRank, to: "2") }
    #expect(try store.value(of: .gateQueries) == "2")
    try store.set(.gateQueries, to: nil)
    #expect(try store.value(of: .gateQueries) == nil)
    try store.expectWhole(passages: 309)
  }
}
