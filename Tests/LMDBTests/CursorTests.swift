import Testing

@testable import LMDB

@Suite struct CursorTests {
  let scratch = Scratch()

  /// A table with the keys 0, 2, 4 … 998, each its own value.
  private func evenNumbers() throws -> (Environment, Table) {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    var writer = try environment.beginWrite()
    for number in stride(from: UInt32(0), to: 1000, by: 2) {
      try table.append(Key(number).bytes, at: Key(number), in: &writer)
    }
    try writer.commit()
    return (environment, table)
  }

  @Test("a walk meets every key once, forwards and backwards")
  func walk() throws {
    let (environment, table) = try evenNumbers()
    let snapshot = try environment.snapshot()
    var forwards: [UInt32] = []
    var cursor = try table.cursor(in: snapshot)
    #expect(cursor.isAtKey == false)
    while try cursor.next() {
      forwards.append(cursor.key.bigEndianUInt32(at: 0) ?? .max)
      #expect(try Array(cursor.value) == Array(cursor.key))
      _ = try cursor.recheckedValue
    }
    #expect(cursor.isAtKey == false)
    #expect(forwards == Array(stride(from: 0, to: 1000, by: 2)))
    var backwards: [UInt32] = []
    var back = try table.cursor(in: snapshot)
    while try back.previous() {
      backwards.append(back.key.bigEndianUInt32(at: 0) ?? .max)
    }
    #expect(backwards == forwards.reversed())
  }

  @Test("seeking finds the key or its successor")
  func seek() throws {
    let (environment, table) = try evenNumbers()
    let snapshot = try environment.snapshot()
    var cursor = try table.cursor(in: snapshot)
    for number in UInt32(0)..<999 {
      #expect(try cursor.seek(atOrAfter: Key(number)) == true)
      #expect(cursor.key.bigEndianUInt32(at: 0) == (number + 1) / 2 * 2)
      #expect(try cursor.seek(Key(number)) == (number % 2 == 0))
    }
    #expect(try cursor.seek(atOrAfter: Key(UInt32(999))) == false)
    #expect(try cursor.seek(atOrAfter: Key()) == true)
    #expect(cursor.key.bigEndianUInt32(at: 0) == 0)
    #expect(try cursor.last() == true)
    #expect(cursor.key.bigEndianUInt32(at: 0) == 998)
    #expect(try cursor.next() == false)
    #expect(try cursor.first() == true)
    #expect(cursor.key.bigEndianUInt32(at: 0) == 0)
  }

  @Test("an empty table has nothing to walk")
  func empty() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    let snapshot = try environment.snapshot()
    var cursor = try table.cursor(in: snapshot)
    #expect(try cursor.next() == false)
    #expect(try cursor.first() == false)
    #expect(try cursor.last() == false)
    #expect(try cursor.seek(atOrAfter: "x") == false)
  }

  @Test("removing while walking skips nothing and leaves what was kept")
  func removeWhileWalking() throws {
    let (environment, table) = try evenNumbers()
    var writer = try environment.beginWrite()
    var met = 0
    do {
      var cursor = try table.writeCursor(in: &writer)
      while try cursor.next() {
        met += 1
        let number = cursor.key.bigEndianUInt32(at: 0) ?? .max
        if number % 6 != 0 { try cursor.removeCurrent() }
      }
    }
    try writer.commit()
    #expect(met == 500)
    let snapshot = try environment.snapshot()
    var kept: [UInt32] = []
    var cursor = try table.cursor(in: snapshot)
    while try cursor.next() {
      #expect(try Array(cursor.value) == Array(cursor.key))
      kept.append(cursor.key.bigEndianUInt32(at: 0) ?? .max)
    }
    #expect(kept == Array(stride(from: 0, to: 1000, by: 6)))
  }

  @Test("replacing while walking changes each value, whatever its new length")
  func replaceWhileWalking() throws {
    let (environment, table) = try evenNumbers()
    var writer = try environment.beginWrite()
    do {
      var cursor = try table.writeCursor(in: &writer)
      while try cursor.next() {
        let number = cursor.key.bigEndianUInt32(at: 0) ?? .max
        let value = [UInt8].pattern(Int(number) * 9, seed: UInt64(number))
        try cursor.replaceCurrent(with: value.span)
        #expect(cursor.key.bigEndianUInt32(at: 0) == number)
        #expect(try Array(cursor.value) == value)
      }
    }
    try writer.commit()
    let snapshot = try environment.snapshot()
    #expect(try table.count(in: snapshot) == 500)
    for number in stride(from: UInt32(0), to: 1000, by: 2) {
      let value = try table.copy(of: Key(number), in: snapshot)
      #expect(value == .pattern(Int(number) * 9, seed: UInt64(number)))
    }
  }

  @Test("a cursor in a write transaction sees what was just written")
  func ownWrites() throws {
    let (environment, table) = try evenNumbers()
    var writer = try environment.beginWrite()
    try table.put([1], at: Key(UInt32(1)), in: &writer)
    do {
      var cursor = try table.cursor(in: writer)
      #expect(try cursor.seek(atOrAfter: Key(UInt32(1))) == true)
      #expect(try Array(cursor.value) == [1])
    }
    writer.abort()
  }
}
