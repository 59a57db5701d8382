/// Scores that fall strictly: one that is not below the score before it becomes the next float32 below
/// that.
///
/// Programs that read runs sort by score as float32 and break ties in ways of their own.
package struct FallingScores {
  private var last = (given: Float.infinity, made: Float.infinity)

  package init() {}

  /// The score to write.
  ///
  /// - Parameter score: finite, and not above the one before; callers see to that.
  package mutating func next(_ score: Float) -> Float {
    precondition(score.isFinite && score <= last.given, "score \(score) follows \(last.given)")
    let made = score < last.made ? score : last.made.nextDown
    last = (score, made)
    return made
  }
}
