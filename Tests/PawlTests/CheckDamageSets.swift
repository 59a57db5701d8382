import IVF
import LMDB

@testable import Pawl

extension Damage {
  private static var piece: Key {
    var key = Key("dev")
    key.append(UInt8(0))
    key.append(UInt32(0))
    return key
  }

  /// Stored evaluation sets and what is written about work under way.
  static let sets: [Damage] = [
    Damage(.evaluationSet, "a set without its record", places: 1) { store, write, random in
      try store.tables.sets.remove("dev", in: &write)
      return "evaluation set dev"
    },
    Damage(.evaluationSet, "a piece cut short") { store, write, random in
      let length = 1 + random.below(100)
      try store.tables.sets.change(at: piece, in: &write) { $0.removeLast(length) }
      return "evaluation set dev"
    },
    Damage(.evaluationSet, "pieces that begin late") { store, write, random in
      let bytes = try store.tables.sets.bytes(at: piece, in: write)
      try store.tables.sets.remove(piece, in: &write)
      var key = Key("dev")
      key.append(UInt8(0))
      key.append(UInt32(1 + random.below(9)))
      try store.tables.sets.put(bytes, at: key, in: &write)
      return "evaluation set dev"
    },
    Damage(.evaluationSet, "other counts than its record's") { store, write, random in
      let count = [0, 399, 401][random.below(3)]
      let record = StoredSet(
        name: "dev", role: .gate, queryCount: 400, judgmentCount: count, groupedCount: 0,
        created: "")
      try store.tables.sets.put(record: record, at: "dev", in: &write)
      return "evaluation set dev"
    },
    Damage(.recordUnreadable, "a set whose piece is gone", places: 1) { store, write, random in
      try store.tables.sets.remove(piece, in: &write)
      return "evaluation set dev"
    },
    Damage(.settings, "a recall that is none") { store, write, random in
      let recall = [0, -1, 1.5][random.below(3)]
      try store.tables.meta.put(
        record: SettingsRecord(recall: recall), at: SettingsRecord.key, in: &write)
      return "the settings"
    },
    Damage(.recordUnreadable, "settings that are no record", places: 1) { store, write, random in
      try store.tables.meta.put(Array("[]".utf8), at: SettingsRecord.key, in: &write)
      return "the settings"
    },
    Damage(.recordUnreadable, "a job that is no record") { store, write, random in
      let number = UInt64(1 + random.below(9))
      try store.tables.jobs.put(Array("{}".utf8), at: Key(number), in: &write)
      return "job \(number)"
    },
  ]
}
