import Testing

@testable import LMDB

@Suite struct WholeFileTests {
  let scratch = Scratch()

  /// A closed database of values of `length` bytes, 50 put in each of three transactions, of which
  /// each frees all but the first `kept` again.
  private func fill(length: Int, kept: Int) throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    for step in 0..<3 {
      var write = try environment.beginWrite()
      for number in 50 * step..<50 * (step + 1) {
        try table.put(.pattern(length, seed: UInt64(number)), at: Key(UInt32(number)), in: &write)
      }
      for number in 50 * step + kept..<50 * (step + 1) {
        try table.remove(Key(UInt32(number)), in: &write)
      }
      try write.commit()
    }
    try environment.close()
  }

  private func expectTruncated(_ file: DataFile, by lost: Int, expected: Int) throws {
    try file.write(Array(file.bytes.dropLast(lost)))
    let error = LMDBError.truncated(
      path: scratch.path, bytes: file.bytes.count - lost, expected: expected)
    #expect(throws: error) { try scratch.open(.readOnly) }
    #expect(error.description.contains("\(expected - file.bytes.count + lost) are lost"))
  }

  @Test("a file that ends before pages in use is refused, and says how much is lost")
  func truncated() throws {
    try fill(length: 1_500, kept: 50)
    let file = try DataFile(scratch.path)
    for lost in [1, 4_096, 40_960, file.bytes.count / 2] {
      try expectTruncated(file, by: lost, expected: file.bytes.count)
    }
    try file.write(file.bytes)
    #expect(try scratch.open().info().usedBytes == file.bytes.count)
  }

  @Test("a file that ends before pages that nothing uses is whole, and half of it is not")
  func freePagesMissing() throws {
    try fill(length: 9_000, kept: 20)
    let file = try DataFile(scratch.path)
    let expected: Int
    do {
      let environment = try scratch.open()
      expected = try environment.info().usedBytes
      #expect(expected > file.bytes.count, "else this tests nothing")
      let table = try environment.makeTable()
      #expect(try environment.read(Key(UInt32(107)), of: table) == .pattern(9_000, seed: 107))
      let snapshot = try environment.snapshot()
      try snapshot.check(snapshot.pageAccount(), of: [table], walked: [])
      try environment.checkMetas()
    }
    try expectTruncated(file, by: file.bytes.count / 2, expected: expected)
  }

  @Test("a damaged list of free pages, count of pages or meta page is found")
  func pageAccount() throws {
    try fill(length: 1_500, kept: 20)
    let file = try DataFile(scratch.path)
    let newest = file.bytes[144] > file.bytes[4_096 + 144] ? 0 : 4_096
    /// The fault after a byte of the file was changed.
    func fault(at place: Int, _ change: (inout UInt8) -> Void) throws -> PageFault? {
      var bytes = file.bytes
      change(&bytes[place])
      try file.write(bytes)
      let environment = try scratch.open()
      let table = try environment.makeTable()
      let snapshot = try environment.snapshot()
      var walk = try TableWalk(table, in: snapshot)
      while try walk.next() {}
      let walked = walk.pages
      do throws(PageFault) {
        try environment.checkMetas()
        try snapshot.check(snapshot.pageAccount(), of: [table], walked: walked)
        return nil
      } catch { return error }
    }
    #expect(try fault(at: 0) { _ in } == nil)
    // The tree of free pages is said to have another root; then another commit number.
    #expect(try fault(at: newest + 80) { $0 ^= 1 } == .freeListUnreadable)
    #expect(try fault(at: newest + 145) { $0 ^= 1 } == .metas(commits: commits(file, plus: newest)))
    // A page of the list becomes another one, which is free already, or used.
    let root = Int(file.bytes[newest + 80]) | Int(file.bytes[newest + 81]) << 8
    for change in [1, 2, 3, 50] as [UInt8] {
      let found = try fault(at: (root + 1) * 4_096 - 8) { $0 &+= change }
      #expect(found != nil, "\(change)")
    }
  }

  /// The numbers of the commits once 256 is added to one.
  private func commits(_ file: DataFile, plus place: Int) -> [Int] {
    [0, 4_096].map { Int(file.bytes[$0 + 144]) + ($0 == place ? 256 : 0) }
  }
}
