/// Writes lines of columns with a TAB in between, so that the readers here give the same strings
/// back: collections, queries, groups, triples, qrels, id lists. The file appears at `commit`.
package struct TSVWriter: ~Copyable {
  private var output: OutputFile
  private var isAtStart = true

  package init(path: String) throws(CorpusError) {
    output = try OutputFile(path: path)
  }

  /// Adds a line of two columns, of which the second may hold tabs.
  package mutating func append(id: Identifier, text: String) throws(CorpusError) {
    try check(id.text, allowsTab: false)
    try check(text, allowsTab: true)
    try writeLine("\(id)\t\(text)")
  }

  /// Adds a line of columns.
  package mutating func append(columns: String...) throws(CorpusError) {
    try append(columns: columns)
  }

  private mutating func append(columns: [String]) throws(CorpusError) {
    for column in columns { try check(column, allowsTab: false) }
    try writeLine(columns.joined(separator: "\t"))
  }

  /// Adds a triple with what is known of it.
  package mutating func append(_ triple: Triple) throws(CorpusError) {
    var columns = [triple.query, triple.positive, triple.negative]
    if let scores = triple.scores {
      columns = ["\(scores.positive)", "\(scores.negative)"] + columns
    } else if let source = triple.source {
      columns += ["\(source.rank)", "\(source.score)", source.version]
    }
    try append(columns: columns)
  }

  /// Adds a judgment. Readers of qrels split at blanks too, so ids with blanks are refused.
  package mutating func append(_ judgment: Judgment) throws(CorpusError) {
    for id in [judgment.query.text, judgment.passage.text] where id.utf8.contains(0x20) {
      throw .unwritable(path: output.path, fault: .blankInIdentifier(id))
    }
    try append(columns: judgment.query.text, "0", judgment.passage.text, "\(judgment.grade)")
  }

  /// Puts the file in place.
  package consuming func commit() throws(CorpusError) {
    try output.commit()
  }

  private mutating func writeLine(_ line: String) throws(CorpusError) {
    // Readers drop one U+FEFF at the start of a file and one CR at the end of a line, so a text
    // that has one there gets a second.
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    if isAtStart, line.utf8.starts(with: byteOrderMark) { try output.write(byteOrderMark.span) }
    try output.write(line)
    try output.write(line.utf8.last == 0x0D ? "\r\n" : "\n")
    isAtStart = false
  }

  private func check(_ column: String, allowsTab: Bool) throws(CorpusError) {
    let isBlank = column.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
    if isBlank { throw .unwritable(path: output.path, fault: .emptyField) }
    let hasSeparator = column.utf8.contains { $0 == 0 || $0 == 0x0A || ($0 == 0x09 && !allowsTab) }
    if hasSeparator { throw .unwritable(path: output.path, fault: .separatorInField(column)) }
  }
}
