package import Corpus

/// MS MARCO's own measure: reciprocal rank of the first relevant passage within rank 10, by the
/// *rank column* of the run, and the mean over *all* queries of the qrels.
///
/// Its official script (msmarco_passage_eval.py, 2019) takes every line of the qrels as relevant,
/// lets the last of two passages at one rank win, and refuses ranks above 1,000. Here a passage is
/// relevant from `minimumGrade` on, two passages at one rank within the first ten are an error, and
/// ranks above ten are not looked at. For runs and qrels as MS MARCO has them, all three are the same.
package struct MarcoReciprocalRank: Sendable, Equatable {
  package static let depth = 10

  package let mean: Double
  /// Number of queries in the run, judged or not.
  package let rankedQueryCount: Int

  /// - Parameters:
  ///   - paths: what messages call the files.
  package init(
    run: Run, qrels: Qrels, minimumGrade: Int32 = 1, runPath: String, qrelsPath: String
  ) throws(EvaluationError) {
    var sum = 0.0
    var hasCommonQuery = false
    // In the order of the file, in which the official script adds up too.
    for query in run.queries {
      let first = try Self.first(of: run.hits(of: query), query: query, path: runPath)
      guard !qrels[query].isEmpty else { continue }
      hasCommonQuery = true
      for (index, passage) in first.enumerated() {
        guard let passage, let grade = qrels.grade(query: query, passage: passage),
          grade >= minimumGrade
        else { continue }
        sum += 1 / Double(index + 1)
        break
      }
    }
    guard hasCommonQuery else { throw .noCommonQuery(run: runPath, qrels: qrelsPath) }
    mean = sum / Double(qrels.queries.count)
    rankedQueryCount = run.queries.count
  }

  /// The passages at ranks 1 to 10.
  private static func first(
    of hits: RunHits, query: Identifier, path: String
  ) throws(EvaluationError) -> [Identifier?] {
    var first = [Identifier?](repeating: nil, count: depth)
    for position in hits.indices {
      let rank = hits.rank(at: position)
      if rank > depth { continue }
      let passage = hits[position].passage
      guard rank >= 1 else {
        throw .rankBelowOne(run: path, query: query.text, passage: passage.text, rank: rank)
      }
      if let other = first[Int(rank) - 1] {
        throw .repeatedRank(
          run: path, query: query.text, first: other.text, second: passage.text, rank: rank)
      }
      first[Int(rank) - 1] = passage
    }
    return first
  }

  /// As the official script prints it.
  package var text: String {
    let frame = String(repeating: "#", count: 21)
    return "\(frame)\nMRR @10: \(mean)\nQueriesRanked: \(rankedQueryCount)\n\(frame)\n"
  }
}
