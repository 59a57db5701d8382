import Testing

@testable import LMDB

@Suite struct TableTests {
  let scratch = Scratch()

  @Test("a value comes back byte for byte, empty and page-sized and long ones too")
  func roundTrip() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    let lengths = [0, 1, 3, 100, 2020, 2030, 4091, 4092, 4093, 65_536, 3_000_000]
    var writer = try environment.beginWrite()
    for length in lengths {
      let value = [UInt8].pattern(length, seed: UInt64(length))
      try table.put(value, at: Key(UInt32(length)), in: &writer)
      // In the transaction that wrote it, too.
      #expect(try table.copy(of: Key(UInt32(length)), in: writer) == value, "\(length)")
    }
    try writer.commit()
    let snapshot = try environment.snapshot()
    for length in lengths {
      let value = try table.copy(of: Key(UInt32(length)), in: snapshot)
      #expect(value == .pattern(length, seed: UInt64(length)), "\(length)")
    }
    #expect(try table.copy(of: Key(UInt32(7)), in: snapshot) == nil)
    #expect(try table.contains(Key(UInt32(100)), in: snapshot) == true)
    #expect(try table.contains(Key(UInt32(101)), in: snapshot) == false)
    #expect(try table.count(in: snapshot) == lengths.count)
  }

  @Test("a later value replaces the earlier one")
  func replace() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    for length in [10, 10, 5000, 20, 9000] {
      let value = [UInt8].pattern(length, seed: UInt64(length))
      try environment.write(value, at: "k", to: table)
      #expect(try environment.read("k", of: table) == value)
    }
  }

  @Test("values written in place are sealed like others, and start zeroed")
  func fillInPlace() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    var writer = try environment.beginWrite()
    var wasZero = true
    try table.put(at: "in place", count: 10_000, in: &writer) { bytes in
      for index in bytes.indices {
        if bytes[index] != 0 { wasZero = false }
        bytes[index] = UInt8(truncatingIfNeeded: index)
      }
    }
    try table.append(at: "last", count: 2, in: &writer) { $0[1] = 9 }
    try writer.commit()
    #expect(wasZero)
    let expected = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(try environment.read("in place", of: table) == expected)
    #expect(try environment.read("last", of: table) == [0, 9])
  }

  @Test("appending out of order is refused, and the transaction can go on")
  func appendOrder() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    var writer = try environment.beginWrite()
    let value: [UInt8] = [1]
    try table.append(value.span, at: Key(UInt32(5)), in: &writer)
    #expect(throws: LMDBError.keyOutOfOrder(table: "things", key: "0x00000005")) {
      try table.append(value.span, at: Key(UInt32(5)), in: &writer)
    }
    #expect(throws: LMDBError.keyOutOfOrder(table: "things", key: "0x00000004")) {
      try table.append(value.span, at: Key(UInt32(4)), in: &writer)
    }
    try table.append(value.span, at: Key(UInt32(6)), in: &writer)
    try writer.commit()
    #expect(try table.count(in: environment.snapshot()) == 2)
  }

  @Test("keys of 1 to 511 bytes are taken, others refused with their length")
  func keyLengths() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    var writer = try environment.beginWrite()
    for length in [1, 63, 64, 65, 511] {
      let key = Key([UInt8](repeating: 7, count: length).span)
      try table.put([UInt8(truncatingIfNeeded: length)], at: key, in: &writer)
      #expect(try table.copy(of: key, in: writer) == [UInt8(truncatingIfNeeded: length)])
    }
    for length in [0, 512, 4000] {
      let key = Key([UInt8](repeating: 7, count: length).span)
      #expect(throws: LMDBError.keyLength(table: "things", bytes: length)) {
        try table.put([1], at: key, in: &writer)
      }
      #expect(try table.copy(of: key, in: writer) == nil)
      #expect(try table.remove(key, in: &writer) == false)
    }
  }

  @Test("removing takes one key, a prefix, or everything")
  func remove() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    var writer = try environment.beginWrite()
    for list in UInt32(0)..<4 {
      for block in UInt32(0)..<300 {
        var key = Key(list)
        key.append(block)
        try table.put([UInt8](repeating: 1, count: 50), at: key, in: &writer)
      }
    }
    var one = Key(UInt32(1))
    one.append(UInt32(9))
    #expect(try table.remove(one, in: &writer) == true)
    #expect(try table.remove(one, in: &writer) == false)
    #expect(try table.removeAll(withPrefix: Key(UInt32(1)), atMost: 100, in: &writer) == 100)
    #expect(try table.removeAll(withPrefix: Key(UInt32(1)), in: &writer) == 199)
    #expect(try table.removeAll(withPrefix: Key(UInt32(1)), in: &writer) == 0)
    #expect(try table.count(in: writer) == 900)
    #expect(try table.removeAll(withPrefix: Key(UInt32(3)), in: &writer) == 300)
    try table.removeAll(in: &writer)
    #expect(try table.count(in: writer) == 0)
    try table.put([1], at: "again", in: &writer)
    try writer.commit()
    #expect(try table.count(in: environment.snapshot()) == 1)
  }

  @Test("statistics count entries and pages")
  func statistics() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    let empty = try table.statistics(in: environment.snapshot())
    #expect(empty.entries == 0 && empty.depth == 0 && empty.sizeInBytes == 0)
    var writer = try environment.beginWrite()
    for number in UInt32(0)..<1000 {
      try table.append([UInt8](repeating: 1, count: 100).span, at: Key(number), in: &writer)
    }
    // With its 4 bytes of checksum and 16 of header, exactly three pages.
    try table.put([UInt8](repeating: 2, count: 3 * 4096 - 20), at: "long", in: &writer)
    try writer.commit()
    let full = try table.statistics(in: environment.snapshot())
    #expect(full.entries == 1001 && full.depth == 2 && full.branchPages == 1)
    #expect(full.overflowPages == 3)
    #expect(full.sizeInBytes == 4096 * (full.branchPages + full.leafPages + full.overflowPages))
  }

  @Test("tables are found by name, in another environment and read-only too; others are refused")
  func names() throws {
    do {
      let environment = try scratch.open(maxTables: 3)
      let tables = try environment.makeTables(named: ["a", "b"])
      #expect(tables.map(\.name) == ["a", "b"])
      try environment.write([1], at: "k", to: tables[1])
      #expect(try environment.makeTables(named: ["b", "c"]).count == 2)
      #expect(throws: LMDBError.tooManyTables(path: scratch.path, limit: 3)) {
        try environment.makeTables(named: ["a", "d"])
      }
      for name in ["", "a\0b", String(repeating: "x", count: 512)] {
        #expect(throws: LMDBError.tableName(name)) { try environment.table(named: name) }
      }
      #expect(try environment.read("k", of: environment.table(named: "b")) == [1])
    }
    let environment = try scratch.open(.readOnly)
    #expect(try environment.read("k", of: environment.table(named: "b")) == [1])
    #expect(try environment.read("k", of: environment.table(named: "a")) == nil)
    #expect(throws: LMDBError.noTable(path: scratch.path, name: "e")) {
      try environment.table(named: "e")
    }
  }

  @Test("one key in two tables holds two values")
  func separateTables() throws {
    let environment = try scratch.open()
    let tables = try environment.makeTables(named: ["a", "b"])
    var writer = try environment.beginWrite()
    try tables[0].put([1], at: "k", in: &writer)
    try tables[1].put([2], at: "k", in: &writer)
    try writer.commit()
    #expect(try environment.read("k", of: tables[0]) == [1])
    #expect(try environment.read("k", of: tables[1]) == [2])
  }

  @Test("values too long for a page start 16 bytes after a multiple of 64")
  func alignment() throws {
    let environment = try scratch.open()
    let table = try environment.makeTable()
    try environment.write([UInt8](repeating: 1, count: 8192), at: "long", to: table)
    let snapshot = try environment.snapshot()
    let value = try #require(try table.copyOfAddress(of: "long", in: snapshot))
    #expect(value % 64 == 16)
  }
}

extension Table {
  func copyOfAddress(of key: Key, in snapshot: borrowing Snapshot) throws -> Int? {
    guard let value = try value(of: key, in: snapshot) else { return nil }
    return unsafe value.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
  }
}
