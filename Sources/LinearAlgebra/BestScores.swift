internal import CKernels

/// The best few of many scores, best first, and the memory to find them in: one thread's, used again
/// and again without allocating.
package struct BestScores: ~Copyable {
  /// How many were found.
  package private(set) var count = 0
  /// How many scores there are.
  private var filled = 0
  private var scores: AlignedBuffer<Float>
  private var keys: AlignedBuffer<Int32>
  private var ranked: AlignedBuffer<UInt64>
  /// Where in `ranked` they begin.
  private var start = 0

  package init() {
    scores = AlignedBuffer(repeating: 0, count: 0)
    keys = AlignedBuffer(repeating: 0, count: 0)
    ranked = AlignedBuffer(repeating: 0, count: 0)
  }

  /// Finds the p best of the scores, of equal ones those of the lowest places, in place of what was found
  /// before. A NaN is lower than everything.
  ///
  /// - Parameter p: more than there are mean all.
  /// - Complexity: O(n + p log p).
  package mutating func findBest(_ p: Int) {
    precondition(p >= 0, "the best \(p)")
    count = min(p, filled)
    if count > 0 { select(of: filled) }
  }

  /// Takes n scores, to be ranked; none is found yet.
  package mutating func fill(_ n: Int, _ fill: (inout MutableSpan<Float>) -> Void) {
    precondition(n >= 0 && n <= Int(UInt32.max), "\(n) scores")
    reserve(n)
    var all = scores.mutableSpan
    var view = all.part(0..<n)
    fill(&view)
    (filled, count) = (n, 0)
  }

  /// The highest of the scores; −∞ where there is none.
  package var highest: Float {
    var highest = -Float.infinity
    for place in 0..<filled where scores[place] > highest { highest = scores[place] }
    return highest
  }

  /// Finds the scores from `low` on that are below `high`, in place of what was found before.
  ///
  /// - Complexity: one pass over the scores, and a sort of those that are found.
  package mutating func find(from low: Float, below high: Float) {
    // Sound: `reserve` made the room that the header asks for.
    let found = unsafe pawl_scores_between(
      filled, scores.address, low, high, ranked.address, &count)
    unsafe begin(at: found)
  }

  /// The score that is the `position`th best, and its place.
  package subscript(position: Int) -> (place: Int, score: Float) {
    precondition(position >= 0 && position < count, "position \(position) of \(count)")
    let place = Int(UInt32(truncatingIfNeeded: ranked[start + position]))
    return (place, scores[place])
  }

  private mutating func reserve(_ n: Int) {
    guard scores.count < n else { return }
    scores = AlignedBuffer(repeating: 0, count: n)
    keys = AlignedBuffer(repeating: 0, count: 2 * n)
    ranked = AlignedBuffer(repeating: 0, count: 2 * n)
  }

  private mutating func select(of n: Int) {
    // Sound: `reserve` made the rooms that the header asks for.
    let found = unsafe pawl_best_scores(n, count, scores.address, keys.address, ranked.address)
    unsafe begin(at: found)
  }

  private mutating func begin(at found: UnsafePointer<pawl_ranked>?) {
    if let found = unsafe found, let first = unsafe ranked.address {
      start = unsafe found - UnsafePointer(first)
    }
  }
}
