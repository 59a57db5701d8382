/// Ranked hits by query: what a search engine answered.
///
/// Memory: 16 bytes a hit and the bytes of its id, and about 200 bytes a query.
package struct Run: Sendable {
  /// The layout of the file; TREC for a run that was not read.
  package private(set) var form = RunForm.trec
  package private(set) var tag: String
  /// The queries, in the order in which they came.
  package private(set) var queries: [Identifier] = []

  private var hits: [RunHits] = []
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
    // The hits of the query of the lines before, held apart because most lines go on with it.
    var position = -1
    var current = RunHits()
    while let fields = try reader.advance() {
      if position < 0 || !reader.line(fields.query, equals: queries[position]) {
        if position >= 0 { hits[position] = current }
        position = self.position(of: reader.identifier(fields.query))
        current = hits[position].isEmpty ? RunHits(sizedLike: current) : hits[position]
        hits[position] = RunHits()
      }
      unsafe current.append(
        id: reader.bytes(fields.passage), rank: fields.rank, score: fields.score)
    }
    if position >= 0 { hits[position] = current }
    if let form = reader.form { self.form = form }
    tag = reader.tag
    try refuseRepeatedHits(reader)
  }

  /// Number of hits of all queries.
  package var hitCount: Int { hits.reduce(0) { $0 + $1.count } }

  /// The hits of a query, in the order in which they came; empty for a query without hits.
  package subscript(query: Identifier) -> [RunHit] { Array(hits(of: query)) }

  /// The same hits without a string for each.
  package func hits(of query: Identifier) -> RunHits {
    positions[query].map { hits[$0] } ?? RunHits()
  }

  /// Whether the run names a query.
  package func contains(_ query: Identifier) -> Bool { positions[query] != nil }

  /// Adds hits to a query.
  package mutating func append(query: Identifier, hits newHits: some Sequence<RunHit>) {
    let position = position(of: query)
    for hit in newHits { hits[position].append(hit) }
  }

  private mutating func position(of query: Identifier) -> Int {
    if let position = positions[query] { return position }
    positions[query] = queries.count
    queries.append(query)
    hits.append(RunHits())
    return queries.count - 1
  }

  private func refuseRepeatedHits(_ reader: consuming RunReader) throws(CorpusError) {
    var repeats = RepeatedHits()
    for position in queries.indices {
      guard let repeated = repeats.first(in: hits[position]) else { continue }
      // Lines are not kept for this: the file is read again to find them.
      throw try reader.duplicateHit(
        query: queries[position], passage: hits[position][repeated].passage)
    }
  }
}
