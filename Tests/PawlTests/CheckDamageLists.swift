import IVF
import LMDB
import LinearAlgebra

@testable import Pawl

/// Places and blocks of the index with lists, for planting.
private struct Planter {
  let store: Store
  static let id = CheckFixture.clustered

  static func key(_ numbers: UInt32...) -> Key {
    var key = Key(id)
    for number in numbers { key.append(number) }
    return key
  }

  /// A version that asks the index.
  static func version(
    _ store: Store, in write: borrowing WriteTransaction
  ) throws -> VersionRecord {
    guard let version = try store.versionRecords(in: write).first(where: { $0.index == id }) else {
      throw NotPlanted(key: "version")
    }
    return version
  }

  static func calibrationKey(
    _ store: Store, in write: borrowing WriteTransaction
  ) throws -> Key {
    Calibration.key(id, try version(store, in: write).queryDigest)
  }

  static func put(
    _ calibration: Calibration, _ store: Store, in write: inout WriteTransaction
  ) throws -> String {
    let key = try calibrationKey(store, in: write)
    try store.tables.calibration.put(record: calibration, at: key, in: &write)
    return StoreObject.name(of: key.bytes, in: "calibration")
  }

  func list(of row: UInt32, in write: borrowing WriteTransaction) throws -> Int {
    guard let list = try Places(store: store, indexID: Self.id).list(of: row, in: write) else {
      throw NotPlanted(key: "row \(row)")
    }
    return list
  }

  /// Another list than a row's.
  func otherList(
    than row: UInt32, in write: borrowing WriteTransaction, _ random: inout SplitMix64
  ) throws -> Int {
    let list = try list(of: row, in: write)
    return (list + 1 + random.below(5)) % 6
  }

  func put(_ list: Int, ofRow row: UInt32, in write: inout WriteTransaction) throws {
    try Places(store: store, indexID: Self.id).put([(row, UInt16(list))], in: &write)
  }

  /// The block of a list that holds a row's code, and where in it.
  func block(
    of row: UInt32, in write: borrowing WriteTransaction
  ) throws -> (key: Key, place: Int, name: String) {
    let list = try list(of: row, in: write)
    for number in 0..<3 {
      let key = InvertedLists.key(Self.id, list: list, block: number)
      guard let value = try store.tables.lists.value(of: key, in: write) else { break }
      if let place = try CodeBlock(value).index(of: row) {
        return (key, place, "block \(number) of list \(list) of index 2")
      }
    }
    throw NotPlanted(key: "row \(row)")
  }

  func changeRecord(
    _ write: inout WriteTransaction, _ change: (inout ClusteringRecord) -> Void
  ) throws -> String {
    try store.tables.indexes.change(IndexRecord.self, at: Key(Self.id), in: &write) {
      if var clustering = $0.clustering {
        change(&clustering)
        $0.clustering = clustering
      }
    }
    return "index 2"
  }

  /// A list's codes, without those of one row.
  func removeCode(of row: UInt32, in write: inout WriteTransaction) throws {
    let codes = try IndexCodes(store, Self.id, in: write)
    let list = try list(of: row, in: write)
    guard let lists = codes.lists else { throw NotPlanted(key: "lists") }
    try lists.put(lists.reopen(list, leavingOut: [row], in: write), list, in: &write)
  }
}

extension SplitMix64 {
  /// A row whose code is not a text's that several share, and not deleted since.
  fileprivate mutating func freshRow() -> UInt32 { 3_072 + UInt32(below(300)) }
}

