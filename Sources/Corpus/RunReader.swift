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
  /// The tag of the last line read; empty in MS MARCO's forms.
  package private(set) var tag = ""

  private var lines: LineReader
  private var columns: [Range<Int>] = []
  private var columnCount = 0

  package init(path: String) throws(CorpusError) {
    lines = try LineReader(path: path, kind: .run)
  }

  /// Number of the last line read.
  package var line: Int { lines.number }

  /// The next line; nil at the end.
  package mutating func next() throws(CorpusError) -> RunLine? {
    guard try lines.advanceToColumns(&columns) else { return nil }
    do throws(LineFault) {
      return try parse(try settleForm())
    } catch {
      throw lines.error(error)
    }
  }

  private mutating func settleForm() throws(LineFault) -> RunForm {
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

  private mutating func parse(_ form: RunForm) throws(LineFault) -> RunLine {
    let query = try lines.identifier(columns[0])
    let passageColumn = form == .trec ? 2 : 1
    let passage = try lines.identifier(columns[passageColumn])
    let rank = try lines.integer(columns[passageColumn + 1], column: "rank")
    guard form == .trec || rank >= 1 else { throw .rankBelowOne(rank) }
    let score =
      form == .msmarco
      ? -Float(rank) : try lines.number(columns[passageColumn + 2], column: "score")
    if form == .trec, !lines.equals(columns[5], tag) { tag = lines.text(columns[5]) }
    return RunLine(query: query, hit: RunHit(passage: passage, rank: rank, score: score))
  }

  func error(_ fault: LineFault, line: Int) -> CorpusError {
    .line(path: lines.path, line: line, kind: .run, fault: fault)
  }
}
