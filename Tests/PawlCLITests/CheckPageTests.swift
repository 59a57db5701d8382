import Foundation
import LinearAlgebra
import Testing

@testable import LMDB
@testable import Pawl

/// Damages of whole pages and of any bit, which may crash whoever reads them.
@Suite struct CheckPageTests {
  let pawl: CommandRunner
  private let path: String
  private let whole: Data
  private let content: UInt64
  private static let pageSize = 4_096

  init() throws {
    pawl = try CommandRunner()
    path = pawl.folder.path + "/s.pawl"
    try pawl.run("init", "s.pawl")
    let lines = (0..<3_000).map { "p\($0)\tpassage \($0) speaks of \($0 * 7 % 1_000) things\n" }
    try pawl.run("ingest", "s.pawl", try pawl.write("c.tsv", lines.joined()), "--quiet")
    try pawl.run("reindex", "s.pawl", "--codec", "binary", "--lists", "2", "--quiet")
    let update = (0..<300).map { "p\($0)\tanother text \($0)\n" }
    try pawl.run("ingest", "s.pawl", try pawl.write("u.tsv", update.joined()), "--quiet")
    whole = try Data(contentsOf: URL(filePath: path + "/data.mdb"))
    content = try Self.hash(path)
  }

  /// A hash of all that a reader can see: every key and value of every table, walked and searched.
  private static func hash(_ path: String) throws -> UInt64 {
    let store = try Store(path: path, access: .reading)
    defer { try? store.environment.close() }
    let snapshot = try store.environment.snapshot()
    var hash: UInt64 = 0
    for table in store.tables.all {
      var cursor = try table.cursor(in: snapshot)
      while try cursor.next() {
        guard let found = try table.value(of: Key(cursor.key), in: snapshot) else { return 0 }
        hash = hash &* 31 &+ TextIndex.hash(cursor.key)
        hash = hash &* 31 &+ TextIndex.hash(found) &+ TextIndex.hash(try cursor.value)
      }
    }
    return hash
  }

  /// Expects that a damage is found, or that nobody can see it.
  ///
  /// - Returns: whether it was found.
  @discardableResult
  private func expectFoundOrHarmless(_ bytes: Data, _ what: String) throws -> Bool {
    try bytes.write(to: URL(filePath: path + "/data.mdb"))
    let check = try pawl.run("check", "s.pawl", "--json", "--quiet")
    #expect(check.status == 0 || check.status == 2, "\(what): \(check.status) \(check.error)")
    if check.status == 0 {
      #expect(try Self.hash(path) == content, "\(what) was not found")
      return false
    }
    let findings = try check.object()["findings"] as? [[String: String]] ?? []
    #expect(findings.first.map { Set($0.keys) } == ["kind", "object", "problem"], "\(what)")
    return true
  }

  private func flip(_ place: Int, _ random: inout SplitMix64) -> Data {
    var bytes = whole
    bytes[place] ^= 1 << UInt8(random.next() % 8)
    return bytes
  }

  @Test("any flipped bit of data.mdb is found, or lies where nothing is")
  func flips() throws {
    var random = SplitMix64(seed: 11)
    var found = 0
    for _ in 0..<60 {
      let place = Int(random.next() % UInt64(whole.count))
      if try expectFoundOrHarmless(flip(place, &random), "bit at \(place)") { found += 1 }
    }
    #expect(found > 10)
  }

  @Test("a flipped bit of the meta pages is found, or means nothing")
  func metas() throws {
    var random = SplitMix64(seed: 12)
    var found = 0
    for _ in 0..<40 {
      // Headers and what follows them; the rest of a meta page is empty.
      let place = Int(random.next() % 168) + Self.pageSize * Int(random.next() % 2)
      if try expectFoundOrHarmless(flip(place, &random), "bit at \(place)") { found += 1 }
    }
    #expect(found > 10)
  }

  @Test("a flipped bit of a page's header or of a branch page is found, or means nothing")
  func structure() throws {
    var random = SplitMix64(seed: 13)
    let pages = 2..<whole.count / Self.pageSize
    // Flags at 10: 1 is a branch page.
    let branches = pages.filter { whole[$0 * Self.pageSize + 10] & 1 == 1 }
    var found = 0
    for number in 0..<40 {
      let isBranch = number % 2 == 0
      let page =
        isBranch ? branches[number % branches.count] : pages.randomElement(using: &random) ?? 2
      let place = page * Self.pageSize + Int(random.next() % (isBranch ? 200 : 16))
      if try expectFoundOrHarmless(flip(place, &random), "bit at \(place)") { found += 1 }
    }
    #expect(found > 5)
  }

  @Test("swapped, doubled, emptied and lost pages are found, or nothing uses them")
  func pages() throws {
    var random = SplitMix64(seed: 14)
    let count = whole.count / Self.pageSize
    var found = 0
    for number in 0..<40 {
      let one = 2 + Int(random.next() % UInt64(count - 2))
      let other = 2 + Int(random.next() % UInt64(count - 2))
      let ranges = [one, other].map { $0 * Self.pageSize..<($0 + 1) * Self.pageSize }
      var bytes = whole
      switch number % 4 {
      case 0: bytes.replaceSubrange(ranges[0], with: Data(count: Self.pageSize))
      case 1: bytes.replaceSubrange(ranges[0], with: whole[ranges[1]])
      case 2:
        bytes.replaceSubrange(ranges[0], with: whole[ranges[1]])
        bytes.replaceSubrange(ranges[1], with: whole[ranges[0]])
      default: bytes = whole.prefix(ranges[0].lowerBound)
      }
      if try expectFoundOrHarmless(bytes, "pages \(one) and \(other), \(number % 4)") { found += 1 }
    }
    #expect(found > 10)
  }

  @Test("every command refuses a truncated data.mdb with a message, not a crash")
  func truncated() throws {
    try whole.prefix(whole.count / 3).write(to: URL(filePath: path + "/data.mdb"))
    for arguments in [
      ["query", "s.pawl", "x"], ["get", "s.pawl", "p1"], ["ingest", "s.pawl", "c.tsv", "--quiet"],
      ["stats", "s.pawl"], ["versions", "s.pawl"], ["delete", "s.pawl", "p1"],
    ] {
      let process = pawl.process(arguments)
      let errors = Pipe()
      process.standardError = errors
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      let text = String(
        decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 1, "\(arguments)")
      #expect(text.contains("truncated") && text.contains("Restore a backup"), "\(text)")
    }
    let check = try pawl.run("check", "s.pawl")
    #expect(check.status == 2)
    #expect(check.output.hasPrefix("problem: data.mdb: it is truncated"))
  }
}
