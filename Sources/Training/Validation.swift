package import Encoding
package import LinearAlgebra

/// The judged queries that a run watches, and the passages among which it looks for their answers.
package struct Validation: Sendable {
  /// With their prefixes.
  package let queries: [String]
  private let passages: [String]
  /// Where the passages are among those of the data.
  package let places: [Int]
  /// For each query the places of its answers among the passages.
  private let answers: [Set<Int>]

  /// - Parameters:
  ///   - queries, passages: with their prefixes.
  ///   - places: of the passages.
  package init(queries: [String], passages: [String], places: [Int], answers: [Set<Int>]) {
    precondition(answers.count == queries.count && places.count == passages.count)
    self.queries = queries
    self.passages = passages
    self.places = places
    self.answers = answers
  }

  package var queryCount: Int { queries.count }
  package var passageCount: Int { passages.count }

  /// What one look at an encoder tells.
  package struct Result: Sendable, Equatable, Codable {
    /// Mean of 1 / the first answer's rank, 0 beyond the tenth.
    package let reciprocalRank: Double
    /// Of the passages' embeddings: RankMe, and the mean cosine of two of them.
    package let effectiveRank: Double
    package let meanCosine: Double

    package init(reciprocalRank: Double, effectiveRank: Double, meanCosine: Double) {
      self.reciprocalRank = reciprocalRank
      self.effectiveRank = effectiveRank
      self.meanCosine = meanCosine
    }

    /// Whether embeddings have drawn together since the parent: the bounds of the gate.
    package func hasCollapsed(since base: Result) -> Bool {
      effectiveRank < 0.8 * base.effectiveRank || meanCosine > base.meanCosine + 0.1
    }
  }

  /// - Complexity: encodes all texts; then as `evaluate(queries:passages:)`.
  package func evaluate(_ encoder: TextEncoder, workerCount: Int) -> Result {
    evaluate(
      queries: encoder.encode(queries, workerCount: workerCount),
      passages: encoder.encode(passages, workerCount: workerCount), width: encoder.width,
      kernels: encoder.kernels)
  }

  /// - Parameters:
  ///   - queries, passages: unit rows of width D, of all of them in their order.
  /// - Complexity: queries · passages · D multiplications.
  package func evaluate(
    queries vectors: [Float], passages rows: [Float], width D: Int, kernels: Kernels
  ) -> Result {
    guard Kernels.allFinite(vectors.span), Kernels.allFinite(rows.span) else {
      // Whatever compares with what is no number must not look good.
      return Result(reciprocalRank: 0, effectiveRank: 0, meanCosine: 1)
    }
    let figures = EmbeddingFigures(rows, width: D)
    var linear = Linear(inputWidth: D, outputWidth: passages.count)
    linear.append(
      weight: rows.span, bias: [Float](repeating: 0, count: passages.count).span)
    var sum = 0.0
    var scores = [Float](repeating: 0, count: passages.count)
    for query in queries.indices {
      var view = scores.mutableSpan
      kernels.apply(
        linear, to: vectors.span.extracting(query * D..<(query + 1) * D), rows: 1, into: &view)
      sum += reciprocalRank(query, scores)
    }
    return Result(
      reciprocalRank: sum / Double(max(1, queries.count)), effectiveRank: figures?.rank ?? 0,
      meanCosine: figures?.meanCosine ?? 1)
  }

  /// Of equal scores the first passage is ranked first.
  private func reciprocalRank(_ query: Int, _ scores: [Float]) -> Double {
    guard let best = answers[query].min(by: { (-scores[$0], $0) < (-scores[$1], $1) }) else {
      return 0
    }
    var rank = 1
    for place in scores.indices
    where (-scores[place], place) < (-scores[best], best) && !answers[query].contains(place) {
      rank += 1
      if rank > 10 { return 0 }
    }
    return 1 / Double(rank)
  }
}
