import Testing

@testable import LMDB

@Suite struct MapTests {
  let scratch = Scratch()

  @Test("the map grows ten times under running readers, and nobody sees an error")
  func growth() throws {
    let environment = try scratch.open(mapSize: 128 << 10)
    let table = try environment.makeTable()
    try environment.write([0], at: Key(UInt32(0)), to: table)
    let growths = Progress()
    let reader: @Sendable () throws -> Void = {
      while !growths.isOver { try readEverything(environment, table) }
    }
    let writer: @Sendable () throws -> Void = {
      defer { growths.finish() }
      var number: UInt32 = 1
      while growths.count < 10 {
        let length = try environment.info().mapSizeInBytes / 8
        let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: length)
        do {
          try environment.write(value, at: Key(number), to: table)
          number += 1
        } catch LMDBError.mapFull {
          try environment.grow()
          growths.step()
        }
      }
    }
    try onThreads([reader, reader, reader, writer])
    #expect(try environment.info().mapSizeInBytes == 128 << 20)
    try readEverything(environment, table)
  }

  @Test("a full map says how large it is, and the transaction left nothing")
  func full() throws {
    let environment = try scratch.open(mapSize: 256 << 10)
    let table = try environment.makeTable()
    var writer = try environment.beginWrite()
    try table.put([1], at: "small", in: &writer)
    #expect(throws: LMDBError.mapFull(path: scratch.path, mapSizeInBytes: 256 << 10)) {
      try table.put([UInt8](repeating: 1, count: 1 << 20), at: "large", in: &writer)
    }
    do throws(LMDBError) {
      try writer.commit()
      Issue.record("a broken transaction was committed")
    } catch {
      #expect(error == .transactionBroken(path: scratch.path))
    }
    #expect(try environment.read("small", of: table) == nil)
  }

  @Test("growing waits for a snapshot as long as it was told, then says what it waits for")
  func snapshotInTheWay() throws {
    let environment = try scratch.open(mapSize: 1 << 20)
    let table = try environment.makeTable()
    try environment.write([1], at: "k", to: table)
    do {
      let snapshot = try environment.snapshot()
      #expect(throws: LMDBError.transactionsRunning(path: scratch.path, count: 1)) {
        try environment.grow(waitingAtMost: .milliseconds(50))
      }
      #expect(try table.copy(of: "k", in: snapshot) == [1])
    }
    try environment.grow(waitingAtMost: .zero)
    #expect(try environment.info().mapSizeInBytes == 2 << 20)
    #expect(try environment.read("k", of: table) == [1])
  }
}

/// Walks the table in one snapshot; every value consists of its key's last byte.
private func readEverything(_ environment: Environment, _ table: Table) throws {
  let snapshot = try environment.snapshot()
  var cursor = try table.cursor(in: snapshot)
  while try cursor.next() {
    let value = try cursor.value
    let expected = cursor.key[3]
    #expect(value[0] == expected && value[value.count - 1] == expected)
  }
}
