import Testing

@testable import LMDB

@Suite struct KeyTests {
  @Test("numbers sort as numbers, composites part by part")
  func order() throws {
    let scratch = Scratch()
    let environment = try scratch.open()
    let table = try environment.makeTable()
    let numbers: [UInt32] = [0, 1, 255, 256, 65_535, 65_536, 1 << 24, .max]
    var expected: [[UInt32]] = []
    for high in numbers { for low in numbers { expected.append([high, low]) } }
    var writer = try environment.beginWrite()
    for pair in expected.shuffled() {
      var key = Key(pair[0])
      key.append(pair[1])
      try table.put([], at: key, in: &writer)
    }
    try writer.commit()
    var walked: [[UInt32]] = []
    let snapshot = try environment.snapshot()
    var cursor = try table.cursor(in: snapshot)
    while try cursor.next() {
      let high = cursor.key.bigEndianUInt32(at: 0) ?? .max
      let low = cursor.key.bigEndianUInt32(at: 4) ?? .max
      #expect(cursor.key.bigEndianUInt64(at: 0) == UInt64(high) << 32 | UInt64(low))
      walked.append([high, low])
    }
    #expect(walked == expected)
  }

  @Test("parts are appended in order, across the end of the inline bytes")
  func appending() {
    for start in 50...70 {
      var key = Key([UInt8].pattern(start, seed: 1).span)
      key.append(UInt8(0xAB))
      key.append(UInt32(0x0102_0304))
      key.append(UInt64(0x1112_1314_1516_1718))
      key.append("é")
      let parts: [UInt8] = [
        0xAB, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0xC3, 0xA9,
      ]
      #expect(Array(key.bytes) == .pattern(start, seed: 1) + parts)
      #expect(key.count == start + 15)
      #expect(key.bytes.starts(with: Key([UInt8].pattern(start, seed: 1).span)) == true)
      #expect(key.bytes.starts(with: Key([UInt8].pattern(start, seed: 2).span)) == false)
    }
  }

  @Test("a number that would end behind the key is nil, not a trap")
  func shortKeys() {
    let key = Key(UInt32(1))
    #expect(key.bytes.bigEndianUInt32(at: 0) == 1)
    #expect(key.bytes.bigEndianUInt32(at: 1) == nil)
    #expect(key.bytes.bigEndianUInt32(at: -1) == nil)
    #expect(key.bytes.bigEndianUInt32(at: .max) == nil)
    #expect(key.bytes.bigEndianUInt64(at: 0) == nil)
    #expect(key.bytes.starts(with: Key(UInt64(1))) == false)
  }
}
