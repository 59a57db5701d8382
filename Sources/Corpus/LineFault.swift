/// What is wrong with one line of a text file.
///
/// Byte offsets count from 0 at the first byte of the line; messages count from 1.
package enum LineFault: Error, Equatable, Sendable {
  case noTab
  case emptyLine
  case emptyIdentifier
  case emptyText
  case emptyColumn
  case nul(offset: Int)
  case invalidUTF8(offset: Int)
  case identifierTooLong(bytes: Int)
  case lineTooLong
  /// Another number of columns than the format has.
  case columns(expected: Int, found: Int)
  /// A triple with a number of columns that no form of triples has.
  case tripleColumns(found: Int)
  /// A run line with a number of columns that no run format has.
  case runColumns(found: Int)
  /// A run line with another number of columns than the lines before it.
  case runFormChanged(before: Int, found: Int)
  case notAnInteger(column: String, text: String)
  case integerOutOfRange(column: String, text: String)
  case notANumber(column: String, text: String)
  case numberOutOfRange(column: String, text: String)
  /// Ranks of MS MARCO's run formats count from 1.
  case rankBelowOne(Int32)
  case duplicate(identifier: String, firstLine: Int)
  case gradeConflict(
    query: String, passage: String, grade: Int32, firstGrade: Int32, firstLine: Int)
  case groupConflict(query: String, group: String, firstGroup: String, firstLine: Int)
  case duplicateHit(query: String, passage: String, firstLine: Int)

  /// The fact in words, one sentence without advice.
  func sentence(kind: FileKind) -> String {
    switch self {
    case .noTab: "expected \"\(kind.shape)\", found no tab."
    case .emptyLine: "expected \"\(kind.shape)\", found an empty line."
    case .emptyIdentifier: "the \(kind.identifierName) is empty."
    case .emptyText: "the \(kind.textName) after the tab is empty."
    case .emptyColumn: "expected \"\(kind.shape)\", found an empty column."
    case .nul(let offset): "byte \(offset + 1) of the line is NUL, which no text holds."
    case .invalidUTF8(let offset): "byte \(offset + 1) of the line is not valid UTF-8."
    case .identifierTooLong(let bytes):
      "the id has \(bytes) bytes, the limit is \(Identifier.maximumByteCount)."
    case .lineTooLong: "the line is longer than \(LineReader.maximumLineInBytes >> 20) MiB."
    case .columns(let expected, let found):
      "expected \(expected) column\(expected == 1 ? "" : "s") \"\(kind.shape)\", found \(found)."
    case .tripleColumns(let found):
      """
      expected 3 columns "\(kind.shape)", 5 with a teacher's scores before them or 6 with the \
      negative's rank, score and version behind them, found \(found).
      """
    case .runColumns(let found):
      """
      expected a TREC run ("\(kind.shape)") or MS MARCO's "qid pid rank" or "qid pid rank score", \
      found \(found) column\(found == 1 ? "" : "s").
      """
    case .runFormChanged(let before, let found):
      "the line has \(found) columns, the lines before it have \(before)."
    case .notAnInteger(let column, let text): "the \(column) \(quoted(text)) is not an integer."
    case .integerOutOfRange(let column, let text):
      "the \(column) \(quoted(text)) does not fit in 32 bits."
    case .notANumber(let column, let text): "the \(column) \(quoted(text)) is not a number."
    case .numberOutOfRange(let column, let text):
      "the \(column) \(quoted(text)) does not fit in a float32."
    case .rankBelowOne(let rank): "the rank is \(rank), but ranks count from 1."
    case .duplicate(let identifier, let line):
      "\(kind.identifierName) \(quoted(identifier)) is already in line \(line)."
    case .gradeConflict(let query, let passage, let grade, let firstGrade, let line):
      """
      qid \(quoted(query)), pid \(quoted(passage)) has grade \(grade) here and \(firstGrade) in \
      line \(line).
      """
    case .groupConflict(let query, let group, let firstGroup, let line):
      """
      qid \(quoted(query)) is in group \(quoted(group)) here and in \(quoted(firstGroup)) in \
      line \(line).
      """
    case .duplicateHit(let query, let passage, let line):
      "qid \(quoted(query)) has pid \(quoted(passage)) twice, first in line \(line)."
    }
  }
}

/// A piece of a file in double quotes, fit for a terminal.
///
/// Control characters are escaped, since a file must not drive the terminal of whoever reads the
/// message; after 60 characters it is cut.
func quoted(_ text: String) -> String {
  let limit = 60
  var result = "\""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == limit {
      result += "…"
      break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
