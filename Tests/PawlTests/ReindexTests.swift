import Corpus
import IVF
import LMDB
import LinearAlgebra
import Synchronization
import Testing

@testable import Pawl

/// Clustering beside what serves, and what others do meanwhile.
@Suite struct ReindexTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private let queries = VectorFixture.topics(12, seed: 7)

  private static func named(_ vectors: [[Float]], from first: Int = 0) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: vectors.enumerated().map { ("p\(first + $0.offset)", $0.element) })
  }

  @Test(
    "ingests, updates and deletions between any two of its transactions are all there afterwards")
  func interleaved() throws {
    let store = try fixture.store(codec: .binary)
    try fixture.fill(store, VectorFixture.topics(3_000))
    let source = try store.activeIndex().id
    let vectors = Mutex(Self.named(VectorFixture.topics(3_000)))
    let steps = Mutex(0)
    var options = ReindexOptions()
    options.listCount = 37
    let fixture = fixture
    var build = IndexBuild(
      store, index: source, options, kernels: try store.kernels()
    ) { state in
      let step = steps.withLock { steps in
        steps += 1
        return steps
      }
      do {
        // An update of two, a new one, and three that go: old, updated and new.
        let added = VectorFixture.topics(3, seed: UInt64(1_000 + step))
        let ids = ["p\(step * 17)", "p\(2_999 - step * 3)", "n\(step)"]
        try fixture.fill(store, added, ids: ids)
        let gone = ["p\(step * 17 + 5)", "p\(max(0, step - 1) * 17)", "n\(step - 2)"]
        _ = try store.delete(gone)
        vectors.withLock { vectors in
          for (id, vector) in zip(ids, added) { vectors[id] = vector }
          for id in gone { vectors[id] = nil }
        }
      } catch { Issue.record(error) }
      return true
    }
    (build.placesAtOnce, build.batchSizeInBytes) = (1, 4_096)
    let id = try build.fill()
    #expect(try store.activeIndex().id == source)
    #expect(steps.withLock { $0 } > 30)
    while try !store.catchUp(id, from: source) {}
    try store.removeAbandonedIndexes()
    #expect(try store.activeIndex().id == id)
    try ClusteredOracle.expectWhole(store, vectors.withLock { $0 })
  }

  @Test(
    "an index that another process takes for abandoned while it is made is given up; none that serves"
  )
  func overtaken() throws {
    let store = try fixture.store()
    try fixture.fill(store, VectorFixture.topics(3_000))
    let source = try store.activeIndex().id
    var options = ReindexOptions()
    options.listCount = 10
    let kernels = try store.kernels()
    var build = IndexBuild(store, index: source, options, kernels: kernels) { state in
      // As a gc of another container would.
      if state.stage == .writing {
        do { try store.removeAbandonedIndexes() } catch { Issue.record(error) }
      }
      return true
    }
    let error = #expect(throws: StoreError.self) { _ = try build.fill() }
    guard case .overtaken(_, let index) = error else {
      return #expect(Bool(false), "\(error as Any)")
    }
    #expect(index != source)
    let id = try IndexBuild.filled(store, source, options)
    try store.removeAbandonedIndexes()
    #expect(throws: StoreError.overtaken(path: store.path, index: id)) {
      try store.catchUp(id, from: source)
    }
    // Who believes that its job is gone touches nobody's index.
    let job = try store.beginOnlyJob(JobRecord.reindex)
    try store.endJob(job)
    let third = try IndexBuild.filled(store, source, options)
    store.giveUp(job)
    #expect(try store.abandonedIndexes() == [third])
    try store.expectWhole(passages: 3_000)
  }

  @Test("another thread ingests and deletes all the time, and nothing of it is lost")
  func threads() async throws {
    let store = try fixture.store()
    try fixture.fill(store, VectorFixture.topics(4_000))
    let fixture = fixture
    let isOver = Mutex(false)
    async let others = Task.detached { () throws -> [String: [Float]] in
      var vectors = Self.named(VectorFixture.topics(4_000))
      var round = 0
      while !isOver.withLock({ $0 }) || round < 4 {
        let added = VectorFixture.topics(150, seed: UInt64(500 + round))
        let ids = (0..<150).map { "p\((round * 97 + $0 * 31) % 6_000)" }
        let names = Array(Set(ids)).sorted()
        try fixture.fill(store, Array(added.prefix(names.count)), ids: names)
        for (name, vector) in zip(names, added) { vectors[name] = vector }
        let gone = (0..<60).map { "p\((round * 53 + $0 * 41) % 6_000)" }
        _ = try store.delete(gone)
        for name in gone { vectors[name] = nil }
        round += 1
      }
      return vectors
    }.value
    for lists in [30, 45, 20] { try store.cluster(lists) }
    isOver.withLock { $0 = true }
    try ClusteredOracle.expectWhole(store, try await others)
  }

  @Test("stopped at any step, it leaves the index as it was and nothing of the new one")
  func stopped() throws {
    let store = try fixture.clustered(1_500, lists: 12)
    let vectors = Self.named(VectorFixture.topics(1_500))
    let before = try store.activeIndex()
    var step = 0
    var isStopped = true
    while isStopped {
      let left = Mutex(step)
      do {
        _ = try store.reindex { _ in
          left.withLock { left in
            left -= 1
            return left >= 0
          }
        }
        isStopped = false
      } catch StoreError.stopped { #expect(try store.activeIndex().id == before.id, "\(step)") }
      try ClusteredOracle.expectWhole(store, vectors)
      #expect(try store.tables.jobs.count(in: store.environment.snapshot()) == 0)
      step += step < 20 ? 1 : 7
    }
    #expect(step > 20)
    #expect(try store.activeIndex().id > before.id)
  }

  @Test(
    "deletions go on while an index whose lists are gone already waits for the rest of its removal")
  func halfRemoved() throws {
    let store = try fixture.clustered(1_500, lists: 12)
    let id = try store.activeIndex().id
    // What a kill in the middle of a removal leaves.
    var write = try store.environment.beginWrite()
    var record = try store.index(id, in: write)
    record.state = .retired
    try store.tables.indexes.put(record: record, at: Key(UInt32(0)), in: &write)
    try write.commit()
    #expect(try store.delete(["p3", "p4"]).deletedCount == 2)
    #expect(try store.cluster(12).codeCount == 1_498)
    var vectors = Self.named(VectorFixture.topics(1_500))
    for id in ["p3", "p4"] { vectors[id] = nil }
    try ClusteredOracle.expectWhole(store, vectors)
    // Numbers are not used again, those of removed indexes neither.
    #expect(try store.cluster(3).listCount == 3)
    #expect(try store.activeIndex().id == id + 2)
  }

  @Test("passages whose embedding began before another index took over are embedded for that one")
  func exchangedDuringIngest() throws {
    let store = try Fixture.store(in: fixture.folder, "t.pawl")
    let first = try fixture.folder.file("a.tsv", Fixture.passages(0..<1_500))
    _ = try store.ingestAll(first)
    let second = try fixture.folder.file("b.tsv", Fixture.passages(1_500..<4_000))
    let isDone = Mutex(false)
    let summary = try store.ingest(second) { state in
      // In the middle, behind one of the transactions.
      if state.stage == .embedding, state.done > 0, !isDone.withLock({ $0 }) {
        isDone.withLock { $0 = true }
        do { try store.cluster(20) } catch { Issue.record(error) }
      }
      return true
    }
    // A reindex embeds what is pending first, so that little is left for the ingest.
    #expect(isDone.withLock { $0 } && summary.embedded.embeddedCount <= 2_500)
    let index = try store.activeIndex().record
    #expect(index.count == 4_000 && index.nextRow == 4_000 && index.clustering != nil)
    #expect(try store.tables.indexes.count(in: store.environment.snapshot()) == 1)
  }

  @Test("only one process does it at a time, and a record that a dead one left is no obstacle")
  func jobs() throws {
    let store = try fixture.store()
    try fixture.fill(store, VectorFixture.topics(300))
    func note(_ change: (inout JobRecord) -> Void) throws {
      var record = JobRecord(kind: JobRecord.reindex, partial: nil)
      change(&record)
      var write = try store.environment.beginWrite()
      try store.tables.jobs.put(record: record, at: Key(UInt64(70)), in: &write)
      try write.commit()
    }
    try note { ($0.process, $0.processStart) = (1, Process.startTick(of: 1)) }
    let error = #expect(throws: StoreError.self) { try store.cluster(3) }
    #expect(error == .busy(path: store.path, kind: "reindex", process: 1))
    // Its number is used again by another process.
    try note { ($0.process, $0.processStart) = (1, 1 << 40) }
    try store.cluster(3)
    // This process could not remove the record of a job that is over.
    try note { _ in }
    try store.cluster(4)
    #expect(try store.tables.jobs.count(in: store.environment.snapshot()) == 0)
    // While one is at it, another thread is refused.
    let refusals = Mutex(0)
    _ = try store.reindex { _ in
      do { try store.cluster(2) } catch StoreError.busy { refusals.withLock { $0 += 1 } } catch {
        Issue.record(error)
      }
      return true
    }
    #expect(refusals.withLock { $0 } > 3)
  }

  @Test("the same seed gives the same bytes for any number of workers and every kernel")
  func deterministic() throws {
    let store = try fixture.store(codec: .binary)
    try fixture.fill(store, VectorFixture.topics(3_000))
    let source = try store.activeIndex().id
    var all: [[String: [UInt8]]] = []
    for name in ["portable", "avx2", "avx512"] {
      guard let kernels = Self.kernels(name) else { continue }
      for workers in [1, 2, 5] {
        var options = ReindexOptions()
        (options.listCount, options.seed) = (45, 9)
        var build = IndexBuild(store, index: source, options, kernels: kernels) { _ in true }
        build.workerCount = workers
        all.append(try store.bytes(ofIndex: build.fill()))
      }
    }
    #expect(try #require(all.first).count > 50)
    for bytes in all.dropFirst() { #expect(bytes == all[0]) }
    var options = ReindexOptions()
    (options.listCount, options.seed) = (45, 10)
    var other = IndexBuild(store, index: source, options, kernels: try store.kernels()) { _ in true
    }
    #expect(try store.bytes(ofIndex: other.fill()) != all[0])
  }

  private static func kernels(_ name: String) -> Kernels? {
    do { return try Kernels(named: name) } catch { return nil }
  }
}

extension Store {
  /// Everything that is stored of an index but its record, by table and the rest of the key.
  func bytes(ofIndex id: UInt32) throws -> [String: [UInt8]] {
    let snapshot = try environment.snapshot()
    var found: [String: [UInt8]] = [:]
    for table in [tables.centroids, tables.lists, tables.directory, tables.places] {
      var cursor = try table.cursor(in: snapshot)
      var isThere = try cursor.seek(atOrAfter: Key(id))
      while isThere, cursor.key.starts(with: Key(id)) {
        let key = cursor.key.indices.dropFirst(4).map { cursor.key[$0] }
        found["\(table.name) \(key)"] = ClusteredOracle.bytes(try cursor.value)
        isThere = try cursor.next()
      }
    }
    return found
  }
}

extension IndexBuild {
  fileprivate static func filled(
    _ store: Store, _ source: UInt32, _ options: ReindexOptions
  ) throws -> UInt32 {
    var build = IndexBuild(
      store, index: source, options, kernels: try store.kernels()
    ) { _ in true }
    return try build.fill()
  }
}