extension Damage {
  /// A clustered index whose lists, places, directory and centroids do not agree.
  static let lists: [Damage] = [
    Damage(.clustering, "a record of lists that cannot be", places: 5) { store, write, random in
      let place = random.below(5)
      return try Planter(store: store).changeRecord(&write) {
        switch place {
        case 0: $0.listCount = 0
        case 1: $0.listCount = 70_000
        case 2: $0.mergedRow = 5_000
        case 3: $0.merging?.rowEnd = 3_000
        default: $0.merging?.listEnd = 7
        }
      }
    },
    Damage(.centroids, "no centroids", places: 1) { store, write, random in
      try store.tables.centroids.remove(Planter.key(), in: &write)
      return "the centroids of index 2"
    },
    Damage(.centroids, "centroids of another number or size") { store, write, random in
      let length = 1 + random.below(40)
      try store.tables.centroids.change(at: Planter.key(), in: &write) { $0.removeLast(length) }
      return "the centroids of index 2"
    },
    Damage(.centroids, "a scale of a centroid that is none", places: 4) { store, write, random in
      let bits = [Float.nan, .infinity, 0, -1][random.below(4)].bitPattern
      let list = random.below(6)
      try store.tables.centroids.change(at: Planter.key(), in: &write) { bytes in
        for byte in 0..<4 {
          bytes[6 * 32 + 4 * list + byte] = UInt8(truncatingIfNeeded: bits >> (8 * UInt32(byte)))
        }
      }
      return "the centroids of index 2"
    },
    Damage(.nearestList, "centroids that changed places", places: 1) { store, write, random in
      try store.tables.centroids.change(at: Planter.key(), in: &write) { bytes in
        for byte in 0..<32 { bytes.swapAt(byte, 32 + byte) }
      }
      return "of index 2"
    },
    Damage(.directory, "no directory", places: 1) { store, write, random in
      try store.tables.directory.remove(Planter.key(0), in: &write)
      return "the directory of lists 0..<256 of index 2"
    },
    Damage(.directory, "a directory of another length") { store, write, random in
      let length = 1 + random.below(8)
      try store.tables.directory.change(at: Planter.key(0), in: &write) { $0.removeLast(length) }
      return "the directory of lists 0..<256 of index 2"
    },
    Damage(.directory, "a directory of more lists than there are") { store, write, random in
      let number = UInt32(1 + random.below(9))
      try store.tables.directory.put([0, 0, 0, 0], at: Planter.key(number), in: &write)
      return "the directory of lists \(number * 256)..<\(number * 256 + 256) of index 2"
    },
    Damage(.directory, "another number of codes in a list", places: 4) { store, write, random in
      let (list, change) = (random.below(6), UInt8(1 + random.below(200)))
      try store.tables.directory.change(at: Planter.key(0), in: &write) { $0[4 * list] ^= change }
      return "list \(list) of index 2"
    },
    Damage(.place, "a place in another list", places: 4) { store, write, random in
      let planter = Planter(store: store)
      let row = random.plainRow()
      let list = try planter.otherList(than: row, in: write, &random)
      try planter.put(list, ofRow: row, in: &write)
      return "the place of row \(row) in index 2"
    },
    Damage(.place, "a place in another list, of a code in fresh", places: 4) {
      store, write, random in
      let planter = Planter(store: store)
      let row = random.freshRow()
      let list = try planter.otherList(than: row, in: write, &random)
      try planter.put(list, ofRow: row, in: &write)
      return "the place of row \(row) in index 2"
    },
    Damage(.place, "a row without a place", places: 4) { store, write, random in
      let row = random.below(2) == 0 ? random.plainRow() : random.freshRow()
      try Planter(store: store).put(Int(Places.none), ofRow: row, in: &write)
      return "the place of row \(row) in index 2"
    },
    Damage(.place, "a place in a list that there is not") { store, write, random in
      let row = random.below(2) == 0 ? random.plainRow() : random.freshRow()
      try Planter(store: store).put(6 + random.below(60_000), ofRow: row, in: &write)
      return "the place of row \(row) in index 2"
    },
    Damage(.place, "a place of a row that is deleted, pending or nowhere", places: 4) {
      store, write, random in
      let row: UInt32 = [100, 3_401, 2_510, 9_000][random.below(4)]
      try Planter(store: store).put(random.below(6), ofRow: row, in: &write)
      return "the place of row \(row) in index 2"
    },
    Damage(.place, "no places of 512 rows", places: 4) { store, write, random in
      let number = UInt32(random.below(7))
      try store.tables.places.remove(Planter.key(number), in: &write)
      return "the places of rows \(number * 512)..<\(number * 512 + 512) of index 2"
    },
    Damage(.form, "places of another length") { store, write, random in
      let (number, length) = (UInt32(random.below(7)), 1 + random.below(1_000))
      try store.tables.places.change(at: Planter.key(number), in: &write) {
        $0.removeLast(length)
      }
      return "the places of rows \(number * 512)..<\(number * 512 + 512) of index 2"
    },
    Damage(.form, "keys of another length, of lists", places: 5) { store, write, random in
      let tables = store.tables
      let all = [
        tables.centroids, tables.lists, tables.directory, tables.places, tables.calibration,
      ]
      let table = all[random.below(all.count)]
      try table.put([0, 0, 0, 0], at: "abc", in: &write)
      return "\(table.name)[abc]"
    },
    Damage(.calibration, "a curve that falls", places: 3) { store, write, random in
      let place = random.below(3)
      guard
        let old = try store.calibration(of: Planter.version(store, in: write), in: write),
        let curve = old.curves.last,
        let point = curve.points.first
      else { throw NotPlanted(key: "calibration") }
      let points = [
        [point, point], curve.points.reversed() + [point],
        [
          Calibration.Point(
            margin: point.margin, recall: 1.5, promised: 0.5, meanProbes: 1, meanScanned: 1)
        ],
      ][place]
      let calibration = Calibration(
        source: old.source, queryCount: 1, created: "", curves: [.init(k: 10, points: points)])
      return try Planter.put(calibration, store, in: &write)
    },
    Damage(.calibration, "curves of the same k", places: 1) { store, write, random in
      guard let old = try store.calibration(of: Planter.version(store, in: write), in: write),
        let curve = old.curves.first
      else {
        throw NotPlanted(key: "calibration")
      }
      let calibration = Calibration(
        source: old.source, queryCount: 1, created: "", curves: [curve, curve])
      return try Planter.put(calibration, store, in: &write)
    },
    Damage(.recordUnreadable, "a calibration that is none", places: 1) { store, write, random in
      let key = try Planter.calibrationKey(store, in: write)
      try store.tables.calibration.put(Array("{}".utf8), at: key, in: &write)
      return StoreObject.name(of: key.bytes, in: "calibration")
    },
    Damage(.calibration, "a calibration of queries that nobody asks", places: 3) {
      store, write, random in
      let key = Calibration.key(2, UInt64(random.below(1 << 30)))
      let known = try store.calibration(of: Planter.version(store, in: write), in: write)
      try store.tables.calibration.put(record: known, at: key, in: &write)
      return StoreObject.name(of: key.bytes, in: "calibration")
    },
    Damage(.blockExtra, "something of an index without a record", places: 5) {
      store, write, random in
      let tables = store.tables
      let all = [
        tables.centroids, tables.directory, tables.places, tables.lists, tables.calibration,
      ]
      let table = all[random.below(5)]
      let id = UInt32(3 + random.below(50))
      var key = Key(id)
      for _ in 0..<(KeyForm(table.name).length ?? 4) / 4 - 1 { key.append(UInt32(0)) }
      try table.put([1, 2, 3], at: key, in: &write)
      return "index \(id)"
    },
    Damage(.versionIndex, "a version of an index that is being built", places: 2) {
      store, write, random in
      let state: IndexState = random.below(2) == 0 ? .building : .retired
      try store.tables.indexes.change(IndexRecord.self, at: Planter.key(), in: &write) {
        $0.state = state
      }
      return "version v1"
    },
  ]

