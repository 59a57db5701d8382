import IVF
import LMDB

@testable import Pawl

extension Damage {
  private static func block(_ number: UInt32, ofIndex index: UInt32 = 1) -> Key {
    var key = Key(index)
    key.append(number)
    return key
  }

  /// Where things are in a block of n int8 codes of 32 dimensions.
  private static func scales(_ block: [UInt8]) -> Int { block.count - 8 * count(block) }
  private static func rows(_ block: [UInt8]) -> Int { block.count - 4 * count(block) }
  private static func count(_ block: [UInt8]) -> Int { Int(block[8]) | Int(block[9]) << 8 }

  private static func change(
    _ store: Store, _ write: inout WriteTransaction, _ number: UInt32,
    _ change: (inout [UInt8]) -> Void
  ) throws -> String {
    try store.tables.fresh.change(at: block(number), in: &write, change)
    return "block \(number) of index 1"
  }

  /// An index with codes that are not its rows'.
  static let codes: [Damage] = [
    Damage(.indexCount, "another count of codes", places: 4) { store, write, random in
      let count = [0, 1, 2_497, 2_499][random.below(4)]
      try store.tables.indexes.change(IndexRecord.self, at: Key(UInt32(1)), in: &write) {
        $0.count = count
      }
      return "index 1"
    },
    Damage(.indexCount, "more codes than rows") { store, write, random in
      let count = 2_501 + random.below(1_000)
      try store.tables.indexes.change(IndexRecord.self, at: Key(UInt32(1)), in: &write) {
        $0.count = count
      }
      return "index 1"
    },
    Damage(.indexAhead, "an index ahead of the rows") { store, write, random in
      let next = CheckFixture.nextRow + 1 + UInt32(random.below(5_000))
      try store.tables.indexes.change(IndexRecord.self, at: Key(UInt32(1)), in: &write) {
        $0.nextRow = next
      }
      return "index 1"
    },
    Damage(.blockUnreadable, "a block cut short", places: 5) { store, write, random in
      let length = random.below(5_000)
      return try change(store, &write, UInt32(random.below(3))) { $0.removeLast(1 + length) }
    },
    Damage(.blockUnreadable, "a block of another layout") { store, write, random in
      let layout = UInt8(2 + random.below(200))
      return try change(store, &write, UInt32(random.below(3))) { $0[0] = layout }
    },
    Damage(.blockUnreadable, "no block at the last number that a key can hold", places: 1) {
      store, write, _ in
      try store.tables.fresh.put([1, 2, 3], at: block(.max), in: &write)
      return "block \(UInt32.max) of index 1"
    },
    Damage(.blockUnreadable, "sizes whose product overflows") { store, write, random in
      return try change(store, &write, UInt32(random.below(3))) {
        for index in 4..<12 { $0[index] = 0xff }
      }
    },
    Damage(.blockKind, "codes of another codec") { store, write, random in
      // 32 bytes and a scale each are also 9 floats each, as far as the length goes.
      return try change(store, &write, UInt32(random.below(3))) {
        $0[1] = 3
        $0[4] = 9
      }
    },
    Damage(.blockMissing, "a block is gone") { store, write, random in
      let number = UInt32(random.below(3))
      try store.tables.fresh.remove(block(number), in: &write)
      return "block \(number) of index 1"
    },
    Damage(.blockExtra, "an empty block") { store, write, random in
      let number = UInt32(3 + random.below(5))
      let empty = CodeBlockBuilder(codec: .int8, width: 32).build()
      try store.tables.fresh.put(empty, at: block(number), in: &write)
      return "block \(number) of index 1"
    },
    Damage(.blockExtra, "a block of an index without a record") { store, write, random in
      let index = UInt32(2 + random.below(9))
      let bytes = try store.tables.fresh.bytes(at: block(0), in: write)
      try store.tables.fresh.put(bytes, at: block(0, ofIndex: index), in: &write)
      return "index \(index)"
    },
    Damage(.codeMissing, "rows below the mark that have no code", places: 5) {
      store, write, random in
      let row = random.plainRow()
      let blocks = FreshBlocks(
        store: store, indexID: 1, codec: .int8, width: 32, hasLists: false)
      _ = try blocks.remove(rows: [row], in: &write)
      return "block \(row / 1_024) of index 1"
    },
    Damage(.codeMissing, "the mark is raised over pending rows") { store, write, random in
      let next = CheckFixture.nextRow - UInt32(random.below(5))
      try store.tables.indexes.change(IndexRecord.self, at: Key(UInt32(1)), in: &write) {
        $0.nextRow = next
      }
      return "block 2 of index 1"
    },
    Damage(.codeExtra, "the code of a deleted row") { store, write, random in
      // Row 99 or 102 gives its code to row 100 or 101.
      let below = random.below(2) == 0
      return try change(store, &write, 0) { bytes in
        let place = rows(bytes) + 4 * (below ? 99 : 100)
        bytes[place] = below ? 100 : 101
      }
    },
    Damage(.codeExtra, "a row is gone and its code is not") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.remove(Key(row), in: &write)
      return "block \(row / 1_024) of index 1"
    },
    Damage(.codeExtra, "the mark is lowered below coded rows") { store, write, random in
      let next = UInt32(2_400 + random.below(90))
      try store.tables.indexes.change(IndexRecord.self, at: Key(UInt32(1)), in: &write) {
        $0.nextRow = next
      }
      return "block 2 of index 1"
    },
    Damage(.codeOrder, "rows out of order", places: 5) { store, write, random in
      let place = random.below(400)
      return try change(store, &write, UInt32(random.below(3))) { bytes in
        let first = rows(bytes) + 4 * place
        for byte in 0..<4 { bytes.swapAt(first + byte, first + 4 + byte) }
      }
    },
    Damage(.codeOrder, "a block under another block's number") { store, write, random in
      let (from, to) = [(0, 1), (1, 2), (2, 0)][random.below(3)] as (UInt32, UInt32)
      let bytes = try store.tables.fresh.bytes(at: block(from), in: write)
      try store.tables.fresh.put(bytes, at: block(to), in: &write)
      return "block \(to) of index 1"
    },
    Damage(.scale, "a scale that is none", places: 6) { store, write, random in
      let bits = [Float.nan, .infinity, 0, -1, -.infinity, -0.0][random.below(6)].bitPattern
      let place = random.below(400)
      return try change(store, &write, UInt32(random.below(3))) { bytes in
        for byte in 0..<4 {
          let at = scales(bytes) + 4 * place + byte
          bytes[at] = UInt8(truncatingIfNeeded: bits >> (8 * UInt32(byte)))
        }
      }
    },
    Damage(.codeDiffers, "another code for the same text", places: 6) { store, write, random in
      let row = 7 + 50 * random.below(18)
      let (byte, bit) = (random.below(32), UInt8(1) << UInt8(random.below(8)))
      // Rows 100 and 101 are gone.
      let place = row - (row > 101 ? 2 : 0)
      _ = try change(store, &write, 0) { $0[48 + 32 * place + byte] ^= bit }
      return "index 1"
    },
  ]

  /// For stores of float codes of so many bytes each.
  static func floats(_ bytesEach: Int, _ patterns: [[UInt8]]) -> [Damage] {
    [
      Damage(.codeNotFinite, "a code of \(bytesEach) bytes a float that is none", places: 4) {
        store, write, random in
        let place = 32 * random.below(400) + random.below(32)
        let pattern = patterns[random.below(patterns.count)]
        return try change(store, &write, UInt32(random.below(3))) {
          let start = 48 + bytesEach * place
          $0.replaceSubrange(start..<start + bytesEach, with: pattern)
        }
      }
    ]
  }
}
