/// Writes a run in TREC's six columns. It appears at `commit`.
///
/// Programs that read runs sort by score as float32 and break ties in ways of their own. So scores
/// fall strictly: one that is not below the score before it becomes the next float32 below that.
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
    var last = (given: Float.infinity, written: Float.infinity)
    for (index, hit) in hits.enumerated() {
      precondition(
        hit.score.isFinite && hit.score <= last.given,
        "score \(hit.score) at rank \(index + 1) follows \(last.given)")
      try Self.check(hit.passage.text, path: output.path)
      let score = hit.score < last.written ? hit.score : last.written.nextDown
      last = (hit.score, score)
      try output.write(
        "\(query) Q0 \(hit.passage) \(index + 1) \(Double(score)) \(tag)\n")
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
