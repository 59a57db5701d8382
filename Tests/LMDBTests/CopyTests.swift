import Glibc
import Testing

@testable import LMDB

@Suite struct CopyTests {
  let scratch = Scratch()

  private func filled() throws -> (Environment, Table) {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    var writer = try environment.beginWrite()
    for number in UInt32(0)..<200 {
      let value = [UInt8].pattern(5000, seed: UInt64(number))
      try table.put(value, at: Key(number), in: &writer)
    }
    try writer.commit()
    var remover = try environment.beginWrite()
    for number in UInt32(0)..<150 { try table.remove(Key(number), in: &remover) }
    try remover.commit()
    return (environment, table)
  }

  @Test("a copy holds the last commit; a compacted one is no larger than what is in it")
  func layouts() throws {
    let (environment, _) = try filled()
    try environment.copy(to: scratch.path + ".copy", layout: .asIs)
    try environment.copy(to: scratch.path + ".other", layout: .compacted)
    var sizes: [Int] = []
    for suffix in [".copy", ".other"] {
      let copy = try Environment.open(path: scratch.path + suffix, mode: .readOnly)
      let table = try copy.table(named: "things")
      let snapshot = try copy.snapshot()
      #expect(try table.count(in: snapshot) == 50)
      for number in UInt32(150)..<200 {
        #expect(
          try table.copy(of: Key(number), in: snapshot) == .pattern(5000, seed: UInt64(number)))
      }
      sizes.append(try copy.usedBytes())
    }
    #expect(sizes[0] == (try environment.usedBytes()))
    // 50 values of two pages, some leaves, the tree above them.
    #expect(sizes[1] < sizes[0] / 3 && sizes[1] < 120 * 4096)
  }

  @Test("a copy never goes over a database, and a failed one leaves no file")
  func targets() throws {
    let (environment, _) = try filled()
    #expect(throws: LMDBError.copyTargetExists(path: scratch.path)) {
      try environment.copy(to: scratch.path, layout: .compacted)
    }
    let target = scratch.path + ".copy"
    let writer = try environment.beginWrite()
    #expect(throws: LMDBError.self) {
      try environment.copy(to: target, layout: .asIs, waitingAtMost: .zero)
    }
    #expect(unsafe access(target + "/data.mdb", F_OK) != 0)
    writer.abort()
  }
}
