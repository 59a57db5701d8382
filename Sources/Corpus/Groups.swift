/// Which queries hang together (asked about one document, say): tests resample whole groups.
package struct Groups: Sendable {
  private var groups: [Identifier: String] = [:]

  /// Reads `qid<TAB>group` a line; a qid in two groups is an error.
  package init(path: String) throws(CorpusError) {
    var reader = try CollectionReader(path: path, kind: .groups)
    var lines: [Identifier: Int] = [:]
    while let record = try reader.next() {
      if let first = groups[record.id], let line = lines[record.id] {
        // By bytes, as ids are compared.
        guard Identifier(first) == Identifier(record.text) else {
          throw reader.error(
            .groupConflict(
              query: record.id.text, group: record.text, firstGroup: first, firstLine: line))
        }
        continue
      }
      groups[record.id] = record.text
      lines[record.id] = record.line
    }
  }

  /// Takes groups from elsewhere; of a repeated qid, the first group counts.
  package init(_ given: some Sequence<(query: Identifier, group: String)>) {
    groups = Dictionary(given.map { ($0.query, $0.group) }) { first, _ in first }
  }

  /// Number of queries that have a group.
  package var queryCount: Int { groups.count }

  /// The group of a query, if it has one.
  package subscript(query: Identifier) -> String? { groups[query] }
}
