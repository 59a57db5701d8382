import Glibc
import Testing

@testable import LMDB

@Suite struct WriterLockTests {
  let scratch = Scratch()

  @Test("a second writer waits as long as it was told, then names the first")
  func bounded() throws {
    let environment = try scratch.open()
    let path = scratch.path
    let limit = Duration.milliseconds(120)
    let writer = try environment.beginWrite()
    for _ in 0..<2 {
      let start = ContinuousClock.now
      #expect(throws: LMDBError.busy(path: path, holder: getpid(), waited: limit)) {
        _ = try environment.beginWrite(waitingAtMost: limit)
      }
      let waited = ContinuousClock.now - start
      // Never less; a loaded machine may take longer to wake up.
      #expect(waited >= limit && waited < .seconds(5))
    }
    #expect(throws: LMDBError.busy(path: path, holder: getpid(), waited: limit)) {
      try environment.copy(to: path + ".copy", layout: .asIs, waitingAtMost: limit)
    }
    // Readers are not concerned.
    _ = try environment.snapshot()
    writer.abort()
    try environment.beginWrite(waitingAtMost: .zero).commit()
  }

  @Test("one does a work at a time, beside writers, and who is done lets go")
  func work() throws {
    let environment = try scratch.open()
    func isFree(_ number: UInt32) throws -> Bool { try environment.workLock(number) != nil }
    do {
      let first = try environment.workLock(7)
      let isMine = first != nil
      #expect(isMine)
      #expect(try !isFree(7) && isFree(8))
      try environment.beginWrite(waitingAtMost: .zero).commit()
      _ = consume first
    }
    #expect(try isFree(7))
  }

  @Test("writers on several threads lose nothing")
  func threads() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    try environment.write([0, 0], at: "count", to: table)
    let writer: @Sendable () throws -> Void = {
      for _ in 0..<50 { try increment(environment, table) }
    }
    try onThreads([writer, writer, writer, writer])
    #expect(try environment.read("count", of: table) == [200, 0])
  }

  @Test("a writer that commits again and again lets another have its turn")
  func fairness() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    try environment.write([0, 0], at: "count", to: table)
    let commits = Progress()
    let eager: @Sendable () throws -> Void = {
      while !commits.isOver {
        try increment(environment, table)
        commits.step()
      }
    }
    let other: @Sendable () throws -> Void = {
      defer { commits.finish() }
      while commits.count == 0 { usleep(100) }
      let before = commits.count
      for _ in 0..<20 { try increment(environment, table) }
      // In turns it would be 20; without turns one of the two gets next to nothing (measured: 2). A
      // loaded machine may keep either thread from asking for its turn for a while.
      let met = commits.count - before
      #expect((5...200).contains(met), "\(met)")
    }
    try onThreads([eager, other])
  }
}

/// Adds one to a number of 16 bits in a transaction of its own.
func increment(_ environment: Environment, _ table: Table) throws(LMDBError) {
  var writer = try environment.beginWrite()
  let old = try table.copy(of: "count", in: writer) ?? [0, 0]
  let sum = UInt16(old[0]) + UInt16(old[1]) << 8 + 1
  try table.put([UInt8(sum & 255), UInt8(sum >> 8)], at: "count", in: &writer)
  try writer.commit()
}
