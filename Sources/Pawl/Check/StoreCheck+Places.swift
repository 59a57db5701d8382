internal import LMDB

// `places` of clustered indexes against the rows.
extension StoreCheck {
  /// One value: the lists of 512 rows.
  mutating func checkPlaces(_ key: Span<UInt8>, _ value: Span<UInt8>?, _ index: CheckedIndex) {
    guard let lists = index.lists else { return reportNotClustered(key, "places", index) }
    let number = key.bigEndianUInt32(at: 4) ?? .max
    lists.placesSeen.insert(number)
    guard let value else {
      lists.placesUnknown.insert(number)
      return
    }
    let object = StoreObject.name(of: key, in: "places")
    guard value.count == 2 * Int(Places.size) else {
      lists.placesUnknown.insert(number)
      return report(
        .form, object, "the value has \(value.count) bytes, not \(2 * Int(Places.size))")
    }
    guard canCompare else { return }
    let first = Int(number) * Int(Places.size)
    var place = first > UInt32.max ? rows.count : rows.firstPlace(atOrAfter: UInt32(first))
    for offset in 0..<Int(Places.size) {
      let list = value.littleEndianUInt16(at: 2 * offset) ?? Places.none
      let isThere = place < rows.count && Int(rows.numbers[place]) == first + offset
      let isDue = isThere && rows.numbers[place] < index.record.nextRow
      if isDue, list != Places.none { take(list, ofRowAt: place, lists) }
      if isThere { place += 1 }
      if list != Places.none, !isDue {
        report(
          .place, StoreObject.place(of: UInt32(clamping: first + offset), inIndex: index.id),
          "it is in list \(list), but the row is not there or not yet due")
      }
    }
  }

  private func take(_ list: UInt16, ofRowAt place: Int, _ lists: CheckedLists) {
    lists.listOfRow[place] = list
    let list = Int(list)
    if list < lists.placesOfList.count, lists.isMerged(rows.numbers[place], list) {
      lists.placesOfList[list] += 1
    }
  }

  /// Reports values that should have been there.
  mutating func finishPlaces(_ index: CheckedIndex) {
    guard let lists = index.lists else { return }
    if incomplete.contains("places") || !canCompare {
      lists.arePlacesUnknown = true
      return
    }
    var place = 0
    while place < rows.count, rows.numbers[place] < index.record.nextRow {
      let number = rows.numbers[place] / Places.size
      let (end, overflow) = (number * Places.size).addingReportingOverflow(Places.size)
      let next = overflow ? rows.count : rows.firstPlace(atOrAfter: end)
      if !lists.placesSeen.contains(number) {
        lists.placesUnknown.insert(number)
        report(
          .place, StoreObject.places(number, ofIndex: index.id),
          "they are missing; \(next - place) rows have none")
      }
      place = next
    }
  }

  /// The code of a row was met where the codes of a list are.
  mutating func take(
    codeOf row: UInt32, in list: Int, _ object: String, _ index: CheckedIndex,
    _ lists: CheckedLists
  ) {
    guard canCompare else { return }
    guard row < index.record.nextRow, let place = rows.place(of: row) else {
      return report(
        .codeExtra, object, "it has a code of row \(row), which is not there or not yet due")
    }
    if lists.hasCode(at: place) {
      return report(.codeExtra, object, "it has a second code of row \(row)")
    }
    lists.markCoded(at: place)
    let told = lists.listOfRow[place]
    if told == list || lists.isUnknown(row) { return }
    report(
      .place, StoreObject.place(of: row, inIndex: index.id),
      (told == Places.none ? "there is none" : "it is in list \(told)")
        + ", but the code is in list \(list)")
  }
}
