internal import Corpus
internal import Training

/// Examples of a file of triples: lines that follow each other and have one query and positive are one example
/// with several negatives.
struct SampledTriples {
  struct Example {
    let line: Int
    let query: String
    let positive: String
    var negatives: [String]
    /// Of the positive, then of each negative; empty without a teacher.
    var scores: [Float]
  }

  let content: TriplesReader.Content
  let path: String
  /// In the order of the file.
  let examples: [Example]

  /// Examples in memory at most, and negatives of each: what is more is drawn from, and left out.
  private static let (mostExamples, mostNegatives) = (1_000_000, 1_000)
  /// Examples of the file.
  let foundCount: Int

  /// - Parameters:
  ///   - count: draw so many, each with the same chance; nil: all, a million at most.
  ///   - progress: told how many bytes are read; answering false stops.
  /// - Returns: nil where it was stopped.
  /// - Complexity: one pass over the file; memory for the examples that are drawn.
  /// Source: Vitter 1985, algorithm R.
  init?(path: String, count: Int?, seed: UInt64, progress: ProgressHandler) throws {
    var reader = try TriplesReader(path: path)
    var numbers = RandomNumbers(key: RandomKey.mix(seed, 0x7219))
    var (drawn, seen): ([Example], Int) = ([], 0)
    var open: Example?
    func draw(_ example: Example) {
      seen += 1
      if drawn.count < min(count ?? .max, Self.mostExamples) { return drawn.append(example) }
      let place = numbers.below(seen)
      if place < drawn.count { drawn[place] = example }
    }
    while let triple = try reader.next() {
      // Byte by byte: == takes canonically equivalent texts for one.
      if let last = open, last.query.utf8.elementsEqual(triple.query.utf8),
        last.positive.utf8.elementsEqual(triple.positive.utf8)
      {
        if last.negatives.count >= Self.mostNegatives { continue }
        open?.negatives.append(triple.negative)
        if let scores = triple.scores { open?.scores.append(scores.negative) }
        continue
      }
      if let open { draw(open) }
      open = Example(
        line: reader.line, query: triple.query, positive: triple.positive,
        negatives: [triple.negative],
        scores: triple.scores.map { [$0.positive, $0.negative] } ?? [])
      if seen % 10_000 == 9_999,
        !progress(
          Progress(stage: .reading, done: Int(reader.position), total: Int(reader.sizeInBytes)))
      {
        return nil
      }
    }
    if let open { draw(open) }
    content = reader.content ?? .texts
    self.path = path
    foundCount = seen
    examples = drawn.sorted { $0.line < $1.line }
  }

  /// The error of an example whose query or passage nobody knows.
  func unknownQuery(_ example: Example) -> StoreError {
    .unknownInTriples(path: path, line: example.line, query: example.query)
  }
}
