internal import Corpus
internal import LMDB
internal import Training

extension Store {
  /// What a version answers to queries: passages by their texts, of equal ones the first.
  ///
  /// - Parameters:
  ///   - version: nil: the active one.
  ///   - depth: how many passages are wanted for the query of a number, equal texts counted apart.
  ///   - progress: answering false stops.
  ///   - take: gets a query's number and its ranking, the best first.
  /// - Returns: false where it was stopped.
  /// - Complexity: one search a query; the hits of a batch in memory.
  func rank(
    _ queries: [String], _ places: PassagePlaces, version: String? = nil, depth: (Int) -> Int,
    progress: ProgressHandler = { _ in true }, _ take: (Int, [RankedPassage]) -> Void
  ) throws -> Bool {
    var search = try BatchSearch(self, .usual, version: version)
    let size = search.batchSize(k: queries.indices.map(depth).max() ?? 1)
    for start in stride(from: 0, to: queries.count, by: size) {
      let numbers = start..<min(start + size, queries.count)
      let answers = try search.run(
        QueryBatch(
          ids: numbers.map { Identifier("\($0)") }, content: .texts(Array(queries[numbers]))),
        k: numbers.map(depth).max() ?? 1)
      let snapshot = try environment.snapshot()
      for (number, hits) in zip(numbers, answers) {
        take(number, try ranked(hits, places, in: snapshot))
      }
      let told = Progress(stage: .searching, done: numbers.endIndex, total: queries.count)
      if !progress(told), numbers.endIndex < queries.count { return false }
    }
    return true
  }

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
}
