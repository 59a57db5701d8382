/// A query with a passage that answers it and one that does not: texts or ids.
package struct Triple: Sendable, Equatable {
  package let query: String
  package let positive: String
  package let negative: String
  /// What a teacher says of both passages.
  package var scores: TeacherScores?
  /// Where the negative was found.
  package var source: MinedSource?

  package struct TeacherScores: Sendable, Equatable {
    package let positive: Float
    package let negative: Float

    package init(positive: Float, negative: Float) {
      self.positive = positive
      self.negative = negative
    }
  }

  package struct MinedSource: Sendable, Equatable {
    /// In the query's ranking, the best 1, passages that answer the query left out.
    package let rank: Int32
    package let score: Float
    /// The version that ranked.
    package let version: String

    package init(rank: Int32, score: Float, version: String) {
      self.rank = rank
      self.score = score
      self.version = version
    }
  }

  package init(query: String, positive: String, negative: String) {
    self.query = query
    self.positive = positive
    self.negative = negative
  }
}

/// Reads training triples, columns that are separated by a TAB each: three; or two of a teacher's scores (of the
/// positive, of the negative) and three; or three and rank, score and version of the negative.
package struct TriplesReader: ~Copyable {
  package enum Content: Sendable { case texts, identifiers }

  /// What the columns hold; nil before the first line where nobody has said it.
  package private(set) var content: Content?
  private var lines: LineReader
  private var columnCount: Int?

  /// - Parameter content: nil: texts where the first line's positive has a blank in it.
  package init(path: String, content: Content? = nil) throws(CorpusError) {
    lines = try LineReader(
      path: path, kind: content == .identifiers ? .identifierTriples : .textTriples)
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

  /// An error of the last line read.
  package func error(_ fault: LineFault) -> CorpusError { lines.error(fault) }

  /// The next triple; nil at the end.
  package mutating func next() throws(CorpusError) -> Triple? {
    switch try lines.advance() {
    case .end: return nil
    case .tooLong: throw lines.error(.lineTooLong)
    case .line: break
    }
    do throws(LineFault) { return try triple(lines.tabSeparatedColumns()) } catch {
      throw lines.error(error)
    }
  }

  private mutating func triple(_ columns: [Range<Int>]) throws(LineFault) -> Triple {
    guard lines.lineByteCount > 0 else { throw .emptyLine }
    guard [3, 5, 6].contains(columns.count) else { throw .tripleColumns(found: columns.count) }
    if let columnCount, columnCount != columns.count {
      throw .runFormChanged(before: columnCount, found: columns.count)
    }
    columnCount = columns.count
    try lines.checkText()
    let first = columns.count == 5 ? 2 : 0
    if content == nil {
      content = lines.hasBlank(columns[first + 1]) ? .texts : .identifiers
    }
    var triple = Triple(
      query: try column(columns[first]), positive: try column(columns[first + 1]),
      negative: try column(columns[first + 2]))
    if columns.count == 5 {
      triple.scores = Triple.TeacherScores(
        positive: try lines.number(columns[0], column: "positive's score"),
        negative: try lines.number(columns[1], column: "negative's score"))
    } else if columns.count == 6 {
      triple.source = Triple.MinedSource(
        rank: try lines.integer(columns[3], column: "rank"),
        score: try lines.number(columns[4], column: "score"),
        version: lines.text(columns[5]))
    }
    return triple
  }

  private func column(_ range: Range<Int>) throws(LineFault) -> String {
    if content == .identifiers { return try lines.identifier(range).text }
    guard !lines.isBlank(range) else { throw .emptyColumn }
    return lines.text(range)
  }
}
