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
    // Sound: the pointer is not used after the loop.
    let bytes = unsafe line
    let count = lineByteCount
    var offset = 0
    while true {
      while offset < count, unsafe isSeparator(bytes[offset]) { offset += 1 }
      if offset == count { return }
      let start = offset
      while offset < count, unsafe !isSeparator(bytes[offset]) { offset += 1 }
      columns.append(start..<offset)
    }
  }

  private func isSeparator(_ byte: UInt8) -> Bool {
    byte <= 0x20 && (byte == 0x20 || byte == 0x09)
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