  /// Its blocks of codes.
  static let listBlocks: [Damage] = [
    Damage(.indexCount, "another count of codes") { store, write, random in
      let count = [0, 3_390, 3_398][random.below(3)]
      try store.tables.indexes.change(IndexRecord.self, at: Planter.key(), in: &write) {
        $0.count = count
      }
      return "index 2"
    },
    Damage(.blockMissing, "a block of a list is gone", places: 4) { store, write, random in
      let list = UInt32(random.below(6))
      try store.tables.lists.remove(Planter.key(list, 0), in: &write)
      return "block 0 of list \(list) of index 2"
    },
    Damage(.blockMissing, "the last block of a list is gone", places: 1) { store, write, random in
      // Row 0's list is cut into blocks of 100 codes first, which is in order.
      let codes = try IndexCodes(store, 2, in: write)
      let list = try Planter(store: store).list(of: 0, in: write)
      guard let lists = codes.lists else { throw NotPlanted(key: "lists") }
      let all = try lists.reopen(list, in: write)
      for number in 0..<(all.count - 1) / 100 {
        try lists.put(all, number * 100..<number * 100 + 100, list, number, in: &write)
      }
      return "block \((all.count - 1) / 100) of list \(list) of index 2"
    },
    Damage(.blockMissing, "a list that begins late") { store, write, random in
      let list = UInt32(random.below(6))
      let bytes = try store.tables.lists.bytes(at: Planter.key(list, 0), in: write)
      try store.tables.lists.remove(Planter.key(list, 0), in: &write)
      try store.tables.lists.put(bytes, at: Planter.key(list, 5), in: &write)
      return "block 0 of list \(list) of index 2"
    },
    Damage(.blockMissing, "a block of fresh codes is gone", places: 1) { store, write, random in
      try store.tables.fresh.remove(Planter.key(3), in: &write)
      return "block 3 of index 2"
    },
    Damage(.blockExtra, "a list that there is not") { store, write, random in
      let list = UInt32(6 + random.below(1_000))
      let bytes = try store.tables.lists.bytes(at: Planter.key(1, 0), in: write)
      try store.tables.lists.put(bytes, at: Planter.key(list, 0), in: &write)
      return "block 0 of list \(list) of index 2"
    },
    Damage(.blockExtra, "an empty block") { store, write, random in
      let codec = try store.index(2, in: write).codec
      let list = UInt32(random.below(6))
      let empty = CodeBlockBuilder(codec: codec, width: 32).build()
      try store.tables.lists.put(empty, at: Planter.key(list, 9), in: &write)
      return "block 9 of list \(list) of index 2"
    },
    Damage(.blockUnreadable, "a block of a list cut short") { store, write, random in
      let (list, length) = (UInt32(random.below(6)), 1 + random.below(3_000))
      try store.tables.lists.change(at: Planter.key(list, 0), in: &write) { $0.removeLast(length) }
      return "block 0 of list \(list) of index 2"
    },
    Damage(.blockKind, "a block of fresh codes in a list") { store, write, random in
      let list = UInt32(random.below(6))
      let bytes = try store.tables.fresh.bytes(at: Planter.key(3), in: write)
      try store.tables.lists.put(bytes, at: Planter.key(list, 0), in: &write)
      return "block 0 of list \(list) of index 2"
    },
    Damage(.blockKind, "fresh codes that do not tell their lists", places: 1) {
      store, write, random in
      let codes = try IndexCodes(store, 2, in: write).codes(of: 3_072..<3_400, in: write)
      try store.tables.fresh.put(codes.build(), at: Planter.key(3), in: &write)
      return "block 3 of index 2"
    },
    Damage(.codeMissing, "a list without the code of a row", places: 4) { store, write, random in
      let planter = Planter(store: store)
      let row = random.plainRow()
      try planter.removeCode(of: row, in: &write)
      return "list \(try planter.list(of: row, in: write)) of index 2"
    },
    Damage(.codeMissing, "fresh codes without that of a row") { store, write, random in
      let row = random.freshRow()
      let codes = try IndexCodes(store, 2, in: write)
      _ = try codes.fresh.remove(rows: [row], in: &write)
      return "block 3 of index 2"
    },
    Damage(.codeMissing, "the code and the place of a row are gone") { store, write, random in
      let planter = Planter(store: store)
      let row = random.plainRow()
      try planter.removeCode(of: row, in: &write)
      try planter.put(Int(Places.none), ofRow: row, in: &write)
      return "index 2"
    },
    Damage(.codeMissing, "a merge that had not come so far") { store, write, random in
      let end = random.below(3)
      _ = try Planter(store: store).changeRecord(&write) { $0.merging?.listEnd = 6 }
      return "list \(3 + end) of index 2"
    },
    Damage(.codeExtra, "a merge that had come further") { store, write, random in
      let end = random.below(3)
      _ = try Planter(store: store).changeRecord(&write) { $0.merging?.listEnd = end }
      return "of list \(end) of index 2"
    },
    Damage(.codeExtra, "a row is gone and its code is not") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.remove(Key(row), in: &write)
      return try Planter(store: store).block(of: row, in: write).name
    },
    Damage(.codeExtra, "the codes of one list in another one, too") { store, write, random in
      let list = UInt32(random.below(5))
      let bytes = try store.tables.lists.bytes(at: Planter.key(list, 0), in: write)
      try store.tables.lists.put(bytes, at: Planter.key(list + 1, 0), in: &write)
      return "block 0 of list \(list + 1) of index 2"
    },
    Damage(.codeOrder, "rows of a list out of order") { store, write, random in
      let row = UInt32(0)
      let found = try Planter(store: store).block(of: row, in: write)
      try store.tables.lists.change(at: found.key, in: &write) { bytes in
        let count = Int(bytes[8]) | Int(bytes[9]) << 8
        let first = bytes.count - 4 * count
        for byte in 0..<4 { bytes.swapAt(first + byte, first + 4 + byte) }
      }
      return found.name
    },
    Damage(.scale, "a scale that is none", places: 4) { store, write, random in
      let bits = [Float.nan, .infinity, 0, -1][random.below(4)].bitPattern
      let found = try Planter(store: store).block(of: random.plainRow(), in: write)
      try store.tables.lists.change(at: found.key, in: &write) { bytes in
        let count = Int(bytes[8]) | Int(bytes[9]) << 8
        let at = bytes.count - 8 * count + 4 * found.place
        for byte in 0..<4 {
          bytes[at + byte] = UInt8(truncatingIfNeeded: bits >> (8 * UInt32(byte)))
        }
      }
      return found.name
    },
    Damage(.nearestList, "a row of another list, code and place", places: 3) {
      store, write, random in
      let planter = Planter(store: store)
      let row = random.freshRow()
      let list = try planter.otherList(than: row, in: write, &random)
      let codes = try IndexCodes(store, 2, in: write)
      var block = CodeBlockBuilder(codec: codes.record.codec, width: 32)
      if let old = try codes.fresh.block(3, in: write) {
        for place in 0..<old.count {
          block.append(row: old.row(at: place), copying: old, at: place)
          block.append(list: old.row(at: place) == row ? UInt16(list) : old.list(at: place))
        }
      }
      try codes.fresh.put(block, 3, in: &write)
      try planter.put(list, ofRow: row, in: &write)
      return "row \(row) of index 2"
    },
    Damage(.codeDiffers, "another code for the same text", places: 3) { store, write, random in
      let found = try Planter(store: store).block(of: UInt32(7 + 50 * random.below(40)), in: write)
      let byte = random.below(32)
      try store.tables.lists.change(at: found.key, in: &write) { bytes in
        let count = Int(bytes[8]) | Int(bytes[9]) << 8
        let codes = bytes.count - 8 * count - 32 * count
        bytes[codes + 32 * found.place + byte] ^= 1
      }
      return "index 2"
    },
  ]

  /// Of an index with 1-bit codes.
  static let bits: [Damage] = [
    Damage(.bits, "1-bit codes of other vectors", places: 8) { store, write, random in
      let list = UInt32(random.below(6))
      let (byte, bit) = (random.below(1_000), UInt8(1) << UInt8(random.below(8)))
      try store.tables.lists.change(at: Planter.key(list, 0), in: &write) { $0[48 + byte] ^= bit }
      return "block 0 of list \(list) of index 2"
    },
    Damage(.blockKind, "a list without 1-bit codes") { store, write, random in
      let list = random.below(6)
      let codes = try IndexCodes(store, 2, in: write)
      guard let lists = codes.lists else { throw NotPlanted(key: "lists") }
      let builder = try lists.reopen(list, in: write)
      let bytes = builder.build(0..<min(1_024, builder.count), bits: nil)
      try store.tables.lists.put(bytes, at: Planter.key(UInt32(list), 0), in: &write)
      return "block 0 of list \(list) of index 2"
    },
  ]
}
