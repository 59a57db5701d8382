/// What can be wrong with a wish to evaluate.
package enum EvaluationError: Error, Equatable, Sendable {
  /// None of Pawl's own names.
  case unknownMetric(name: String)
  /// None of trec_eval's measures.
  case unknownMeasure(name: String)
  /// Parameters that a measure cannot have.
  case parameters(measure: String, found: String, expected: String)
  /// A measure that was asked for twice, with different parameters.
  case repeatedMeasure(name: String)
  /// No query has both hits and judgments.
  case noCommonQuery(run: String, qrels: String)
  /// A rank below 1, where ranks count.
  case rankBelowOne(run: String, query: String, passage: String, rank: Int32)
  /// Two passages of a query have one rank, where ranks count.
  case repeatedRank(run: String, query: String, first: String, second: String, rank: Int32)
}

extension EvaluationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownMetric(let name):
      """
      there is no metric "\(name)". Known are \(Metric.knownNames.joined(separator: ", ")), \
      where K is a rank from 1.
      """
    case .unknownMeasure(let name):
      """
      there is no measure "\(name)". Known are trec_eval's \
      \(TrecMeasure.allNames.joined(separator: ", ")), the groups \
      \(TrecMeasure.groupNames.joined(separator: ", ")), and \
      \(Metric.knownNames.joined(separator: ", ")).
      """
    case .parameters(let measure, let found, let expected):
      "measure \(measure): \"\(found)\" does not fit. Expected \(expected)."
    case .repeatedMeasure(let name):
      """
      measure \(name) has parameters twice. Give them once, separated by commas: \
      -m \(name).A,B
      """
    case .noCommonQuery(let run, let qrels):
      """
      \(run): no query of the run is judged in \(qrels). \
      Check that both are of one set of queries, or pass -c to count what is missing as 0.
      """
    case .rankBelowOne(let run, let query, let passage, let rank):
      """
      \(run): qid "\(query)" has pid "\(passage)" at rank \(rank), but ranks count from 1. \
      Number the ranks from 1, or leave --protocol out to go by score.
      """
    case .repeatedRank(let run, let query, let first, let second, let rank):
      """
      \(run): qid "\(query)" has two passages at rank \(rank), "\(first)" and "\(second)". \
      Give each passage of a query a rank of its own, or leave --protocol out to go by score.
      """
    }
  }
}
