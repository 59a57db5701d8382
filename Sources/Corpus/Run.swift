/// Ranked hits by query: what a search engine answered.
package struct Run: Sendable {
  /// The layout of the file; TREC for a run that was not read.
  package private(set) var form = RunForm.trec
  package private(set) var tag: String
  /// The queries, in the order in which they came.
  package private(set) var queries: [Identifier] = []

  private var hits: [[RunHit]] = []
  private var positions: [Identifier: Int] = [:]

  /// A run without hits.
  package init(tag: String = "pawl") {
    self.tag = tag
  }

  /// Reads a run file of any form; a passage that a query has twice is an error.
  ///
  /// Hits keep the order of the file: how to rank them is up to the measure.
  package init(path: String) throws(CorpusError) {
    var reader = try RunReader(path: path)
    self.init(tag: "")
    var lines: [[Int]] = []
    while let line = try reader.next() {
      let position = position(of: line.query)
      if position == lines.count { lines.append([]) }
      hits[position].append(line.hit)
      lines[position].append(reader.line)
    }
    if let form = reader.form { self.form = form }
    tag = reader.tag
    for position in queries.indices {
      if let repeated = repeatedHit(of: position, lines: lines[position]) {
        throw reader.error(repeated.fault, line: repeated.line)
      }
    }
  }

  /// Number of hits of all queries.
  package var hitCount: Int { hits.reduce(0) { $0 + $1.count } }

  /// The hits of a query, in the order in which they came; empty for a query without hits.
  package subscript(query: Identifier) -> [RunHit] {
    positions[query].map { hits[$0] } ?? []
  }

  /// Adds hits to a query.
  package mutating func append(query: Identifier, hits newHits: some Sequence<RunHit>) {
    hits[position(of: query)].append(contentsOf: newHits)
  }

  private mutating func position(of query: Identifier) -> Int {
    if let position = positions[query] { return position }
    positions[query] = queries.count
    queries.append(query)
    hits.append([])
    return queries.count - 1
  }

  private func repeatedHit(
    of position: Int, lines: [Int]
  ) -> (fault: LineFault, line: Int)? {
    var firstLines: [Identifier: Int] = [:]
    firstLines.reserveCapacity(lines.count)
    for (hit, line) in zip(hits[position], lines) {
      guard let firstLine = firstLines.updateValue(line, forKey: hit.passage) else { continue }
      let fault = LineFault.duplicateHit(
        query: queries[position].text, passage: hit.passage.text, firstLine: firstLine)
      return (fault, line)
    }
    return nil
  }
}
