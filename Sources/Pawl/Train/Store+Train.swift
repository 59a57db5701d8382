internal import Corpus
internal import Encoding
internal import LMDB
internal import LinearAlgebra
package import Training

/// How a new version is trained.
package struct TrainOptions: Sendable {
  package var recipe = Recipe.safe
  /// Whose encoder is trained; nil: the active version's.
  package var version: String?
  /// A file of triples to learn from instead of the judgments; nil: none.
  package var triples: String?
  /// Draw so many examples from it; nil: all.
  package var sampleCount: Int?
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
  /// Triples are read, negatives mined, or recall is measured; answers whether to go on.
  package var didPrepare: ProgressHandler = { _ in true }
  /// Asked between long pieces of work: whether to go on.
  package var isWanted: () -> Bool = { true }
  package var didPlan: (TrainingPlan) -> Void = { _ in }
  package var didStep: (Trainer.Step, _ of: Int) -> Bool = { _, _ in true }
  package var didValidate: (ValidationReport) -> Void = { _ in }

  package init() {}
}

/// A look at the values of a run.
package struct ValidationReport: Sendable, Equatable {
  /// Steps taken before it.
  package let step: Int
  package let result: Validation.Result
  package let isBest: Bool
  /// Embeddings have drawn together since the parent.
  package let hasCollapsed: Bool
}

/// What a run is about to do.
package struct TrainingPlan: Sendable, Equatable {
  package let version: String
  package let parent: String
  package let recipe: String
  package let exampleCount: Int
  package let queryCount: Int
  package let unansweredCount: Int
  package let unusableCount: Int
  /// Examples of a file, or pairs, that were not drawn.
  package let leftOutCount: Int
  /// Pairs for which no negative was found.
  package let withoutNegativesCount: Int
  package let validationQueryCount: Int
  package let validationPassageCount: Int
  package let trainedCount: Int
  package let parameterCount: Int
  package let stepCount: Int
  /// Steps that an earlier call took.
  package let doneCount: Int
  /// Folders of other runs that have not ended.
  package let otherRuns: [String]
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
  /// Queries kept back that are the store's set for calibrations from now on; nil where it had one, or they are few.
  package let calibrationCount: Int?
  /// What was done for an index that it shares with others.
  package var upkeep = IndexUpkeep()
}

extension Store {
  /// What `train` would do; some steps are tried, and nothing is written.
  ///
  /// - Returns: nil where it was stopped.
  package func estimateTraining(
    _ set: EvaluationSet?, _ options: TrainOptions, _ watcher: TrainingWatcher = TrainingWatcher()
  ) throws -> TrainingEstimate? {
    try TrainingJob(self, set, options, watcher)?.estimate()
  }

  /// Makes the next version of the active version's encoder from queries and judgments, or from triples.
  ///
  /// Stopped or killed before the version is there, the same call goes on, and ends with the same bytes. It is in the
  /// state `trained`, with an index that has no codes yet; one that is an adapter of queries shares its parent's
  /// index, of which recall is measured for its queries, and is `ready`.
  /// - Parameter set: nil where triples of texts are all there is.
  /// - Returns: nil where it was stopped.
  package func train(
    _ set: EvaluationSet?, _ options: TrainOptions, _ watcher: TrainingWatcher
  ) throws -> TrainSummary? {
    // Before all else: the job's name keeps others from making a version of the same name.
    try asOnlyJob(JobRecord.training) {
      try TrainingJob(self, set, options, watcher)?.run(watcher)
    }
  }
}
