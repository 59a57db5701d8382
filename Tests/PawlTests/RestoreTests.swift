import Foundation
import LMDB
import Testing

@testable import Pawl

@Suite struct RestoreTests {
  let folder: TemporaryFolder
  let backup: String
  init() throws {
    folder = try TemporaryFolder()
    backup = folder.path + "/b.pawl"
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("a.tsv", Fixture.passages(0..<300)))
    _ = try store.backup(to: backup)
    _ = try store.ingestAll(try folder.file("b.tsv", Fixture.passages(300..<400)))
    try store.environment.close()
  }

  private var old: String { folder.path + "/s.pawl" }
  private var names: [String] {
    Files.names(in: folder.path).filter { !$0.hasSuffix(".tsv") }
  }

  private func options(exchanges: Bool = true) -> RestoreOptions {
    var options = RestoreOptions()
    options.replaces = true
    options.patience = .milliseconds(100)
    options.exchanges = exchanges
    return options
  }

  @Test("a restored store is the backup, at a new place")
  func newPlace() throws {
    let summary = try Store.restore(from: backup, to: folder.path + "/t.pawl/")
    #expect(summary.replacedPath == nil && summary.copy.passageCount == 300)
    let store = try Store(path: folder.path + "/t.pawl")
    try store.expectWhole(passages: 300)
    #expect(try store.recordBytes() == Store(path: backup).recordBytes())
    #expect(names == ["b.pawl", "s.pawl", "t.pawl"])
  }

  @Test("a store that is there is refused without being asked for, and kept when asked for")
  func replacing() throws {
    #expect(throws: StoreError.wouldReplace(path: old)) {
      _ = try Store.restore(from: backup, to: old)
    }
    for (suffix, exchanges, passages) in [("", true, 400), ("-2", false, 300)] {
      let summary = try Store.restore(from: backup, to: old, options(exchanges: exchanges))
      let kept = try #require(summary.replacedPath)
      #expect(kept.hasSuffix("/s.pawl.replaced\(suffix)"))
      try Store(path: kept).expectWhole(passages: passages)
      try Store(path: old).expectWhole(passages: 300)
    }
    #expect(names == ["b.pawl", "s.pawl", "s.pawl.replaced", "s.pawl.replaced-2"])
  }

  @Test("a store that somebody has open is not replaced")
  func inUse() throws {
    let store = try Store(path: old, access: .reading)
    do {
      _ = try Store.restore(from: backup, to: old, options())
      Issue.record("it was replaced while it was open")
    } catch LMDBError.inUse(_, _, .alone, _) {}
    try store.expectWhole(passages: 400)
    #expect(names == ["b.pawl", "s.pawl"])
  }

  @Test("a damaged backup is refused by name, and nothing changes")
  func damagedSource() throws {
    let digest = try #require(Files.names(in: backup + "/checkpoints").first)
    let file = URL(filePath: backup + "/checkpoints/\(digest)/tokenizer.json")
    try (try Data(contentsOf: file) + Data("x".utf8)).write(to: file)
    do {
      _ = try Store.restore(from: backup, to: old, options())
      Issue.record("a damaged backup was restored")
    } catch let error as StoreError {
      guard case .checkFailed = error else { throw error }
      #expect("\(error)".contains("tokenizer.json"), "\(error)")
    }
    #expect(names == ["b.pawl", "s.pawl"])
    try Store(path: old).expectWhole(passages: 400)
  }

  @Test("source and place may not lie within each other, whatever links lead there")
  func nested() throws {
    #expect(symlink(backup, folder.path + "/link") == 0)
    for place in [backup, backup + "/x", folder.path + "/link", folder.path + "/link/x"] {
      do {
        _ = try Store.restore(from: backup, to: place, options())
        Issue.record("\(place) was accepted")
      } catch StoreError.nested {}
    }
    let inner = old + "/inner.pawl"
    try FileManager.default.copyItem(atPath: backup, toPath: inner)
    do {
      _ = try Store.restore(from: inner, to: old, options())
      Issue.record("a source within the store was accepted")
    } catch StoreError.nested {}
    try Store(path: old).expectWhole(passages: 400)
  }

  @Test("what is no store is neither a source nor replaced")
  func noStore() throws {
    let other = folder.path + "/other"
    try Files.makeNewFolder(other)
    #expect(throws: StoreError.foreign(path: other)) {
      _ = try Store.restore(from: other, to: old, options())
    }
    #expect(throws: StoreError.noBackup(path: folder.path + "/no")) {
      _ = try Store.restore(from: folder.path + "/no", to: old, options())
    }
    #expect(throws: StoreError.foreign(path: try StorePlace(other).path)) {
      _ = try Store.restore(from: backup, to: other, options())
    }
  }

  @Test("a link to a store is followed: the link stays, what it leads to is replaced")
  func linkedStore() throws {
    let link = folder.path + "/link.pawl"
    #expect(symlink("s.pawl", link) == 0)
    _ = try Store.restore(from: backup, to: link, options())
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "s.pawl")
    try Store(path: link).expectWhole(passages: 300)
    #expect(names == ["b.pawl", "link.pawl", "s.pawl", "s.pawl.replaced"])
  }

  @Test("what an interrupted restore left is not renamed over, and nothing is left beside it")
  func restoredIsTaken() throws {
    try Files.makeNewFolder(old + ".restored")
    let place = try StorePlace(old).path
    #expect(throws: StoreError.exists(path: place + ".restored")) {
      _ = try Store.restore(from: backup, to: old, options(exchanges: false))
    }
    #expect(names == ["b.pawl", "s.pawl", "s.pawl.restored"])
    try Store(path: old).expectWhole(passages: 400)
  }

  @Test("between two renames, the next opening tells where both stores are")
  func halfRestored() throws {
    try Files.rename(old, to: old + ".replaced-2")
    #expect(throws: StoreError.notAStore(path: old)) { _ = try Store(path: old) }
    try Files.rename(backup, to: old + ".restored")
    let expected = StoreError.halfRestored(
      path: old, restored: old + ".restored", replaced: old + ".replaced-2")
    #expect(throws: expected) { _ = try Store(path: old) }
    #expect("\(expected)".contains("Rename the one you want to \(old)."))
  }
}
