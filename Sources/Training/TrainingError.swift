/// Why a run cannot begin or go on.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// Fewer examples than a batch takes.
  case tooFewExamples(found: Int, needed: Int)
  /// A batch of one has no negatives.
  case batchOfOne(loss: String)
  /// Three steps in a row had a loss or gradients that are not finite.
  case diverged(step: Int)
  /// Settings that do not go together.
  case recipe(problem: String)
  case state(path: String, problem: String)

  package var description: String {
    switch self {
    case .tooFewExamples(let found, let needed):
      "\(found) judged queries can be trained on, a batch takes \(needed). "
        + "Give more judgments, or a smaller --batch-size."
    case .batchOfOne(let loss):
      "the loss \(loss) takes the other queries of a batch as negatives, and a batch of one has none. "
        + "Take a --batch-size of 2 or more."
    case .diverged(let step):
      "the loss was not finite in three steps in a row, the last one step \(step). "
        + "Lower --learning-rate; the best values so far are kept."
    case .recipe(let problem): "\(problem)."
    case .state(let path, let problem):
      "\(path): \(problem). Remove the folder to begin the run anew."
    }
  }
}
