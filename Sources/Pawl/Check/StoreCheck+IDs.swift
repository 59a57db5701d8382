internal import Corpus
internal import LMDB

extension StoreCheck {
  /// Every id points at the row that has this id.
  mutating func checkIDs(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("ids", snapshot) else { return }
    while advance(&walk, "ids") {
      report.passageCount += 1
      let hash = TextIndex.hash(walk.key)
      do { _ = try UTF8Span(validating: walk.key) } catch {
        report(.form, "id \(walk.key.described)", "it is not UTF-8")
        continue
      }
      guard let value = value(walk, "ids") else {
        rows.unreadableIDs.insert(hash)
        continue
      }
      guard hasForm(walk.key, value, "ids"), let row = RowNumber.decode(value) else {
        rows.unreadableIDs.insert(hash)
        continue
      }
      guard let place = rows.place(of: row) else {
        if incomplete.contains("rows") { continue }
        report(
          .idWithoutRow, "id \(walk.key.text)", "it points at row \(row), which is not there")
        continue
      }
      if rows.marks[place].contains(.unreadable) || rows.idHashes[place] == hash {
        rows.marks[place].insert(.isCurrent)
      } else {
        report(
          .idOfAnotherRow, "id \(walk.key.text)",
          "it points at row \(row), which belongs to \(id(of: row, snapshot) ?? "another id")")
        rows.unreadableIDs.insert(hash)
      }
    }
  }

  /// Every update is of two rows of one id, and every row is its id's or replaced by one that is.
  mutating func checkUpdates(_ snapshot: borrowing Snapshot) {
    guard var walk = walk("updates", snapshot) else { return }
    // The version that serves finishes updates: others may lag.
    let coded =
      records.active.flatMap { records.versions[$0] }.flatMap { records.indexes[$0.index] }?
      .nextRow ?? 0
    var isUnknown = false
    while advance(&walk, "updates") {
      guard let value = value(walk, "updates"), hasForm(walk.key, value, "updates"),
        let new = walk.key.bigEndianUInt32(at: 0), let old = RowNumber.decode(value)
      else {
        isUnknown = true
        continue
      }
      checkUpdate(of: old, to: new)
      if new < coded {
        report(
          .updateFinished, "the update to row \(new)", "the row is coded, but the update remains")
      }
    }
    guard !isUnknown, incomplete.isDisjoint(with: ["rows", "ids", "updates"]) else { return }
    for place in 0..<rows.count
    where rows.marks[place].isDisjoint(with: [.isCurrent, .isReplaced, .unreadable])
      && !rows.unreadableIDs.contains(rows.idHashes[place])
    {
      reportWithoutID(rows.numbers[place], snapshot)
    }
  }

  private mutating func checkUpdate(of old: UInt32, to new: UInt32) {
    let object = "the update to row \(new)"
    let places = [old, new].map { rows.place(of: $0) }
    for (row, place) in zip([old, new], places)
    where place == nil && !incomplete.contains("rows") {
      report(.updateWithoutRow, object, "it names row \(row), which is not there")
    }
    guard let oldPlace = places[0] else { return }
    if rows.marks[oldPlace].contains(.isReplaced) {
      report(.updateTwice, object, "row \(old), which it replaces, is replaced by another one, too")
    }
    rows.marks[oldPlace].insert(.isReplaced)
    guard let newPlace = places[1] else { return }
    let isReadable = !rows.marks[oldPlace].union(rows.marks[newPlace]).contains(.unreadable)
    if isReadable, rows.idHashes[oldPlace] != rows.idHashes[newPlace] {
      report(.updateOfAnotherID, object, "row \(old), which it replaces, has another id")
    } else if old >= new || rows.marks[oldPlace].contains(.isCurrent) {
      report(.updateOfAnotherID, object, "row \(old), which it replaces, is the newer one")
    }
  }

  private mutating func reportWithoutID(_ row: UInt32, _ snapshot: borrowing Snapshot) {
    guard wantsDetails, let id = id(of: row, snapshot) else {
      report(.rowWithoutID, "row \(row)", "its id does not point at it")
      return
    }
    let target: UInt32?
    do throws(LMDBError) { target = try tables["ids"]?.row(at: Key(id), in: snapshot) } catch {
      target = nil
    }
    report(
      .rowWithoutID, "row \(row) (\(id))",
      "its id points at \(target.map { "row \($0)" } ?? "nothing")")
  }

  /// The id in a row's record, for a message; nil where it cannot be read.
  func id(of row: UInt32, _ snapshot: borrowing Snapshot) -> String? {
    do throws(LMDBError) {
      guard let value = try tables["rows"]?.value(of: Key(row), in: snapshot) else { return nil }
      return PassageRecord.id(value)?.text
    } catch { return nil }
  }
}

extension Span where Element == UInt8 {
  /// The bytes as UTF-8.
  var text: String {
    unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
