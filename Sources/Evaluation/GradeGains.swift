/// What a passage of each grade is worth: its grade, unless something else is said.
package struct GradeGains: Sendable, Hashable {
  package struct Override: Sendable, Hashable {
    package let grade: Int32
    package let gain: Double

    package init(grade: Int32, gain: Double) {
      self.grade = grade
      self.gain = gain
    }
  }

  /// The first one for a grade counts.
  package var overrides: [Override]

  package init(_ overrides: [Override] = []) {
    self.overrides = overrides
  }

  /// The gain of a passage. One that was not judged has none.
  func gain(of grade: Int32) -> Double {
    if grade < 0 { return 0 }
    return overrides.first { $0.grade == grade }?.gain ?? Double(grade)
  }

  /// The gains of the best answer that there could be, falling, as runs of equal ones; those that
  /// are above zero. trec_eval does not order gains that differ by less than 1; here they are.
  func ideal(for ranking: JudgedRanking) -> [(gain: Double, count: Int)] {
    ranking.levels.map { (gain(of: $0.grade), $0.count) }.filter { $0.0 > 0 }.sorted { $0.0 > $1.0 }
  }
}
