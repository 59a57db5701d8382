package import Corpus

/// What of a run is looked at, and from where on a passage counts as relevant.
package struct JudgingOptions: Sendable {
  /// The grade from which a passage counts as relevant, at least 0 (trec_eval's -l).
  package var minimumGrade: Int32 = 1
  /// Hits beyond this rank are not looked at (trec_eval's -M).
  package var depth = Int.max
  /// Leaves out the hits that were not judged, before anything is counted (trec_eval's -J).
  package var judgedOnly = false

  package init() {}
}

/// Makes judged rankings of the queries of a run, one after the other.
///
/// Hits are ranked by score as float32, falling; equal scores by id, falling by bytes. The ranks in
/// the file are not looked at. Source: trec_eval 9 and pytrec_eval; trec_eval 10 breaks the ties of
/// doubles instead, so that scores which differ beyond float32 are no tie there.
package struct Judge {
  private let run: Run
  private let qrels: Qrels
  private let options: JudgingOptions
  private var passages = JudgedPassages()

  package init(run: Run, qrels: Qrels, options: JudgingOptions = JudgingOptions()) {
    self.run = run
    self.qrels = qrels
    self.options = options
  }

  /// The judged ranking of a query; without hits where the run lacks it.
  ///
  /// Cost: O(hits) where the run's hits are ranked already, else O(hits · log hits).
  package mutating func ranking(of query: Identifier) -> JudgedRanking {
    let judged = qrels[query]
    passages.load(judged)
    let retrieved = run.hits(of: query)
    let ranked = retrieved.rankedPositions().prefix(options.depth)
    var hits: [JudgedRanking.Hit] = []
    var count = 0
    for position in ranked {
      let grade = passages.grade(of: position, in: retrieved)
      if options.judgedOnly, (grade ?? -1) < 0 { continue }
      count += 1
      if let grade { hits.append(JudgedRanking.Hit(rank: count, grade: grade)) }
    }
    return JudgedRanking(
      retrievedCount: count, hits: hits, grades: judged.lazy.map(\.grade),
      minimumGrade: options.minimumGrade)
  }
}
