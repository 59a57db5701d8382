import Foundation
import Synchronization
import Testing

@testable import Pawl

/// A folder that is gone when the test is over.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "pawl-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A file of these lines.
  func file(_ name: String, _ lines: [String]) throws -> String {
    let place = path + "/" + name
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: place, atomically: true, encoding: .utf8)
    return place
  }
}

/// Stores that take long to make: each is made once, and gone when the tests end.
enum SharedStores {
  private static let folders = Mutex<[String: TemporaryFolder]>([:])
  private static let areRemovedAtExit = atexit { SharedStores.folders.withLock { $0 = [:] } } == 0

  /// The path of a closed store, which is to be copied and not to be opened.
  ///
  /// - Parameter make: makes it at that path, in that folder.
  static func path(
    _ name: String, make: (_ path: String, _ folder: TemporaryFolder) throws -> Void
  ) throws -> String {
    try #require(areRemovedAtExit)
    return try folders.withLock { folders in
      if let known = folders[name] { return known.path + "/store.pawl" }
      let folder = try TemporaryFolder()
      let path = folder.path + "/store.pawl"
      try make(path, folder)
      folders[name] = folder
      return path
    }
  }
}

/// Does something once, when it is first called.
final class Once: Sendable {
  private let isDone = Mutex(false)

  func callAsFunction(_ work: () throws -> Void) {
    let isFirst = isDone.withLock { done in
      defer { done = true }
      return !done
    }
    if !isFirst { return }
    do { try work() } catch { Issue.record(error) }
  }
}

enum Fixture {
  private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()

  /// A model of a few kilobytes with random weights: good for everything but the meaning of texts.
  static var tinyModel: String {
    tests.appending(path: "EncodingTests/Goldens/encoder/plain").path
  }

  static var sampleCollection: String { sample("collection.tsv") }

  /// A file of data/sample.
  static func sample(_ name: String) -> String {
    tests.deletingLastPathComponent().appending(path: "data/sample/\(name)").path
  }

  /// The judged queries of the sample collection, with their groups.
  static func sampleSet() throws -> EvaluationSet {
    try EvaluationSet(
      queries: sample("queries.tsv"), qrels: sample("qrels.tsv"), groups: sample("groups.tsv"))
  }

  static func store(in folder: TemporaryFolder, _ name: String = "s.pawl") throws -> Store {
    try Store.create(at: folder.path + "/" + name, StoreSettings(model: tinyModel))
  }

  /// `count` passages that differ, with ids p0, p1, …
  static func passages(_ range: Range<Int>, text: (Int) -> String = { "passage number \($0)" })
    -> [String]
  {
    range.map { "p\($0)\t\(text($0))" }
  }
}

extension Fixture {
  /// A store of the sample with v1 and v2, which is v1 with shorter texts, not embedded.
  static func twoVersions(in folder: TemporaryFolder, maxLength: Int = 10) throws -> Store {
    let store = try store(in: folder)
    _ = try store.ingestAll(sampleCollection)
    try store.addVersion(maxLength: maxLength)
    return store
  }
}

extension Store {
  /// The next version: v1 with texts of so many tokens.
  func addVersion(maxLength: Int) throws {
    var options = ImportOptions(.version)
    (options.version, options.maxLength) = ("v1", maxLength)
    _ = try importVersion(options)
  }

  /// Ingests to the end without progress.
  func ingestAll(_ file: String, _ options: IngestOptions = IngestOptions()) throws
    -> IngestSummary
  {
    try ingest(file, options) { _ in true }
  }

  /// Every storage test ends with this.
  func expectWhole(
    passages: Int, pending: Int = 0, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let report = try check()
    #expect(report.problems == [], sourceLocation: sourceLocation)
    #expect(report.passageCount == passages, sourceLocation: sourceLocation)
    #expect(report.pendingCount == pending, sourceLocation: sourceLocation)
  }
}
