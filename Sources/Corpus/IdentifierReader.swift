/// Reads a list of ids, one a line. A tab is no part of an id.
package struct IdentifierReader: ~Copyable {
  private var lines: LineReader

  package init(path: String) throws(CorpusError) {
    lines = try LineReader(path: path, kind: .identifiers)
  }

  /// Size of the file, as it is packed.
  package var sizeInBytes: Int64 { lines.sizeInBytes }
  /// Bytes of the file that were read since the start, as they are packed: for progress.
  package var position: Int64 { lines.position }
  /// Number of the last line read.
  package var line: Int { lines.number }

  /// Goes back to the first id.
  package mutating func rewind() throws(CorpusError) { try lines.rewind() }

  /// That the id read last has been there before.
  package func duplicate(_ id: Identifier, firstLine: Int) -> CorpusError {
    lines.error(.duplicate(identifier: id.text, firstLine: firstLine))
  }

  /// The next id; nil at the end.
  package mutating func next() throws(CorpusError) -> Identifier? {
    switch try lines.advance() {
    case .end: return nil
    case .tooLong: throw lines.error(.lineTooLong)
    case .line: break
    }
    do throws(LineFault) {
      guard lines.lineByteCount > 0 else { throw LineFault.emptyLine }
      let columns = lines.tabSeparatedColumns()
      guard columns.count == 1 else { throw LineFault.columns(expected: 1, found: columns.count) }
      try lines.checkText()
      return try lines.identifier(columns[0])
    } catch {
      throw lines.error(error)
    }
  }
}
