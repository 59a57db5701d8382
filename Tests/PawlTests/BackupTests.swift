import Foundation
import IVF
import LMDB
import Synchronization
import Testing

@testable import Pawl

@Suite struct BackupTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func filled(_ count: Int = 2_500) throws -> Store {
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<count)))
    return store
  }

  private var copy: String { folder.path + "/b.pawl" }

  private var names: [String] { Files.names(in: folder.path) }

  @Test("a backup is a store with the same passages, versions, history and answers")
  func roundTrip() throws {
    let store = try filled()
    let summary = try store.backup(to: copy, check: Store.checkHere)
    #expect(summary.passageCount == 2_500 && summary.codeCount == 2_500)
    #expect(summary.versionCount == 1 && summary.checkpointCount == 1 && summary.isVerified)
    #expect(summary.sizeInBytes > 100_000)
    let other = try Store(path: copy)
    try other.expectWhole(passages: 2_500)
    let (a, b) = (try store.query("passage 7", k: 50), try other.query("passage 7", k: 50))
    #expect(a.hits == b.hits)
    #expect(try store.recordBytes() == other.recordBytes())
    #expect(try other.jobs(in: other.environment.snapshot()).isEmpty)
    #expect(try store.jobs(in: store.environment.snapshot()).isEmpty)
    #expect(names == ["a.tsv", "b.pawl", "s.pawl"])
  }

  @Test("a place that is taken, by a dead link, too, or lies in the store is refused")
  func refusedPlaces() throws {
    let store = try filled(10)
    let link = folder.path + "/link.pawl"
    #expect(symlink("nowhere", link) == 0)
    for taken in [store.path, store.path + "/", link, folder.path] {
      #expect(throws: StoreError.exists(path: taken)) { _ = try store.backup(to: taken) }
    }
    let within = try StorePlace(store.path).path + "/b.pawl"
    #expect(throws: StoreError.nested(path: within, other: try StorePlace(store.path).path)) {
      _ = try store.backup(to: store.path + "/b.pawl")
    }
    #expect(symlink(store.path, folder.path + "/door") == 0)
    #expect(throws: StoreError.nested(path: within, other: try StorePlace(store.path).path)) {
      _ = try store.backup(to: folder.path + "/door/b.pawl")
    }
    #expect(throws: StoreError.self) { _ = try store.backup(to: folder.path + "/no/b.pawl") }
    #expect(names == ["a.tsv", "door", "link.pawl", "s.pawl"])
  }

  @Test("a failed verification and a stop leave nothing")
  func nothingLeft() throws {
    let store = try filled(100)
    let problem: StoreChecker = { _ in
      try JSONDecoder().decode(
        CheckFigures.self,
        from: Data(
          #"{"passageCount":1,"codeCount":1,"problemCount":1,"problems":["rotten"]}"#.utf8))
    }
    do {
      _ = try store.backup(to: copy, check: problem)
      Issue.record("a problem was ignored")
    } catch StoreError.checkFailed(_, let problems, 1) { #expect(problems == ["rotten"]) }
    let fewer: StoreChecker = { _ in
      try JSONDecoder().decode(
        CheckFigures.self,
        from: Data(#"{"passageCount":100,"codeCount":99,"problemCount":0,"problems":[]}"#.utf8))
    }
    do {
      _ = try store.backup(to: copy, check: fewer)
      Issue.record("a lost code was ignored")
    } catch StoreError.copyDiffers(_, "codes", 99, 100) {}
    #expect(throws: StoreError.stopped(path: store.path)) {
      _ = try store.backup(to: copy, progress: { _ in false })
    }
    #expect(names == ["a.tsv", "s.pawl"])
    #expect(try store.jobs(in: store.environment.snapshot()).isEmpty)
  }

  @Test("a damaged or missing model file is an error of the backup, not a part of it")
  func damagedCheckpoint() throws {
    let store = try filled(10)
    let digest = try #require(Files.names(in: store.path + "/checkpoints").first)
    let file = store.checkpointPath(digest) + "/" + "tokenizer.json"
    let content = try Data(contentsOf: URL(filePath: file))
    try (content + Data("x".utf8)).write(to: URL(filePath: file))
    do {
      _ = try store.backup(to: copy)
      Issue.record("a damaged model was copied")
    } catch StoreError.damaged(_, let object, _) { #expect(object == "checkpoints/\(digest)") }
    try content.write(to: URL(filePath: file))
    try Files.rename(store.checkpointPath(digest), to: folder.path + "/aside")
    do {
      _ = try store.backup(to: copy)
      Issue.record("a missing model was not missed")
    } catch StoreError.damaged(_, let object, let problem) {
      #expect(object == "checkpoints/\(digest)" && problem == "it is missing")
    }
    #expect(names == ["a.tsv", "aside", "s.pawl"])
  }

  @Test("only checkpoints that the copy names are copied")
  func namedCheckpointsOnly() throws {
    let store = try filled(10)
    try Files.makeNewFolder(store.path + "/checkpoints/orphan")
    _ = try store.backup(to: copy)
    #expect(Files.names(in: copy + "/checkpoints").count == 1)
    #expect(!Files.exists(copy + "/checkpoints/orphan"))
  }

  @Test("while it runs, a job says so; a dead process's job is stale and forgotten")
  func job() throws {
    let store = try filled(10)
    let seen = Mutex<[String]>([])
    let look: ProgressHandler = { _ in
      let kinds = (try? store.jobs(in: store.environment.snapshot()))?.map {
        "\($0.record.kind) \($0.record.isRunning)"
      }
      seen.withLock { $0 = kinds ?? [] }
      return true
    }
    _ = try store.backup(to: copy, progress: look)
    #expect(seen.withLock { $0 } == ["backup true"])
    var dead = JobRecord(kind: JobRecord.backup, partial: nil)
    dead.boot = "another run of the system"
    #expect(!dead.isRunning)
    var reused = JobRecord(kind: JobRecord.backup, partial: nil)
    reused.processStart = (reused.processStart ?? 0) + 1
    #expect(!reused.isRunning, "another process has the number now")
    var write = try store.environment.beginWrite()
    try store.tables.jobs.put(record: dead, at: Key(UInt64(7)), in: &write)
    try write.commit()
    let number = try store.beginJob("test")
    #expect(try store.jobs(in: store.environment.snapshot()).map(\.record.kind) == ["test"])
    try store.endJob(number)
  }

  @Test("the copy of a store with lists answers alike, and has no index that is only being built")
  func lists() throws {
    let fixture = try CheckFixture(codec: .binary, listCount: 6)
    let store = try Store(path: fixture.copy())
    let bytes = try store.recordBytes()
    try store.plantAbandonedIndex()
    let job = try store.beginOnlyJob(JobRecord.reindex)
    let summary = try store.backup(to: copy, check: Store.checkHere)
    #expect(summary.isVerified && summary.codeCount == 3_394)
    #expect(try store.indexIDs(in: store.environment.snapshot()) == [2, 9])
    try store.endJob(job)
    let other = try Store(path: copy)
    #expect(try other.recordBytes() == bytes)
    for effort in [SearchEffort.exact, .probes(2)] {
      let (a, b) = (try store.query("abc", k: 50, effort), try other.query("abc", k: 50, effort))
      #expect(a.hits == b.hits)
    }
    try other.environment.close()
    _ = try Store.restore(from: copy, to: folder.path + "/r.pawl")
    #expect(try Store(path: folder.path + "/r.pawl").recordBytes() == bytes)
  }

  @Test("a backup while another thread of the process reindexes is whole")
  func duringReindex() throws {
    let store = try filled()
    let copies = Mutex(0)
    var options = ReindexOptions()
    options.listCount = 2
    let folder = folder.path
    _ = try store.reindex(options) { progress in
      let number = copies.withLock { copies in
        copies += 1
        return copies
      }
      do { _ = try store.backup(to: "\(folder)/\(number).pawl", check: Store.checkHere) } catch {
        Issue.record("\(progress.stage): \(error)")
      }
      return true
    }
    #expect(copies.withLock { $0 } > 5)
    try store.expectWhole(passages: 2_500)
  }

  @Test("too little disk is said with figures, before anything is written")
  func room() throws {
    #expect(throws: StoreError.noRoom(path: "p", neededBytes: 10, freeBytes: 9)) {
      try Files.requireRoom(10, in: "p", free: 9)
    }
    #expect(
      "\(StoreError.noRoom(path: "p", neededBytes: 3 << 20 | 1, freeBytes: 2 << 20 | 1))"
        == "p: this needs 4 MiB of disk, and 2 MiB are free. Free some space and run the command "
        + "again.")
    try Files.requireRoom(10, in: "p", free: 10)
    #expect(try Files.freeBytes(folder.path) > 0)
  }
}

extension Store {
  /// Every key and value of every table but `jobs`, as text.
  func recordBytes() throws -> [String: [String]] {
    let snapshot = try environment.snapshot()
    var bytes: [String: [String]] = [:]
    for table in tables.all where table.name != "jobs" {
      bytes[table.name] = try table.pairs(in: snapshot)
    }
    return bytes
  }
}

extension Table {
  /// Every key and value in hexadecimal.
  fileprivate func pairs(in snapshot: borrowing Snapshot) throws -> [String] {
    var pairs: [String] = []
    var cursor = try cursor(in: snapshot)
    while try cursor.next() {
      let key = cursor.key.withUnsafeBufferPointer { Data($0).base64EncodedString() }
      let value = try cursor.value.withUnsafeBufferPointer { Data($0).base64EncodedString() }
      pairs.append("\(key) \(value)")
    }
    return pairs
  }
}
