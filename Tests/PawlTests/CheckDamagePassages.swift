import IVF
import LMDB

@testable import Pawl

extension Damage {
  /// Rows, ids and updates that do not belong together.
  static let passages: [Damage] = [
    Damage(.rowNumber, "the next row is lowered") { store, write, random in
      let next = CheckFixture.nextRow - 1 - UInt32(random.below(5))
      try store.tables.meta.change(StoreRecord.self, at: "store", in: &write) { $0.nextRow = next }
      return "row \(next)"
    },
    Damage(.rowNumber, "a row beyond the next one") { store, write, random in
      let row = CheckFixture.nextRow + UInt32(random.below(100))
      let bytes = try store.tables.rows.bytes(at: Key(random.plainRow()), in: write)
      try store.tables.rows.put(bytes, at: Key(row), in: &write)
      return "row \(row)"
    },
    Damage(.rowUnreadable, "a record too short for its header") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.put([255, 0], at: Key(row), in: &write)
      return "row \(row)"
    },
    Damage(.rowUnreadable, "an id that is longer than its record") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.change(at: Key(row), in: &write) { $0[2] = 200 }
      return "row \(row)"
    },
    Damage(.rowUnreadable, "an id that is not UTF-8") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.change(at: Key(row), in: &write) { $0[3] = 0xff }
      return "row \(row)"
    },
    Damage(.rowID, "an empty id") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.put([255, 0, 0, 65], at: Key(row), in: &write)
      return "row \(row)"
    },
    Damage(.rowID, "an id of 600 bytes") { store, write, random in
      let row = random.plainRow()
      let id = [UInt8](repeating: 65, count: 600)
      try store.tables.rows.put([255, 88, 2] + id + [65], at: Key(row), in: &write)
      return "row \(row)"
    },
    Damage(.rowWithoutID, "an id is gone") { store, write, random in
      let row = random.plainRow()
      try store.tables.ids.remove(Key("p\(row)"), in: &write)
      return "row \(row) (p\(row))"
    },
    Damage(.rowWithoutID, "two rows of one id") { store, write, random in
      let (row, other) = (random.plainRow(), random.plainRow())
      let bytes = try store.tables.rows.bytes(at: Key(other), in: write)
      try store.tables.rows.put(bytes, at: Key(row), in: &write)
      return "row \(row) (p\(other))"
    },
    Damage(.rowWithoutID, "an update is gone", places: 5) { store, write, random in
      let place = random.below(5)
      try store.tables.updates.remove(Key(CheckFixture.nextRow - 8 + UInt32(place)), in: &write)
      return "row \(200 + place) (p\(200 + place))"
    },
    Damage(.idWithoutRow, "a row is gone") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.remove(Key(row), in: &write)
      return "id p\(row)"
    },
    Damage(.idWithoutRow, "an id of no row") { store, write, random in
      let row = UInt32(100 + random.below(2))
      try store.tables.ids.put(RowNumber.encode(row), at: "new", in: &write)
      return "id new"
    },
    Damage(.idOfAnotherRow, "ids that are crossed") { store, write, random in
      let row = random.plainRow()
      let other = RowNumber.encode(row == 1 ? 2 : 1)
      try store.tables.ids.put(other, at: Key("p\(row)"), in: &write)
      return "id p\(row)"
    },
    Damage(.updateWithoutRow, "an update of a row that is gone", places: 5) {
      store, write, random in
      let new = CheckFixture.nextRow - 8 + UInt32(random.below(5))
      try store.tables.updates.put(RowNumber.encode(100), at: Key(new), in: &write)
      return "the update to row \(new)"
    },
    Damage(.updateWithoutRow, "an update to a row that is not there") { store, write, random in
      let new = CheckFixture.nextRow + UInt32(random.below(9))
      let old = RowNumber.encode(random.plainRow())
      try store.tables.updates.put(old, at: Key(new), in: &write)
      return "the update to row \(new)"
    },
    Damage(.updateOfAnotherID, "an update of another id's row", places: 5) { store, write, random in
      let new = CheckFixture.nextRow - 8 + UInt32(random.below(8))
      let old = RowNumber.encode(random.plainRow())
      try store.tables.updates.put(old, at: Key(new), in: &write)
      return "the update to row \(new)"
    },
    Damage(.updateTwice, "two updates of one row") { store, write, random in
      let new = CheckFixture.nextRow - 3 + UInt32(random.below(3))
      try store.tables.updates.put(RowNumber.encode(203), at: Key(new), in: &write)
      return "the update to row \(new)"
    },
    Damage(.updateFinished, "an update to a coded row") { store, write, random in
      let (row, other) = (random.plainRow(), random.plainRow())
      let old = RowNumber.encode(min(row, other))
      try store.tables.updates.put(old, at: Key(max(row, other)), in: &write)
      return "the update to row \(max(row, other))"
    },
  ]
}
