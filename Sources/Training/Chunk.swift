/// Passages that one worker takes through the layers: their rows lie side by side in every buffer of a pass.
///
/// Chunks depend on the passages' lengths alone, never on the number of workers.
struct Chunk: Sendable {
  /// Its place among the chunks of the pass.
  let number: Int
  let passages: Range<Int>
  /// Its tokens among those of the pass.
  let rows: Range<Int>

  /// Tokens that are enough for one: each block of weights is used some dozen times while it is in cache.
  static let tokens = 128

  /// Ranges of chunks, each of at most `tokens` tokens, but one chunk at least.
  static func windows(_ chunks: [Chunk], tokens: Int) -> [Range<Int>] {
    var windows: [Range<Int>] = []
    var first = 0
    for (number, chunk) in chunks.enumerated()
    where chunk.rows.upperBound - chunks[first].rows.lowerBound > tokens && number > first {
      windows.append(first..<number)
      first = number
    }
    if first < chunks.count { windows.append(first..<chunks.count) }
    return windows
  }

  /// - Parameter offsets: B + 1 starts of passages, the last one the end.
  static func all(_ offsets: [Int]) -> [Chunk] {
    var chunks: [Chunk] = []
    var first = 0
    for passage in 1..<offsets.count
    where offsets[passage] - offsets[first] >= tokens || passage == offsets.count - 1 {
      chunks.append(
        Chunk(
          number: chunks.count, passages: first..<passage,
          rows: offsets[first]..<offsets[passage]))
      first = passage
    }
    return chunks
  }
}
