internal import LMDB

extension StoreCheck {
  /// Every row is among the texts with the hash of its text, and nothing else is.
  mutating func checkTexts(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("texts", snapshot) else { return }
    var previous: (hash: UInt64, place: Int)?
    while advance(&walk, "texts") {
      // Nothing is in a value, so its key is still good where its checksum is not.
      let value = value(walk, "texts")
      guard hasForm(walk.key, value, "texts"), let hash = walk.key.bigEndianUInt64(at: 0),
        let row = walk.key.bigEndianUInt32(at: 8)
      else { continue }
      let object = "the text entry of row \(row)"
      guard let place = rows.place(of: row) else {
        if incomplete.contains("rows") { continue }
        report(.textEntryWrong, object, "the row is not there")
        continue
      }
      guard !rows.marks[place].contains(.withoutText) else {
        report(.textEntryWrong, object, "the row has no text")
        continue
      }
      let isKnown = rows.marks[place].isDisjoint(with: [.unreadable, .textless])
      guard !isKnown || rows.textHashes[place] == hash else {
        report(.textEntryWrong, object, "the row has another text")
        continue
      }
      rows.marks[place].insert(.hasTextEntry)
      if let previous, previous.hash == hash { rows.twins.append((previous.place, place)) }
      previous = (hash, place)
    }
    guard incomplete.isDisjoint(with: ["rows", "texts"]) else { return }
    for place in 0..<rows.count
    where rows.marks[place].isDisjoint(with: [.hasTextEntry, .unreadable, .textless, .withoutText])
    {
      report(.textEntryMissing, "row \(rows.numbers[place])", "it is not among the texts")
    }
  }

  /// Whether two rows have the same text, and not only the same hash.
  func haveEqualTexts(_ first: UInt32, _ second: UInt32, _ snapshot: borrowing Snapshot) -> Bool {
    var decompressor = TextDecompressor()
    let text = text(of: first, &decompressor, snapshot)
    return text != nil && text == self.text(of: second, &decompressor, snapshot)
  }

  private func text(
    of row: UInt32, _ decompressor: inout TextDecompressor, _ snapshot: borrowing Snapshot
  ) -> [UInt8]? {
    do throws(LMDBError) {
      guard let value = try tables["rows"]?.value(of: Key(row), in: snapshot) else { return nil }
      return PassageRecord.text(value, &decompressor, records.dictionaries)
    } catch { return nil }
  }
}
