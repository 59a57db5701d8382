/// Cuts the places of one clustered index into values of 512 new rows.
struct PlaceCutter {
  private var entries: [UInt16] = []
  /// The value that `entries` is.
  private var number: UInt32 = 0

  /// Adds the list of a row that has a code; rows ascend.
  ///
  /// - Returns: the value that is complete now, nil where none is.
  mutating func append(row: UInt32, list: UInt16) -> (number: UInt32, entries: [UInt16])? {
    let full = row / Places.size == number ? nil : finish()
    if entries.isEmpty {
      entries = [UInt16](repeating: Places.none, count: Int(Places.size))
      number = row / Places.size
    }
    entries[Int(row % Places.size)] = list
    return full
  }

  /// The last value; nil where there is none.
  mutating func finish() -> (number: UInt32, entries: [UInt16])? {
    if entries.isEmpty { return nil }
    defer { entries = [] }
    return (number, entries)
  }
}
