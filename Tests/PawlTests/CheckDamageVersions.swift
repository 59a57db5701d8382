import Encoding
import Foundation
import IVF
import LMDB

@testable import Pawl

extension Damage {
  private static func onlySpace(_ store: Store, _ write: borrowing WriteTransaction) throws
    -> String
  {
    try store.version("v1", in: write).space
  }

  /// Records that are not there, cannot be read or name what is not there.
  static let versions: [Damage] = [
    Damage(.recordMissing, "the store's record is gone", places: 1) { store, write, random in
      try store.tables.meta.remove("store", in: &write)
      return "the store's record"
    },
    Damage(.recordMissing, "the pointer is gone", places: 1) { store, write, random in
      try store.tables.pointer.remove("active", in: &write)
      return "the pointer"
    },
    Damage(.recordUnreadable, "records without their keys", places: 6) { store, write, random in
      try store.tables.plant("{}", &write, random.below(6), store)
    },
    Damage(.recordUnreadable, "records that are no JSON", places: 6) { store, write, random in
      try store.tables.plant("{\"format\":", &write, random.below(6), store)
    },
    Damage(.recordUnreadable, "records of other types", places: 3) { store, write, random in
      let other = #"{"space":1,"codec":2,"count":"x","nextRow":-1}"#
      try store.tables.indexes.put(Array(other.utf8), at: Key(UInt32(1)), in: &write)
      return "index 1"
    },
    Damage(.form, "keys of another length", places: 7) { store, write, random in
      let tables = store.tables
      let all = [
        tables.rows, tables.updates, tables.texts, tables.indexes, tables.fresh, tables.history,
        tables.spaces,
      ]
      let table = all[random.below(all.count)]
      try table.put([0, 0, 0, 0], at: "abc", in: &write)
      return "\(table.name)[abc]".replacingOccurrences(of: "spaces[abc]", with: "space abc")
    },
    Damage(.form, "an id or an update that is no row", places: 4) { store, write, random in
      let bytes = [UInt8](repeating: 1, count: [3, 5][random.below(2)])
      if random.below(2) == 0 {
        try store.tables.ids.put(bytes, at: "p1", in: &write)
        return "id p1"
      }
      try store.tables.updates.put(bytes, at: Key(CheckFixture.nextRow - 8), in: &write)
      return "the update to row \(CheckFixture.nextRow - 8)"
    },
    Damage(.form, "an id that is not UTF-8") { store, write, random in
      var key = Key("x")
      key.append(UInt8(0x80 + random.below(64)))
      try store.tables.ids.put(RowNumber.encode(1), at: key, in: &write)
      return "id 0x78"
    },
    Damage(.versionAdapter, "an adapter that is gone", places: 1) { store, write, random in
      let digest = try store.version("v2", in: write).adapter ?? ""
      try store.tables.adapters.remove(Key(digest), in: &write)
      return "version v2"
    },
    Damage(.versionAdapter, "an adapter cut short, or of another digest") { store, write, random in
      let digest = try store.version("v2", in: write).adapter ?? ""
      let isCut = random.below(2) == 0
      try store.tables.adapters.change(at: Key(digest), in: &write) { bytes in
        if isCut { bytes.removeLast() } else { bytes[bytes.count - 1] ^= 1 }
      }
      return "query adapter \(digest)"
    },
    Damage(.versionAdapter, "an adapter of another width", places: 1) { store, write, random in
      let value = StoredAdapter.bytes(
        QueryAdapter(width: 2, rank: 0, values: [0, 0]))
      let digest = StoredAdapter.digest(value)
      try store.tables.adapters.put(value, at: Key(digest), in: &write)
      try store.tables.versions.change(VersionRecord.self, at: "v2", in: &write) {
        $0.adapter = digest
      }
      return "version v2"
    },
    Damage(.usedQueries, "hashes cut short, or out of order") { store, write, random in
      let isCut = random.below(2) == 0
      try store.tables.used.change(at: "v2", in: &write) { bytes in
        if isCut { bytes.removeLast() } else { bytes[0] ^= 0x80 }
      }
      return "the used queries of v2"
    },
    Damage(.usedQueries, "hashes of no version", places: 1) { store, write, random in
      try store.tables.used.put([], at: "v9", in: &write)
      return "the used queries of v9"
    },
    Damage(.indexUnnamed, "an index that no version names") { store, write, random in
      let id = UInt32(2 + random.below(100))
      let record = IndexRecord(
        space: try onlySpace(store, write), codec: .int8, count: 0, nextRow: 0)
      try store.tables.indexes.put(record: record, at: Key(id), in: &write)
      return "index \(id)"
    },
    Damage(.spaceDigest, "a space whose settings changed", places: 4) { store, write, random in
      let space = try onlySpace(store, write)
      let length = random.below(2)
      try store.tables.spaces.change(SpaceRecord.self, at: Key(space), in: &write) {
        if length == 0 { $0.maxLength += 1 } else { $0.passagePrefix = "passage: " }
      }
      return "space \(space)"
    },
    Damage(.spaceFiles, "a space without files", places: 1) { store, write, random in
      let space = try onlySpace(store, write)
      try store.tables.spaces.change(SpaceRecord.self, at: Key(space), in: &write) { $0.files = [] }
      return "space \(space)"
    },
    Damage(.versionName, "a version under another one's name") { store, write, random in
      let name = "v\(2 + random.below(50))"
      let bytes = try store.tables.versions.bytes(at: "v1", in: write)
      try store.tables.versions.put(bytes, at: Key(name), in: &write)
      return "version \(name)"
    },
    Damage(.versionSpace, "a version of a space that is not there") { store, write, random in
      try store.tables.change(&write) { $0.space = String(repeating: "0", count: 64) }
    },
    Damage(.versionSpace, "a bridge from a space that is not there") { store, write, random in
      try store.tables.versions.change(VersionRecord.self, at: "v2", in: &write) {
        $0.bridge = BridgeRecord(
          source: "v1", space: String(repeating: "0", count: 64), learnedCount: 9, triedCount: 1,
          cosine: 1, plainCosine: 1)
      }
      return "version v2"
    },
    Damage(.versionAdapter, "a bridge without a map") { store, write, random in
      try store.tables.change(&write) {
        $0.bridge = BridgeRecord(
          source: "v1", space: $0.space, learnedCount: 9, triedCount: 1, cosine: 1, plainCosine: 1)
      }
    },
    Damage(.versionSpace, "an encoder of queries that is no space's") { store, write, random in
      try store.tables.change(&write) { $0.checkpoint = String(repeating: "0", count: 64) }
    },
    Damage(.versionSpace, "the space is gone", places: 1) { store, write, random in
      try store.tables.spaces.remove(Key(try onlySpace(store, write)), in: &write)
      return "version v1"
    },
    Damage(.versionIndex, "a version of an index that is not there") { store, write, random in
      let index = UInt32(2 + random.below(50))
      return try store.tables.change(&write) { $0.index = index }
    },
    Damage(.versionIndex, "an index of another space") { store, write, random in
      let digit = "\(random.below(10))"
      try store.tables.indexes.change(IndexRecord.self, at: Key(UInt32(1)), in: &write) {
        $0.space = String(repeating: digit, count: 64)
      }
      return "version v1"
    },
    Damage(.versionParent, "a version of a parent that is not there") { store, write, random in
      let parent = "v\(2 + random.below(50))"
      return try store.tables.change(&write) { $0.parent = parent }
    },
    Damage(.versionState, "a version in an unknown state") { store, write, random in
      let state = ["redy", "", "Ready"][random.below(3)]
      return try store.tables.change(&write) { $0.state = state }
    },
    Damage(.pointer, "a pointer to a version that is not there") { store, write, random in
      let name = "v\(2 + random.below(50))"
      try store.tables.pointer.put(
        record: PointerRecord(version: name), at: "active", in: &write)
      return "the pointer"
    },
    Damage(.pointer, "a pointer to a version that cannot answer") { store, write, random in
      let state = ["trained", "indexing", "collected"][random.below(3)]
      _ = try store.tables.change(&write) { $0.state = state }
      return "the pointer"
    },
    Damage(.history, "a gap in the history") { store, write, random in
      let sequence = UInt64(3 + random.below(50))
      let bytes = try store.tables.history.bytes(at: Key(UInt64(1)), in: write)
      try store.tables.history.put(bytes, at: Key(sequence), in: &write)
      return "the history"
    },
    Damage(.history, "a history that begins late") { store, write, random in
      let bytes = try store.tables.history.bytes(at: Key(UInt64(1)), in: write)
      try store.tables.history.remove(Key(UInt64(1)), in: &write)
      try store.tables.history.put(bytes, at: Key(UInt64(2 + random.below(9))), in: &write)
      return "the history"
    },
    Damage(.history, "a history after which another version serves") { store, write, random in
      for sequence in 2...UInt64(2 + random.below(9)) {
        try store.tables.history.put(
          record: HistoryRecord(
            action: HistoryRecord.promote, version: "v2", time: "", user: "", reason: ""),
          at: Key(sequence), in: &write)
      }
      return "the history"
    },
    Damage(.history, "an active version without history", places: 1) { store, write, random in
      try store.tables.history.remove(Key(UInt64(1)), in: &write)
      return "the history"
    },
  ]
}

extension StoreTables {
  /// Changes the record of v1.
  fileprivate func change(
    _ write: inout WriteTransaction, _ change: (inout VersionRecord) -> Void
  ) throws -> String {
    try versions.change(VersionRecord.self, at: "v1", in: &write, change)
    return "version v1"
  }

  /// Puts a text in the place of one of the records.
  fileprivate func plant(
    _ text: String, _ write: inout WriteTransaction, _ place: Int, _ store: Store
  ) throws -> String {
    let space = try store.version("v1", in: write).space
    let all: [(Table, Key, String)] = [
      (meta, "store", "the store's record"), (versions, "v1", "version v1"),
      (indexes, Key(UInt32(1)), "index 1"), (spaces, Key(space), "space \(space)"),
      (history, Key(UInt64(1)), "history entry 1"), (pointer, "active", "the pointer"),
    ]
    try all[place].0.put(Array(text.utf8), at: all[place].1, in: &write)
    return all[place].2
  }
}
