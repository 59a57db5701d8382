/// One line `qid<TAB>query`.
package struct Query: Sendable, Equatable {
  package let id: Identifier
  package let text: String

  package init(id: Identifier, text: String) {
    self.id = id
    self.text = text
  }
}

/// The queries of a file, in its order. A qid occurs once.
package struct Queries: Sendable, RandomAccessCollection {
  private let queries: [Query]
  private let positions: [Identifier: Int]

  /// Reads `qid<TAB>query` a line, by the rules of a collection; a second line for a qid is an error.
  package init(path: String) throws(CorpusError) {
    var reader = try CollectionReader(path: path, kind: .queries)
    var queries: [Query] = []
    var positions: [Identifier: Int] = [:]
    var lines: [Int] = []
    while let record = try reader.next() {
      if let first = positions.updateValue(queries.count, forKey: record.id) {
        throw reader.error(.duplicate(identifier: record.id.text, firstLine: lines[first]))
      }
      queries.append(Query(id: record.id, text: record.text))
      lines.append(record.line)
    }
    self.queries = queries
    self.positions = positions
  }

  /// Takes queries from elsewhere; of a repeated qid, the first query counts.
  package init(_ given: some Sequence<Query>) {
    var queries: [Query] = []
    var positions: [Identifier: Int] = [:]
    for query in given where positions[query.id] == nil {
      positions[query.id] = queries.count
      queries.append(query)
    }
    self.queries = queries
    self.positions = positions
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { queries.count }
  package subscript(position: Int) -> Query { queries[position] }

  /// The query with this id, if there is one.
  package subscript(id: Identifier) -> Query? {
    positions[id].map { queries[$0] }
  }
}
