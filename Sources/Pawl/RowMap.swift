/// New numbers for the rows that are there: 0, 1, 2, … in the order of the old ones.
///
/// One bit for every row number that was ever given out, and for every 64 of them how many rows are
/// there before: 1.5 bits a row number, 0.8 GB for all that there can be.
struct RowMap: Equatable {
  private var words: [UInt64]
  /// Rows before the first one of each word.
  private var before: [UInt32]
  private(set) var count = 0

  /// - Parameters:
  ///   - rows: ascending.
  ///   - limit: greater than all of them.
  init(limit: UInt32) {
    words = [UInt64](repeating: 0, count: Int(limit) / 64 + 1)
    before = [UInt32](repeating: 0, count: words.count)
  }

  /// Adds a row that is there; `number` is next called after the last one.
  ///
  /// - Returns: false where it does not lie above all that were added and below the limit.
  mutating func append(_ row: UInt32) -> Bool {
    let word = Int(row) / 64
    guard word < words.count, words[word] >> (row % 64) == 0, word >= filled else { return false }
    while filled < word {
      filled += 1
      before[filled] = UInt32(count)
    }
    words[word] |= 1 << (row % 64)
    count += 1
    return true
  }

  /// The word that the last row lies in; the ones behind it have no `before` yet.
  private var filled = 0

  /// The new number of a row; nil where it is not there.
  func number(of row: UInt32) -> UInt32? {
    let word = Int(row) / 64
    guard word < words.count, words[word] >> (row % 64) & 1 == 1 else { return nil }
    return count(below: row)
  }

  /// How many rows are there below `row`, which is what its number is or would be.
  func count(below row: UInt32) -> UInt32 {
    let word = Int(row) / 64
    guard word <= filled else { return UInt32(count) }
    let lower = words[word] & (1 << (row % 64) - 1)
    return before[word] + UInt32(lower.nonzeroBitCount)
  }
}
