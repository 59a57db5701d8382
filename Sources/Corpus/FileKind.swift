/// What a file is supposed to hold: decides the words of an error message.
package enum FileKind: Sendable, Equatable {
  case collection, queries, groups, qrels, run, textTriples, identifierTriples, identifiers, texts

  /// The expected form of a line, as messages quote it.
  package var shape: String {
    switch self {
    case .collection: "pid<TAB>passage"
    case .queries: "qid<TAB>query"
    case .groups: "qid<TAB>group"
    case .qrels: "qid 0 pid grade"
    case .run: "qid Q0 pid rank score tag"
    case .textTriples: "query<TAB>positive<TAB>negative"
    case .identifierTriples: "qid<TAB>positive pid<TAB>negative pid"
    case .identifiers: "one id"
    case .texts: "one text"
    }
  }

  /// What the first column is called.
  var identifierName: String {
    switch self {
    case .collection: "pid"
    case .queries, .groups, .qrels, .run: "qid"
    case .textTriples, .identifierTriples, .identifiers, .texts: "id"
    }
  }

  /// What the text after the first TAB is called.
  var textName: String {
    switch self {
    case .queries: "query"
    case .groups: "group"
    default: "passage"
    }
  }

  /// What to do about a bad line.
  var advice: String {
    switch self {
    case .collection: "Fix the line or pass --skip-malformed."
    default: "Fix the line."
    }
  }
}
