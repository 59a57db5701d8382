/// Lines of columns that are separated by tabs, blanks or runs of them.
extension LineReader {
  /// Goes to the next line that is neither blank nor a comment, and finds its columns.
  ///
  /// A comment has `#` as its first character that is not a blank.
  /// - Returns: false at the end.
  mutating func advanceToColumns(_ columns: inout [Range<Int>]) throws(CorpusError) -> Bool {
    while true {
      switch try advance() {
      case .end: return false
      case .tooLong: throw error(.lineTooLong)
      case .line: break
      }
      findColumns(&columns)
      guard let first = columns.first else { continue }
      if unsafe line[first.lowerBound] == UInt8(ascii: "#") { continue }
      do {
        try checkText()
      } catch {
        throw self.error(error)
      }
      return true
    }
  }

  private func findColumns(_ columns: inout [Range<Int>]) {
    columns.removeAll(keepingCapacity: true)
    var start: Int? = nil
    // Sound: the pointer is not used after the loop.
    let bytes = unsafe line
    for offset in 0..<lineByteCount {
      let byte = unsafe bytes[offset]
      let isBlank = byte == 0x20 || byte == 0x09
      if isBlank, let from = start {
        columns.append(from..<offset)
        start = nil
      } else if !isBlank, start == nil {
        start = offset
      }
    }
    if let from = start { columns.append(from..<lineByteCount) }
  }

  /// The columns of a line in which each TAB separates two; empty columns count.
  func tabSeparatedColumns() -> [Range<Int>] {
    var columns: [Range<Int>] = []
    var start = 0
    while let tab = firstIndex(of: 0x09, from: start) {
      columns.append(start..<tab)
      start = tab + 1
    }
    columns.append(start..<lineByteCount)
    return columns
  }
}
