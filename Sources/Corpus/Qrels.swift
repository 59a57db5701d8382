/// A passage that was judged for some query.
package struct JudgedPassage: Sendable, Equatable {
  package let id: Identifier
  package let grade: Int32
}

/// All judgments of a file, by query. A pair (qid, pid) has one grade.
package struct Qrels: Sendable {
  /// The judged queries, in the order in which the file names them first.
  package private(set) var queries: [Identifier] = []
  /// Lines that repeat a pair with the same grade: harmless, and not counted as judgments.
  package private(set) var repeatedCount = 0

  // Judgments of one query lie together, by pid; `ranges[q]` are those of `queries[q]`.
  private var judged: [JudgedPassage] = []
  private var ranges: [Range<Int>] = []
  private var positions: [Identifier: Int] = [:]

  /// Reads `qid 0 pid grade` a line; a pair with two grades is an error that names both lines.
  ///
  /// Cost: O(n log n), about 60 bytes a judgment.
  package init(path: String) throws(CorpusError) {
    var reader = try QrelsReader(path: path)
    var rows: [Row] = []
    while let judgment = try reader.next() {
      rows.append(
        Row(
          query: position(of: judgment.query),
          passage: JudgedPassage(id: judgment.passage, grade: judgment.grade), line: reader.line))
    }
    if let conflict = take(rows) {
      throw reader.error(conflict.fault, line: conflict.line)
    }
  }

  /// Takes judgments from elsewhere; of a repeated pair, the first grade counts.
  package init(_ judgments: some Sequence<Judgment>) {
    var rows: [Row] = []
    var seen: [Identifier: Set<Identifier>] = [:]
    for judgment in judgments {
      guard seen[judgment.query, default: []].insert(judgment.passage).inserted else {
        repeatedCount += 1
        continue
      }
      rows.append(
        Row(
          query: position(of: judgment.query),
          passage: JudgedPassage(id: judgment.passage, grade: judgment.grade), line: rows.count))
    }
    _ = take(rows)  // No pair is left twice, so there is no conflict.
  }

  /// Number of judged pairs.
  package var count: Int { judged.count }

  /// The passages judged for a query, by pid; empty for a query without judgments.
  package subscript(query: Identifier) -> ArraySlice<JudgedPassage> {
    guard let position = positions[query] else { return [] }
    return judged[ranges[position]]
  }

  /// The grade of a pair; nil where it was not judged. Cost: O(log judgments of the query).
  package func grade(query: Identifier, passage: Identifier) -> Int32? {
    let candidates = self[query]
    var low = candidates.startIndex
    var high = candidates.endIndex
    while low < high {
      let middle = (low + high) / 2
      if candidates[middle].id < passage { low = middle + 1 } else { high = middle }
    }
    guard low < candidates.endIndex, candidates[low].id == passage else { return nil }
    return candidates[low].grade
  }
}

// MARK: - Building

extension Qrels {
  private struct Row {
    let query: Int
    let passage: JudgedPassage
    let line: Int
  }

  private mutating func position(of query: Identifier) -> Int {
    if let position = positions[query] { return position }
    positions[query] = queries.count
    queries.append(query)
    return queries.count - 1
  }

  /// Sorts and stores the rows; gives the first pair with two grades, if there is one.
  private mutating func take(_ rows: [Row]) -> (fault: LineFault, line: Int)? {
    let sorted = rows.sorted { left, right in
      if left.query != right.query { return left.query < right.query }
      if left.passage.id != right.passage.id { return left.passage.id < right.passage.id }
      return left.line < right.line
    }
    judged.reserveCapacity(sorted.count)
    ranges = Array(repeating: 0..<0, count: queries.count)
    var previous: Row?
    for row in sorted {
      if let first = previous, first.query == row.query, first.passage.id == row.passage.id {
        guard first.passage.grade == row.passage.grade else {
          let fault = LineFault.gradeConflict(
            query: queries[row.query].text, passage: row.passage.id.text,
            grade: row.passage.grade, firstGrade: first.passage.grade, firstLine: first.line)
          return (fault, row.line)
        }
        repeatedCount += 1
        continue
      }
      let start = previous?.query == row.query ? ranges[row.query].lowerBound : judged.count
      judged.append(row.passage)
      ranges[row.query] = start..<judged.count
      previous = row
    }
    return nil
  }
}
