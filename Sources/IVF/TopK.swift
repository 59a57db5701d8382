/// The k rows with the highest scores, and every row that ties with the last of them.
///
/// Ties are kept because their order is decided by the passages' ids, which a scan does not know.
/// A NaN is lower than everything.
package struct TopK {
  package struct Candidate: Equatable, Sendable {
    package let score: Float
    package let row: UInt32
  }

  private let k: Int
  /// A heap of at most k, the lowest score on top.
  private var heap: [Candidate] = []
  /// Candidates that have the score on top of a full heap.
  private var ties: [Candidate] = []

  /// - Parameter k: at least 1.
  package init(k: Int) {
    precondition(k >= 1, "the best \(k) rows")
    self.k = k
    heap.reserveCapacity(min(k, 4096))
  }

  /// Whether k are known.
  package var isFull: Bool { heap.count == k }

  /// Scores below this cannot enter.
  package var threshold: Float { isFull ? heap[0].score : -.infinity }

  /// - Complexity: O(1) for a score below the threshold, else O(log k).
  package mutating func insert(score: Float, row: UInt32) {
    let candidate = Candidate(score: score.isNaN ? -.infinity : score, row: row)
    if heap.count < k {
      heap.append(candidate)
      siftUp(heap.count - 1)
    } else if candidate.score > heap[0].score {
      let leaving = heap[0]
      heap[0] = candidate
      siftDown(0)
      if heap[0].score == leaving.score {
        ties.append(leaving)
      } else if !ties.isEmpty {
        ties.removeAll(keepingCapacity: true)
      }
    } else if candidate.score == heap[0].score {
      ties.append(candidate)
    }
  }

  /// All candidates, best first, equal scores by row; more than k where the last place is shared.
  package func candidates() -> [Candidate] {
    var ordered = (heap + ties).map { (key: $0.key, score: $0.score) }
    ordered.sort { $0.key < $1.key }
    return ordered.map { Candidate(score: $0.score, row: UInt32(truncatingIfNeeded: $0.key)) }
  }

  private mutating func siftUp(_ start: Int) {
    var heap = heap.mutableSpan
    let moving = heap[start]
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent].score <= moving.score { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = moving
  }

  private mutating func siftDown(_ start: Int) {
    var heap = heap.mutableSpan
    let moving = heap[start]
    var parent = start
    while 2 * parent + 1 < heap.count {
      var child = 2 * parent + 1
      if child + 1 < heap.count, heap[child + 1].score < heap[child].score { child += 1 }
      if heap[child].score >= moving.score { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = moving
  }
}

extension TopK.Candidate {
  /// Its place among others as one number, which sorts in half the time that two comparisons take:
  /// high scores first, then low rows. Zeros are equal, whatever their sign.
  fileprivate var key: UInt64 {
    let bits = (score + 0).bitPattern
    let descending = bits >> 31 == 0 ? ~(bits | 1 << 31) : bits
    return UInt64(descending) << 32 | UInt64(row)
  }
}
