/// Writes a run in TREC's six columns. It appears at `commit`.
///
/// Scores fall strictly, see `FallingScores`.
package struct RunWriter: ~Copyable {
  private var output: OutputFile
  private let tag: String

  package init(path: String, tag: String = "pawl") throws(CorpusError) {
    try Self.check(tag, path: path)
    output = try OutputFile(path: path)
    self.tag = tag
  }

  /// Adds the hits of a query, ranked from 1 in the order given, which is by falling score; their
  /// own ranks are not looked at.
  ///
  /// A score is printed with the digits of its value as a double: whoever reads it, as double or as
  /// float32, gets exactly this float32.
  package mutating func append(
    query: Identifier, hits: some Sequence<RunHit>
  ) throws(CorpusError) {
    try Self.check(query.text, path: output.path)
    if query.text.utf8.first == UInt8(ascii: "#") {
      throw .unwritable(path: output.path, fault: .commentInIdentifier(query.text))
    }
    // In pieces: a line put together as one string costs nearly twice the time.
    let start = "\(query) Q0 "
    let end = " \(tag)\n"
    var scores = FallingScores()
    for (index, hit) in hits.enumerated() {
      let score = scores.next(hit.score)
      try Self.check(hit.passage.text, path: output.path)
      try output.write(start)
      try output.write(hit.passage.text)
      try output.write(" \(index + 1) ")
      try output.write(Double(score).description)
      try output.write(end)
    }
  }

  /// Puts the file in place.
  package consuming func commit() throws(CorpusError) {
    try output.commit()
  }

  private static func check(_ column: String, path: String) throws(CorpusError) {
    if column.isEmpty { throw .unwritable(path: path, fault: .emptyField) }
    let hasBlank = column.utf8.contains { $0 == 0 || $0 == 0x20 || (0x09...0x0D).contains($0) }
    if hasBlank { throw .unwritable(path: path, fault: .blankInIdentifier(column)) }
  }
}
