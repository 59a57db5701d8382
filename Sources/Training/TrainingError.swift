/// Why a run cannot begin or go on.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// Fewer examples than a batch takes.
  case tooFewExamples(found: Int, needed: Int)
  /// A batch of one has no negatives.
  case batchOfOne(loss: String)
  /// Three steps in a row had a loss or gradients that are not finite.
  ///
  /// - `version`: that of the best values until then; nil: none was better than the parent.
  case diverged(step: Int, version: String?)
  /// Examples of which no batch can be made.
  case noBatch(batchSize: Int)
  /// Settings that do not go together.
  case recipe(problem: String)
  case state(folder: String, problem: String)

  package var description: String {
    switch self {
    case .tooFewExamples(let found, let needed):
      found == 0
        ? "there is nothing to train on: no passage that answers a query is in the store, or the file is empty. "
          + "Ingest the collection first, and check --queries, --qrels and --triples."
        : "there are \(found) pairs of a query and its answer to train on, and a batch takes \(needed). "
          + "Give more judgments, or a smaller --batch-size."
    case .batchOfOne(let loss):
      "the loss \(loss) takes the other queries of a batch as negatives, and a batch of one has none. "
        + "Take a --batch-size of 2 or more."
    case .diverged(let step, let version):
      "the loss was not finite in three steps in a row, the last one step \(step). Lower --learning-rate. "
        + (version.map { "\($0) has the best values until then." }
          ?? "No values until then were better than the parent's; no version was made.")
    case .noBatch(let batchSize):
      "no batch of \(batchSize) can be made: the pairs share their queries or their answers, and no two of a "
        + "batch may. Give more judgments, or a smaller --batch-size."
    case .recipe(let problem): "\(problem)."
    case .state(let folder, let problem):
      "\(folder): \(problem). Remove this folder to begin the run anew."
    }
  }
}
