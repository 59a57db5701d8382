/// One query's answer as its judges see it: all that measures need to know about a query.
///
/// Only the hits that the qrels name are kept, with their ranks; every other rank up to
/// `retrievedCount` holds a passage that nobody judged. So a thousand hits of which two are judged
/// cost a measure two steps.
package struct JudgedRanking: Sendable, Equatable {
  /// A retrieved passage that the qrels name.
  package struct Hit: Sendable, Equatable {
    /// From 1.
    package let rank: Int
    /// Below zero: the qrels name the passage, but it was not judged.
    package let grade: Int32

    package init(rank: Int, grade: Int32) {
      self.rank = rank
      self.grade = grade
    }

    package var isJudged: Bool { grade >= 0 }
  }

  /// How many passages of the qrels have a grade.
  package struct Level: Sendable, Equatable {
    package let grade: Int32
    package let count: Int
  }

  /// Number of hits, judged or not.
  package let retrievedCount: Int
  /// The hits that the qrels name, by rank.
  package let hits: [Hit]
  /// The grades from 0 that the qrels have for the query, falling, with their numbers of passages.
  package let levels: [Level]
  /// The grade from which a passage counts as relevant.
  package let minimumGrade: Int32
  /// Ranks of the relevant hits, rising.
  package let relevantRanks: [Int]
  /// Number of relevant passages in the qrels, retrieved or not.
  package let relevantCount: Int

  /// - Parameters:
  ///   - grades: the grades of all passages that the qrels name for the query, in any order.
  ///   - minimumGrade: at least 0.
  package init(
    retrievedCount: Int, hits: [Hit], grades: some Sequence<Int32>, minimumGrade: Int32
  ) {
    var counts: [Int32: Int] = [:]
    for grade in grades where grade >= 0 { counts[grade, default: 0] += 1 }
    self.retrievedCount = retrievedCount
    self.hits = hits
    self.minimumGrade = minimumGrade
    levels = counts.sorted { $0.key > $1.key }.map { Level(grade: $0.key, count: $0.value) }
    relevantRanks = hits.filter { $0.isJudged && $0.grade >= minimumGrade }.map(\.rank)
    relevantCount = levels.reduce(0) { $0 + ($1.grade >= minimumGrade ? $1.count : 0) }
  }

  package func isRelevant(_ hit: Hit) -> Bool { hit.isJudged && hit.grade >= minimumGrade }

  /// Number of relevant hits.
  package var relevantRetrievedCount: Int { relevantRanks.count }

  /// Number of relevant hits down to a rank.
  package func relevantCount(downTo rank: Int) -> Int {
    relevantRanks.reduce(0) { $0 + ($1 <= rank ? 1 : 0) }
  }

  /// Number of passages in the qrels that were judged and are not relevant.
  package var nonrelevantCount: Int {
    levels.reduce(0) { $0 + ($1.grade < minimumGrade ? $1.count : 0) }
  }
}
