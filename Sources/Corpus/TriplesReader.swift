/// A query with a passage that answers it and one that does not: texts or ids.
package struct Triple: Sendable, Equatable {
  package let query: String
  package let positive: String
  package let negative: String

  package init(query: String, positive: String, negative: String) {
    self.query = query
    self.positive = positive
    self.negative = negative
  }
}

/// Reads training triples, three columns a line that are separated by a TAB each.
package struct TriplesReader: ~Copyable {
  /// What the columns hold: the layout does not show it, so the caller says it.
  package enum Content: Sendable { case texts, identifiers }

  private let content: Content
  private var lines: LineReader

  package init(path: String, content: Content) throws(CorpusError) {
    lines = try LineReader(
      path: path, kind: content == .texts ? .textTriples : .identifierTriples)
    self.content = content
  }

  /// Size of the file, as it is packed.
  package var sizeInBytes: Int64 { lines.sizeInBytes }
  /// Bytes of the file that were read since the start, as they are packed: for progress.
  package var position: Int64 { lines.position }
  /// Number of the last line read.
  package var line: Int { lines.number }

  /// Goes back to the first line: another epoch.
  package mutating func rewind() throws(CorpusError) { try lines.rewind() }

  /// The next triple; nil at the end.
  package mutating func next() throws(CorpusError) -> Triple? {
    switch try lines.advance() {
    case .end: return nil
    case .tooLong: throw lines.error(.lineTooLong)
    case .line: break
    }
    do throws(LineFault) {
      let columns = lines.tabSeparatedColumns()
      guard lines.lineByteCount > 0 else { throw LineFault.emptyLine }
      guard columns.count == 3 else { throw LineFault.columns(expected: 3, found: columns.count) }
      try lines.checkText()
      return Triple(
        query: try column(columns[0]), positive: try column(columns[1]),
        negative: try column(columns[2]))
    } catch {
      throw lines.error(error)
    }
  }

  private func column(_ range: Range<Int>) throws(LineFault) -> String {
    switch content {
    case .identifiers: return try lines.identifier(range).text
    case .texts:
      guard !lines.isBlank(range) else { throw .emptyColumn }
      return lines.text(range)
    }
  }
}
