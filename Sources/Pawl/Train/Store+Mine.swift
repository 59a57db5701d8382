internal import Corpus
internal import LMDB
package import Training

/// How negatives are mined.
package struct MineOptions: Sendable {
  package var mining = MiningSettings()
  /// Of each judged pair, at most.
  package var negativeCount = 3
  /// Nil: the active version ranks.
  package var version: String?
  package var seed: UInt64 = 1
  /// The grade from which a passage answers a query.
  package var minimumGrade: Int32 = 1
  /// Whether texts are written, not ids.
  package var writesTexts = false

  package init() {}
}

/// What `mine` found.
package struct MineSummary: Sendable, Equatable {
  package let version: String
  package let pairCount: Int
  package let tripleCount: Int
  /// Pairs without a passage that may be a negative.
  package let emptyCount: Int
}

extension Store {
  /// Writes triples of judged pairs and negatives that a version ranks near them, each with its rank, its score
  /// and the version.
  ///
  /// Passages whose text equals an answer's are answers, too.
  /// - Parameters:
  ///   - inputs: files that `path` must not be.
  ///   - progress: answering false stops; nothing is written then.
  /// - Returns: nil where it was stopped.
  package func mine(
    _ set: EvaluationSet, _ options: MineOptions, to path: String, apartFrom inputs: [String] = [],
    progress: ProgressHandler
  ) throws -> MineSummary? {
    try requireOutput(path, apartFrom: inputs)
    // Made and dropped: a file that cannot be written is better told before the work than after it.
    _ = try OutputFile(path: path)
    let places = try PassagePlaces(self)
    let (data, labels) = try TrainingPairs.judged(
      set, places, in: self, minimumGrade: options.minimumGrade)
    if data.examples.isEmpty {
      throw StoreError.nothingStored(path: self.path, relevantFrom: Int(options.minimumGrade))
    }
    let version = try versionWithCodes(options.version)
    let mined = try mine(
      data, places, options.mining, version: version, count: options.negativeCount,
      seed: options.seed, progress: progress)
    guard let mined else { return nil }
    let file = MinedNegatives(path: path, self, places)
    if options.writesTexts {
      try file.writeTexts(mined, data, version: version)
    } else {
      try file.write(mined, data, labels: labels, version: version)
    }
    return MineSummary(
      version: version, pairCount: data.examples.count,
      tripleCount: mined.reduce(0) { $0 + $1.count }, emptyCount: mined.count(where: \.isEmpty))
  }

  /// The name of a version that can rank.
  private func versionWithCodes(_ name: String?) throws -> String {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    if try index(version.index, in: snapshot).count == 0 {
      throw StoreError.notEmbedded(path: path, version: version.name)
    }
    return version.name
  }

  /// Finds each example's negatives in what a version answers to its query.
  ///
  /// - Parameters:
  ///   - version: nil: the active one.
  ///   - count: of each example, at most.
  ///   - progress: answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Complexity: one search a query, rangeMax and its answers deep.
  func mine(
    _ data: TrainingData, _ places: PassagePlaces, _ settings: MiningSettings,
    version: String? = nil, count: Int, seed: UInt64, progress: ProgressHandler
  ) throws -> [[MinedPassage]]? {
    let byQuery = Dictionary(grouping: data.examples.indices) { data.examples[$0].query }
    let asked = byQuery.keys.sorted()
    var mined = [[MinedPassage]](repeating: [], count: data.examples.count)
    let isDone = try rank(
      asked.map { data.queries[$0] }, places, version: version,
      depth: { settings.depth(answers: data.answers[asked[$0]].count) }, progress: progress
    ) { number, ranked in
      let query = asked[number]
      for place in byQuery[query] ?? [] {
        var numbers = RandomNumbers(
          key: RandomKey.mix(RandomKey.mix(seed, 0x313e), UInt64(place)))
        mined[place] = settings.negatives(
          ranked, answers: data.answers[query], positive: data.examples[place].positive,
          count: count, &numbers)
      }
    }
    return isDone ? mined : nil
  }
}
