import Foundation
import LMDB
import Testing

@testable import Pawl

@Suite struct GarbageTests {
  let folder: TemporaryFolder
  let store: Store
  init() throws {
    folder = try TemporaryFolder()
    store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<20)))
  }

  // No process has the highest number: pid_max is lower.
  private let dead: Int32 = 999_999_999

  private var atOnce: GarbageOptions {
    var options = GarbageOptions()
    options.minimumAgeInSeconds = 0
    return options
  }

  private func make(_ path: String, _ content: String = "12345") throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try content.write(toFile: path + "/data.mdb", atomically: false, encoding: .utf8)
  }

  private func add(_ job: JobRecord) throws {
    var write = try store.environment.beginWrite()
    try store.tables.jobs.put(record: job, at: Key(UInt64(3)), in: &write)
    try write.commit()
  }

  private func what(_ items: [GarbageReport.Item]) -> [String] {
    items.map { $0.what.split(separator: "/").suffix(2).joined(separator: "/") }.sorted()
  }

  @Test("checkpoints that no version names go, but not within an hour")
  func orphans() throws {
    try make(store.path + "/checkpoints/orphan")
    try make(store.path + "/checkpoints/.half.partial")
    let young = try store.collectGarbage()
    #expect(young.removed == [] && young.left.count == 2 && young.freedBytes == 0)
    #expect(young.left.allSatisfy { $0.reason.contains("it is less than a minute old") })
    var dry = atOnce
    dry.isDryRun = true
    #expect(try store.collectGarbage(dry).freedBytes == 10)
    #expect(Files.exists(store.path + "/checkpoints/orphan"))
    let report = try store.collectGarbage(atOnce)
    #expect(what(report.removed) == ["checkpoints/.half.partial", "checkpoints/orphan"])
    #expect(report.freedBytes == 10 && report.left == [])
    // The model and its packed weights.
    #expect(Files.names(in: store.path + "/checkpoints").count == 2)
    try store.expectWhole(passages: 20)
  }

  @Test("a cache of packed weights lives as long as its checkpoint")
  func caches() throws {
    let digest = try #require(Files.names(in: store.path + "/checkpoints").first)
    try make(store.path + "/checkpoints/\(digest).packed-other")
    try make(store.path + "/checkpoints/gone.packed-other")
    #expect(
      try what(store.collectGarbage(atOnce).removed) == ["checkpoints/gone.packed-other"])
  }

  @Test("while a job runs, no checkpoint is touched")
  func runningJob() throws {
    try make(store.path + "/checkpoints/orphan")
    let job = try store.beginJob(JobRecord.backup)
    let report = try store.collectGarbage(atOnce)
    #expect(report.removed == [])
    #expect(report.left.map(\.reason) == ["a backup is running (process \(getpid()))"])
    try store.endJob(job)
    #expect(try what(store.collectGarbage(atOnce).removed) == ["checkpoints/orphan"])
  }

  @Test("what dead processes left goes: of a backup, a compact, a restore, a gc")
  func leftovers() throws {
    let backup = try StorePlace(folder.path).path + "/far.pawl.partial-\(dead)"
    try make(backup)
    var job = JobRecord(kind: JobRecord.backup, partial: backup)
    job.process = dead
    try add(job)
    let living = try PartialFolder(beside: store.path)
    try make(store.path + ".partial-\(dead)")
    try make(store.path + "/" + Store.compactionFolder)
    try make(store.path + "/checkpoints/.x.removed")
    try make(store.path + ".replaced")
    let report = try store.collectGarbage()
    #expect(report.removed.count == 5 && report.freedBytes == 20)
    #expect(report.left.map(\.reason).first?.hasPrefix("a restore kept it") == true)
    #expect(
      Files.names(in: folder.path)
        == ["a.tsv", "s.pawl", "s.pawl.partial-\(getpid())", "s.pawl.replaced"])
    living.discard()
    #expect(try store.jobs(in: store.environment.snapshot()).isEmpty)
    try store.expectWhole(passages: 20)
  }

  @Test(
    "what an earlier process of this one's number left is a leftover; what is being filled is none")
  func sameNumber() throws {
    let place = folder.path + "/new.pawl"
    try make(place + ".partial-\(getpid())")
    #expect(PartialFolder.leftovers(of: place) == [place + ".partial-\(getpid())"])
    let filling = try PartialFolder(for: place)
    #expect(Files.names(in: filling.path) == [])
    #expect(PartialFolder.leftovers(of: place) == [])
    // As a process of another container sees it: the number tells nothing, the lock does.
    var job = JobRecord(kind: JobRecord.backup, partial: filling.path)
    job.process = dead
    #expect(job.isRunning)
    filling.discard()
    #expect(!job.isRunning)
  }

  @Test("a job's record cannot make gc remove anything but what such a job leaves")
  func hostileJob() throws {
    let precious = folder.path + "/precious"
    try make(precious)
    let disguised = folder.path + "/x.partial-\(dead)"
    try make(disguised)
    try "mine".write(toFile: disguised + "/letter.txt", atomically: false, encoding: .utf8)
    #expect(symlink(precious, folder.path + "/y.partial-\(dead)") == 0)
    for path in [precious, disguised, folder.path + "/y.partial-\(dead)", "s.pawl", "/"] {
      var job = JobRecord(kind: JobRecord.backup, partial: path)
      job.process = dead
      try add(job)
      let report = try store.collectGarbage()
      #expect(report.freedBytes == 0 && report.removed.count == 1, "\(path)")
    }
    #expect(try store.jobs(in: store.environment.snapshot()).isEmpty)
    #expect(Files.exists(precious + "/data.mdb") && Files.exists(disguised + "/letter.txt"))
  }

  @Test("indexes that no version names go, unless a reindex is running")
  func indexes() throws {
    let fixture = try CheckFixture(listCount: 6)
    let store = try Store(path: fixture.copy())
    try store.plantAbandonedIndex(.retired)
    try store.expectWhole(passages: 3_397, pending: 8)
    #expect(
      try store.check().notes == ["index 9 belongs to no version: pawl gc removes it"])
    let job = try store.beginOnlyJob(JobRecord.reindex)
    #expect(try store.check().notes == [])
    let left = try store.collectGarbage()
    #expect(left.removed == [])
    #expect(left.left.map(\.what) == ["index 9"])
    #expect(left.left.map(\.reason) == ["a reindex is running (process \(getpid()))"])
    try store.endJob(job)
    var dry = GarbageOptions()
    dry.isDryRun = true
    for options in [dry, GarbageOptions()] {
      let report = try store.collectGarbage(options)
      #expect(report.removed.map(\.what) == ["index 9"] && report.left == [])
      #expect(report.removed.map(\.reason) == ["no version names it"])
    }
    let snapshot = try store.environment.snapshot()
    #expect(try store.indexIDs(in: snapshot) == [CheckFixture.clustered])
    #expect(try store.tables.places.count(in: snapshot) == 7)
    #expect(try store.collectGarbage().removed == [])
    try store.expectWhole(passages: 3_397, pending: 8)
  }
}
