internal import Corpus
internal import LMDB
internal import Training

extension Store {
  /// Gives each example negatives from what the active version answers to its query; where the ranking has too
  /// few, passages by chance make up the number.
  ///
  /// - Parameter progress: answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Complexity: one search a query, rangeMax and its answers deep.
  func mine(
    _ data: TrainingData, _ places: PassagePlaces, _ settings: MiningSettings, count: Int,
    seed: UInt64, progress: ProgressHandler
  ) throws -> [TrainingExample]? {
    var search = try BatchSearch(self, .usual, version: nil)
    let byQuery = Dictionary(grouping: data.examples.indices) { data.examples[$0].query }
    var mined = data.examples
    let size = search.batchSize(k: settings.depth(answers: 1))
    for start in stride(from: 0, to: data.queries.count, by: size) {
      let queries = start..<min(start + size, data.queries.count)
      let deepest = queries.map { settings.depth(answers: data.answers[$0].count) }.max() ?? 1
      let answers = try search.run(
        QueryBatch(
          ids: queries.map { Identifier("\($0)") }, content: .texts(Array(data.queries[queries]))),
        k: deepest)
      let snapshot = try environment.snapshot()
      for (query, hits) in zip(queries, answers) {
        let ranked = try ranked(hits, places, in: snapshot)
        for place in byQuery[query] ?? [] {
          mined[place] = example(
            mined[place], ranked, data.answers[query], places, settings, count: count,
            key: RandomKey.mix(RandomKey.mix(seed, 0x313e), UInt64(place)))
        }
      }
      let isDone = queries.upperBound == data.queries.count
      let told = Progress(
        stage: .searching, done: queries.upperBound, total: data.queries.count)
      if !progress(told), !isDone { return nil }
    }
    return mined
  }

  /// Hits by their texts; of equal texts the first counts.
  private func ranked(
    _ hits: [RunHit], _ places: PassagePlaces, in snapshot: borrowing Snapshot
  ) throws -> [RankedPassage] {
    var seen: Set<Int> = []
    var ranked: [RankedPassage] = []
    for hit in hits {
      guard let row = try checkedRow(of: hit.passage, in: snapshot),
        let place = places.place(ofRow: row), seen.insert(place).inserted
      else { continue }
      ranked.append(RankedPassage(place: place, score: hit.score))
    }
    return ranked
  }

  private func example(
    _ example: TrainingExample, _ ranked: [RankedPassage], _ answers: Set<Int>,
    _ places: PassagePlaces, _ settings: MiningSettings, count: Int, key: UInt64
  ) -> TrainingExample {
    var numbers = RandomNumbers(key: key)
    var negatives = settings.negatives(
      ranked, answers: answers, positive: example.positive, count: count, &numbers
    ).map(\.passage.place)
    while negatives.count < count {
      let place = numbers.below(places.count)
      if !answers.contains(place), !negatives.contains(place) { negatives.append(place) }
    }
    return TrainingExample(
      query: example.query, positive: example.positive, negatives: negatives)
  }
}
