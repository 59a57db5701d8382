internal import Corpus
internal import Encoding
internal import LMDB
internal import LinearAlgebra
package import Training

/// How a new version is trained.
package struct TrainOptions: Sendable {
  package var recipe = Recipe.safe
  /// Steps, or else minutes; nil for both: as many steps as the recipe's epochs have.
  package var stepCount: Int?
  package var minutes: Double?
  package var seed: UInt64 = 1
  /// Tokens of the longest text, in training and in the version; nil: the parent's.
  package var maxLength: Int?
  /// The grade from which a passage answers a query.
  package var minimumGrade: Int32 = 1

  package init() {}
}

/// Told of a run while it goes; `didStep` answers whether to go on.
package struct TrainingWatcher {
  package var didMine: ProgressHandler = { _ in true }
  package var didPlan: (TrainingPlan) -> Void = { _ in }
  package var didStep: (Trainer.Step, _ of: Int) -> Bool = { _, _ in true }
  package var didValidate: (Validation.Result, _ step: Int, _ isBest: Bool) -> Void = { _, _, _ in }

  package init() {}
}

/// What a run is about to do.
package struct TrainingPlan: Sendable, Equatable {
  package let version: String
  package let parent: String
  package let recipe: String
  package let exampleCount: Int
  package let queryCount: Int
  package let unansweredCount: Int
  package let validationQueryCount: Int
  package let validationPassageCount: Int
  package let trainedCount: Int
  package let parameterCount: Int
  package let stepCount: Int
  /// Steps that an earlier call took.
  package let doneCount: Int
}

/// What a run would do, and what is known of its recipe.
package struct TrainingEstimate: Sendable {
  package let plan: TrainingPlan
  package let advice: String
  package let seconds: Double
  /// What this process needed to try some steps.
  package let memoryInBytes: Int
}

/// What a run made.
package struct TrainSummary: Sendable, Equatable {
  package let version: String
  package let stepCount: Int
  package let bestStep: Int
  package let baseMetric: Double
  package let metric: Double
  /// α of the trained values, 1 − α of the parent's.
  package let share: Double
}

extension Store {
  /// What `train` would do; some steps are tried, and nothing is written.
  package func estimateTraining(
    _ set: EvaluationSet, _ options: TrainOptions
  ) throws -> TrainingEstimate {
    try TrainingJob(self, set, options).estimate()
  }

  /// Makes the next version of the active version's encoder from queries and judgments.
  ///
  /// Stopped or killed at any moment, the same call goes on, and ends with the same bytes. The version is in the
  /// state `trained`, with an index that has no codes yet.
  /// - Returns: nil where it was stopped.
  package func train(
    _ set: EvaluationSet, _ options: TrainOptions, _ watcher: TrainingWatcher
  ) throws -> TrainSummary? {
    let job = try TrainingJob(self, set, options)
    return try job.run(watcher)
  }
}
