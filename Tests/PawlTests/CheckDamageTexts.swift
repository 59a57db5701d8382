import IVF
import LMDB
import LinearAlgebra

@testable import Pawl

extension Damage {
  /// Texts, dictionaries, entries among the texts, and what counts them.
  static let texts: [Damage] = [
    Damage(.textSize, "another count of text bytes", places: 5) { store, write, random in
      let change = [1, -1, 1_000_000, -5, 64][random.below(5)]
      try store.tables.meta.change(StoreRecord.self, at: "store", in: &write) {
        $0.textSizeInBytes += change
      }
      return "the store's record"
    },
    Damage(.dictionary, "a dictionary of noise") { store, write, random in
      let noise = (0..<5_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try store.tables.dictionaries.put(noise, at: Key(UInt8(1)), in: &write)
      return "dictionary 1"
    },
    Damage(.dictionary, "a dictionary whose tables are noise") { store, write, random in
      let noise = (0..<5_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try store.tables.dictionaries.change(at: Key(UInt8(1)), in: &write) {
        $0.replaceSubrange(4..., with: noise)
      }
      return "dictionary 1"
    },
    Damage(.dictionaryUnknown, "a text that needs an unknown dictionary") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.change(at: Key(row), in: &write) { $0[0] = 77 }
      return "row \(row)"
    },
    Damage(.dictionaryUnknown, "the dictionary is gone", places: 1) { store, write, random in
      try store.tables.dictionaries.remove(Key(UInt8(1)), in: &write)
      return "row "
    },
    Damage(.textUnreadable, "a text cut short") { store, write, random in
      // Not one that is stored as it is, of which every beginning is a text.
      var row = random.plainRow()
      while try store.tables.rows.bytes(at: Key(row), in: write)[0] == CompressedText.asItIs {
        row = random.plainRow()
      }
      try store.tables.rows.change(at: Key(row), in: &write) { $0.removeLast(3) }
      return "row \(row)"
    },
    Damage(.textUnreadable, "a text of noise") { store, write, random in
      let row = random.plainRow()
      let noise = (0..<30).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try store.tables.rows.change(at: Key(row), in: &write) {
        $0[0] = 1
        $0.replaceSubrange((3 + Int($0[1]))..., with: noise)
      }
      return "row \(row)"
    },
    Damage(.textUnreadable, "a text that is not UTF-8") { store, write, random in
      let row = random.plainRow()
      try store.tables.rows.change(at: Key(row), in: &write) {
        $0[0] = CompressedText.asItIs
        $0.replaceSubrange((3 + Int($0[1]))..., with: [65, 0xc3, 66])
      }
      return "row \(row)"
    },
    Damage(.textEntryMissing, "an entry among the texts is gone", places: 5) {
      store, write, random in
      let row = random.plainRow()
      var reader = try RowReader(store, in: write)
      let text = try reader.text(of: row, in: write)
      try TextIndex(table: store.tables.texts).remove(text.span, row: row, in: &write)
      return "row \(row)"
    },
    Damage(.textEntryWrong, "an entry of a row that is not there") { store, write, random in
      let row = CheckFixture.nextRow + UInt32(random.below(9))
      var key = Key(random.next() as UInt64)
      key.append(row)
      try store.tables.texts.put([], at: key, in: &write)
      return "the text entry of row \(row)"
    },
    Damage(.textEntryWrong, "an entry with another text's hash", places: 5) {
      store, write, random in
      let row = random.plainRow()
      var key = Key(random.next() as UInt64)
      key.append(row)
      try store.tables.texts.put([], at: key, in: &write)
      return "the text entry of row \(row)"
    },
    Damage(.textEntryWrong, "a row's text is another one") { store, write, random in
      let row = random.plainRow()
      let id = Array("p\(row)".utf8)
      let bytes = [CompressedText.asItIs, UInt8(id.count), 0] + id + Array("something else".utf8)
      try store.tables.rows.put(bytes, at: Key(row), in: &write)
      return "the text entry of row \(row)"
    },
  ]
}
