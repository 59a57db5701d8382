package import Encoding
package import LinearAlgebra

/// The vectors that an adapter of queries learns from, made once.
package struct CachedVectors: Sendable {
  /// D.
  let width: Int
  /// Unit rows of the data's queries, in their order.
  let queries: SharedFloats
  /// Unit rows of the passages that some example needs.
  let passages: SharedFloats
  /// The row of a passage, by its place.
  let rows: [Int: Int]

  package init(width: Int, queries: [Float], passages: [Float], rows: [Int: Int]) {
    precondition(passages.count == rows.count * width)
    self.width = width
    self.queries = SharedFloats(queries)
    self.passages = SharedFloats(passages)
    self.rows = rows
  }
}

/// Training of an adapter of queries: passages' vectors stay, so that nothing is encoded and nothing is indexed
/// anew.
package final class QueryAdapterObjective: Objective {
  package let trained: TrainedBlock
  package let kernels: Kernels
  private let rank: Int
  private let loss: any Loss
  private let vectors: CachedVectors
  private let negativeCount: Int
  private var batches: ExampleBatches

  /// - Parameter data: of each example positive and negatives are among the vectors.
  package init(
    _ recipe: Recipe, _ data: TrainingData, _ vectors: CachedVectors, kernels: Kernels,
    seed: UInt64
  ) {
    self.vectors = vectors
    self.kernels = kernels
    rank = recipe.rank
    loss = recipe.lossFunction
    negativeCount = recipe.negativeCount
    batches = ExampleBatches(data, recipe, seed: seed)
    trained = TrainedBlock(queryAdapterOf: vectors.width, rank: recipe.rank)
    trained.startAdapters(seed: seed)
  }

  package var parameterCount: Int { trained.values.count }

  package func batchCount() -> Int { batches.count() }

  package func valuesDidChange() {}

  /// The adapter that values of the trained block are.
  package func adapter(_ values: SharedFloats) -> QueryAdapter {
    QueryAdapter(width: vectors.width, rank: rank, values: values.array)
  }

  package func addGradients(ofStep step: Int) throws -> BatchOutcome? {
    guard let members = batches.batch(ofStep: step) else { return nil }
    let (D, B) = (vectors.width, members.count)
    var rows: [Float] = []
    rows.reserveCapacity((2 + negativeCount) * B * D)
    var factors: [[Float]] = []
    for member in members {
      let (moved, own) = moved(member.query)
      rows += moved
      factors.append(own)
    }
    for member in members { append(member.positive, to: &rows) }
    for member in members {
      for passage in member.negatives { append(passage, to: &rows) }
    }
    let units = UnitRows(rows.span, width: D)
    var batch = LossBatch(
      vectors: loss.takesUnitVectors ? units.values : rows, width: D, queryCount: B,
      negativeCount: negativeCount, teacherScores: members.flatMap(\.teacherScores),
      kernels: kernels)
    let value = loss.evaluate(&batch)
    var gradient = batch.gradient
    if loss.takesUnitVectors { units.backward(&gradient) }
    for (place, member) in members.enumerated() {
      add(gradient.span.extracting(place * D..<(place + 1) * D), member.query, factors[place])
    }
    return BatchOutcome(loss: value, tokenCount: 0)
  }

  private func moved(_ query: Int) -> (vector: [Float], factors: [Float]) {
    let D = vectors.width
    var (moved, factors) = (
      [Float](repeating: 0, count: D), [Float](repeating: 0, count: rank)
    )
    let (queries, values) = (vectors.queries, trained.values)
    QueryAdapter.move(
      queries.span(of: query..<query + 1, width: D), by: values.span(0..<values.count),
      rank: rank, kernels: kernels, factors: &factors, into: &moved)
    return (moved, factors)
  }

  private func append(_ passage: Int, to rows: inout [Float]) {
    guard let row = vectors.rows[passage] else {
      preconditionFailure("passage \(passage) has no vector")
    }
    let passages = vectors.passages
    let vector = passages.span(of: row..<row + 1, width: vectors.width)
    for index in vector.indices { rows.append(vector[index]) }
  }

  /// From the gradient g of a moved query q with h = Vᵀ·q: ∂U += g·hᵀ, ∂V += q·(Uᵀ·g)ᵀ, ∂b += g.
  private func add(_ gradient: Span<Float>, _ query: Int, _ factors: [Float]) {
    let (D, r) = (vectors.width, rank)
    let (queries, values, gradients) = (vectors.queries, trained.values, trained.gradients)
    let vector = queries.span(of: query..<query + 1, width: D)
    // Sound: a step has one thread.
    for k in 0..<r {
      var left = unsafe gradients.mutableSpan(of: k..<k + 1, width: D)
      Kernels.add(gradient, times: factors[k], to: &left)
      let pull = kernels.dot(values.span(of: k..<k + 1, width: D), gradient)
      var right = unsafe gradients.mutableSpan(of: r + k..<r + k + 1, width: D)
      Kernels.add(vector, times: pull, to: &right)
    }
    var bias = unsafe gradients.mutableSpan(of: 2 * r..<2 * r + 1, width: D)
    Kernels.add(gradient, times: 1, to: &bias)
  }
}
