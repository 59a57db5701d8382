/// The three layouts of a run file, told apart by the number of columns.
package enum RunForm: Sendable, Equatable {
  /// `qid Q0 pid rank score tag`; what follows the tag is not looked at, as trec_eval does.
  case trec
  /// `qid pid rank`.
  case msmarco
  /// `qid pid rank score`.
  case msmarcoScored

  init?(columnCount: Int) {
    switch columnCount {
    case 3: self = .msmarco
    case 4: self = .msmarcoScored
    case 6...: self = .trec
    default: return nil
    }
  }
}

/// One line of a run.
package struct RunLine: Sendable, Equatable {
  package let query: Identifier
  package let hit: RunHit
}

/// A ranked passage of a run.
package struct RunHit: Sendable, Equatable {
  package let passage: Identifier
  /// As the file has it: MS MARCO's measure goes by it, trec_eval's ignore it.
  package let rank: Int32
  /// As the file has it; minus the rank where the form has no score.
  package let score: Float

  package init(passage: Identifier, rank: Int32, score: Float) {
    self.passage = passage
    self.rank = rank
    self.score = score
  }
}

/// Reads the lines of a run. Comment lines and blank lines are skipped.
package struct RunReader: ~Copyable {
  /// The layout of the file; nil before the first line.
  package private(set) var form: RunForm?

  private var lines: LineReader
  private var columns: [Range<Int>] = []
  private var columnCount = 0
  private var tagBytes: [UInt8] = []

  /// Where the ids of a line lie in it, and its numbers.
  struct Fields {
    let query: Range<Int>
    let passage: Range<Int>
    let rank: Int32
    let score: Float
  }

  package init(path: String) throws(CorpusError) {
    lines = try LineReader(path: path, kind: .run)
  }

  /// The tag of the last line read; empty in MS MARCO's forms.
  package var tag: String { String(decoding: tagBytes, as: UTF8.self) }

  /// Number of the last line read.
  package var line: Int { lines.number }

  /// The next line; nil at the end.
  package mutating func next() throws(CorpusError) -> RunLine? {
    guard let fields = try advance() else { return nil }
    return RunLine(
      query: identifier(fields.query),
      hit: RunHit(
        passage: identifier(fields.passage), rank: fields.rank, score: fields.score))
  }

  /// The next line without a string for each id; nil at the end.
  mutating func advance() throws(CorpusError) -> Fields? {
    guard try lines.advanceToColumns(&columns) else { return nil }
    do throws(LineFault) {
      return try parse(try settleForm())
    } catch {
      throw lines.error(error)
    }
  }

  private mutating func settleForm() throws(LineFault) -> RunForm {
    if let form, columns.count == columnCount { return form }
    guard let found = RunForm(columnCount: columns.count) else {
      throw .runColumns(found: columns.count)
    }
    if let form, form != found {
      throw .runFormChanged(before: columnCount, found: columns.count)
    }
    form = found
    columnCount = columns.count
    return found
  }

  private mutating func parse(_ form: RunForm) throws(LineFault) -> Fields {
    try lines.checkIdentifier(columns[0])
    let passageColumn = form == .trec ? 2 : 1
    try lines.checkIdentifier(columns[passageColumn])
    let rank = try lines.integer(columns[passageColumn + 1], column: "rank")
    guard form == .trec || rank >= 1 else { throw .rankBelowOne(rank) }
    let score =
      form == .msmarco
      ? -Float(rank) : try lines.number(columns[passageColumn + 2], column: "score")
    if form == .trec, !lines.equals(columns[5], tagBytes) { tagBytes = lines.copy(columns[5]) }
    return Fields(query: columns[0], passage: columns[passageColumn], rank: rank, score: score)
  }
}

// MARK: - The current line, and the lines of a fault

extension RunReader {
  func identifier(_ range: Range<Int>) -> Identifier { Identifier(lines.text(range)) }

  func line(_ range: Range<Int>, equals identifier: Identifier) -> Bool {
    lines.equals(range, identifier.text)
  }

  /// The bytes of a column. Sound until the next line is read.
  @unsafe func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: lines.line[range])
  }

  /// Reads the file again for the two lines in which a query has a passage, and says so.
  consuming func duplicateHit(
    query: Identifier, passage: Identifier
  ) throws(CorpusError) -> CorpusError {
    try lines.rewind()
    var found: [Int] = []
    while found.count < 2, let fields = try advance() {
      if line(fields.query, equals: query), line(fields.passage, equals: passage) {
        found.append(lines.number)
      }
    }
    let fault = LineFault.duplicateHit(
      query: query.text, passage: passage.text, firstLine: found.first ?? 0)
    return .line(path: lines.path, line: found.last ?? 0, kind: .run, fault: fault)
  }
}
