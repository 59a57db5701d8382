internal import Corpus

/// Which queries of a set versions have learned from.
///
/// A text that is the same counts. So does an id, for a query that was put in other words, but only where ids mean
/// the same in both: sets that number their queries from 1 have ids in common and nothing else.
struct QueryOverlap {
  /// Ids of the queries that were learned from.
  private(set) var queries: Set<Identifier> = []
  /// Queries that have their id in common with one that was learned from, but no text, and are taken as others.
  var foreignCount: Int { foreign.subtracting(queries).count }

  private var foreign: Set<Identifier> = []

  /// - Parameter used: of each version apart: what ids mean may differ.
  init(_ set: EvaluationSet, _ used: [UsedQueries]) {
    for used in used { add(set, used) }
  }

  private mutating func add(_ set: EvaluationSet, _ used: UsedQueries) {
    var byIDAlone: [Identifier] = []
    var sharedCount = 0
    for query in set.judged {
      let hasID = used.contains(id: query.id.text)
      if used.contains(text: query.text) {
        queries.insert(query.id)
        if hasID { sharedCount += 1 }
      } else if hasID {
        byIDAlone.append(query.id)
      }
    }
    // Ids mean the same where most of those in common have their text in common, too.
    if sharedCount >= byIDAlone.count {
      queries.formUnion(byIDAlone)
    } else {
      foreign.formUnion(byIDAlone)
    }
  }
}
