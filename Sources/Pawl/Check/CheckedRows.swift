/// What a check remembers of all rows: columns in the order of the rows, 21 bytes a row.
struct CheckedRows {
  struct Marks: OptionSet {
    let rawValue: UInt8
    /// Its record could not be read, so nothing more can be said about it.
    static let unreadable = Marks(rawValue: 1)
    /// Its record could be read, but not its text.
    static let textless = Marks(rawValue: 2)
    /// Its id points at it.
    static let isCurrent = Marks(rawValue: 4)
    /// An update replaces it.
    static let isReplaced = Marks(rawValue: 8)
    /// It is among the texts.
    static let hasTextEntry = Marks(rawValue: 16)
    /// Its text is empty, because its vector was made elsewhere: it is not among the texts.
    static let withoutText = Marks(rawValue: 32)
  }

  /// Ascending.
  private(set) var numbers: [UInt32] = []
  /// Of the ids' UTF-8; 0 where a row is unreadable.
  var idHashes: [UInt64] = []
  var textHashes: [UInt64] = []
  var marks: [Marks] = []
  /// Hashes of ids that have an entry of which it cannot be said at which row it points.
  var unreadableIDs: Set<UInt64> = []
  /// Pairs of places (not row numbers) next to each other among the rows of one text hash.
  var twins: [(Int, Int)] = []

  var count: Int { numbers.count }

  mutating func append(_ number: UInt32) {
    numbers.append(number)
    idHashes.append(0)
    textHashes.append(0)
    marks.append(.unreadable)
  }

  /// Where a row is in the columns; nil where there is no such row.
  ///
  /// - Complexity: O(log n).
  func place(of row: UInt32) -> Int? {
    let place = firstPlace(atOrAfter: row)
    return place < count && numbers[place] == row ? place : nil
  }

  func firstPlace(atOrAfter row: UInt32) -> Int {
    guard let first = numbers.first, let last = numbers.last, row > first else { return 0 }
    if row > last { return count }
    // As no number is there twice, no row lies further from either end than its number: where few are
    // gone, that leaves few places.
    var (low, high) = (max(0, count - 1 - Int(last - row)), min(count, Int(row - first)))
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] < row { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
