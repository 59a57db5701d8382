import Glibc
import Testing

@testable import LMDB

@Suite struct TransactionTests {
  let scratch = Scratch()

  @Test("only a commit is kept: not an abort, nor a transaction that is let go")
  func outcomes() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    do {
      var writer = try environment.beginWrite()
      try table.put([1], at: "let go", in: &writer)
    }
    var aborted = try environment.beginWrite()
    try table.put([1], at: "aborted", in: &aborted)
    aborted.abort()
    var committed = try environment.beginWrite()
    try table.put([1], at: "committed", in: &committed)
    try committed.commit()
    #expect(try environment.read("let go", of: table) == nil)
    #expect(try environment.read("aborted", of: table) == nil)
    #expect(try environment.read("committed", of: table) == [1])
  }

  @Test("a snapshot shows one commit, whatever comes after it")
  func isolation() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    try environment.write([0], at: "k", to: table)
    let old = try environment.snapshot()
    for round in UInt8(1)...20 {
      var writer = try environment.beginWrite()
      try table.put([round], at: "k", in: &writer)
      #expect(try environment.read("k", of: table) == [round - 1])
      try writer.commit()
      #expect(try environment.read("k", of: table) == [round])
      #expect(try table.copy(of: "k", in: old) == [0])
    }
    #expect(try environment.snapshot().number == old.number + 20)
  }

  @Test("what was committed is there after closing and opening again")
  func durable() throws {
    do {
      let environment = try scratch.open()
      let table = try environment.makeTable()
      try environment.write(.pattern(10_000, seed: 1), at: "k", to: table)
    }
    let environment = try scratch.open(.readWrite)
    let value = try environment.read("k", of: environment.table(named: "things"))
    #expect(value == .pattern(10_000, seed: 1))
  }

  @Test("snapshots on several threads read while one writes")
  func threads() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    try environment.write([UInt8](repeating: 0, count: 20_000), at: "k", to: table)
    let reader: @Sendable () throws -> Void = {
      for _ in 0..<300 {
        let value = try environment.read("k", of: table) ?? []
        // Never half of one commit and half of another.
        #expect(value.count == 20_000 && value.allSatisfy { $0 == value[0] })
      }
    }
    let writer: @Sendable () throws -> Void = {
      for round in UInt8(1)...60 {
        try environment.write([UInt8](repeating: round, count: 20_000), at: "k", to: table)
      }
    }
    try onThreads([reader, reader, reader, writer])
  }

  @Test("more than LMDB's usual 126 readers fit; too many are refused, and can come again")
  func manyReaders() throws {
    let environment = try scratch.open()
    _ = try environment.makeTable()
    #expect(try beginSnapshots(environment, after: 0) == 1024)
    _ = try environment.snapshot()
  }
}

/// How many snapshots can live at a time.
private func beginSnapshots(_ environment: Environment, after count: Int) throws(LMDBError) -> Int {
  do throws(LMDBError) {
    let snapshot = try environment.snapshot()
    let total = Result { () throws(LMDBError) in try beginSnapshots(environment, after: count + 1) }
    #expect(snapshot.number > 0)
    return try total.get()
  } catch {
    #expect(error == .readersFull(path: environment.path, limit: 1024))
    return count
  }
}
