/// One line `qid 0 pid grade`: how relevant a passage is to a query.
package struct Judgment: Sendable, Equatable {
  package let query: Identifier
  package let passage: Identifier
  /// 0: not relevant; negative: less than that, or not judged in some TREC tracks.
  package let grade: Int32

  package init(query: Identifier, passage: Identifier, grade: Int32) {
    self.query = query
    self.passage = passage
    self.grade = grade
  }
}

/// Reads judgments, four columns a line; the second column is not looked at.
///
/// Comment lines and blank lines are skipped.
package struct QrelsReader: ~Copyable {
  private var lines: LineReader
  private var columns: [Range<Int>] = []

  package init(path: String) throws(CorpusError) {
    lines = try LineReader(path: path, kind: .qrels)
  }

  /// Number of the line of the last judgment.
  package var line: Int { lines.number }

  /// The next judgment; nil at the end.
  package mutating func next() throws(CorpusError) -> Judgment? {
    guard try lines.advanceToColumns(&columns) else { return nil }
    do throws(LineFault) {
      guard columns.count == 4 else { throw LineFault.columns(expected: 4, found: columns.count) }
      return Judgment(
        query: try lines.identifier(columns[0]), passage: try lines.identifier(columns[2]),
        grade: try lines.integer(columns[3], column: "grade"))
    } catch {
      throw lines.error(error)
    }
  }

  func error(_ fault: LineFault, line: Int) -> CorpusError {
    .line(path: lines.path, line: line, kind: .qrels, fault: fault)
  }
}
