internal import Glibc

/// The hits of one query, in the order in which they came.
///
/// The ids lie one behind the other, so that a hit costs no allocation of its own.
/// Memory: 16 bytes a hit and the bytes of its id.
package struct RunHits: Sendable {
  private struct Row {
    /// The end of the id; it begins where that of the row before ends.
    let end: Int
    let rank: Int32
    let score: Float
  }

  private var ids: [UInt8] = []
  private var rows: [Row] = []

  package init() {}

  /// No hits yet, but room for about as many as `other` has.
  init(sizedLike other: RunHits) {
    ids.reserveCapacity(other.ids.count)
    rows.reserveCapacity(other.rows.count)
  }

  mutating func append(_ hit: RunHit) {
    ids.append(contentsOf: hit.passage.text.utf8)
    rows.append(Row(end: ids.count, rank: hit.rank, score: hit.score))
  }

  @unsafe mutating func append(id: UnsafeRawBufferPointer, rank: Int32, score: Float) {
    unsafe ids.append(contentsOf: id)
    rows.append(Row(end: ids.count, rank: rank, score: score))
  }

  package func rank(at position: Int) -> Int32 { rows[position].rank }
  package func score(at position: Int) -> Float { rows[position].score }

  /// The bytes of an id, for comparing many without a string for each. They live in the closure.
  package func withID<Result>(
    at position: Int, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let start = position == 0 ? 0 : rows[position - 1].end
    let range = start..<rows[position].end
    // Sound: the ends rise and the last of them is the count of `ids`.
    return unsafe ids.withUnsafeBytes { unsafe body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// Whether two hits have one id.
  func haveEqualIDs(_ first: Int, _ second: Int) -> Bool {
    unsafe withID(at: first) { left in
      unsafe withID(at: second) { right in unsafe order(left, right) == 0 }
    }
  }

  /// Positions by falling score as float32, and by falling id where scores are equal: the order in
  /// which trec_eval takes the hits, whatever their ranks say.
  ///
  /// Cost: O(n) where the hits have that order already, else O(n log n).
  package func rankedPositions() -> [Int] {
    let positions = Array(rows.indices)
    // A zero is a zero, with or without a sign.
    func precedes(_ left: Int, _ right: Int) -> Bool {
      let (first, second) = (rows[left].score, rows[right].score)
      if first != second { return first > second }
      return unsafe withID(at: left) { left in
        unsafe withID(at: right) { right in unsafe order(left, right) > 0 }
      }
    }
    let isRanked = zip(positions, positions.dropFirst()).allSatisfy { precedes($0, $1) }
    return isRanked ? positions : positions.sorted(by: precedes)
  }
}

extension RunHits: RandomAccessCollection {
  package var startIndex: Int { 0 }
  package var endIndex: Int { rows.count }

  package subscript(position: Int) -> RunHit {
    let id = unsafe withID(at: position) { unsafe String(decoding: $0, as: UTF8.self) }
    return RunHit(
      passage: Identifier(id), rank: rows[position].rank, score: rows[position].score)
  }
}

/// Below zero, zero or above zero, as C's `memcmp` has it, a prefix before what it begins.
private func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let common = min(left.count, right.count)
  guard common > 0, let start = left.baseAddress, let other = right.baseAddress else {
    return left.count - right.count
  }
  // Sound: both have `common` bytes.
  let order = unsafe memcmp(start, other, common)
  return order != 0 ? Int(order) : left.count - right.count
}
