import Encoding
import LinearAlgebra
import Testing

@testable import Training

/// Adapters of queries' vectors.
@Suite struct QueryAdapterTests {
  @Test("an adapter's gradients are those of central differences")
  func adapterGradients() throws {
    var recipe = Recipe.queryAdapter
    (recipe.batchSize, recipe.rank) = (3, 2)
    let D = 5
    var numbers = RandomNumbers(key: 4)
    func number() -> Float { Float(numbers.below(2_001)) / 1_000 - 1 }
    func rows(_ count: Int) -> [Float] {
      (0..<count).flatMap { _ -> [Float] in
        let row = (0..<D).map { _ in number() }
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return row.map { $0 / length }
      }
    }
    let data = TrainingData(
      queries: ["a", "b", "c"], passages: ["x", "y", "z"],
      examples: (0..<3).map { TrainingExample(query: $0, positive: $0) },
      answers: (0..<3).map { [$0] })
    let objective = QueryAdapterObjective(
      recipe, data,
      CachedVectors(
        width: D, queries: rows(3), passages: rows(3), rows: [0: 0, 1: 1, 2: 2]), kernels: .best,
      seed: 1)
    let (values, gradients) = (objective.trained.values, objective.trained.gradients)
    func set(_ index: Int, _ value: Float) {
      var view = unsafe values.mutableSpan(0..<values.count)
      view[index] = value
    }
    for index in 0..<values.count { set(index, number() / 2) }
    _ = try objective.addGradients(ofStep: 0)
    let found = gradients.array
    let start = values.array
    for index in 0..<values.count {
      var losses: [Double] = []
      for step in [Float(0.01), -0.01] {
        set(index, start[index] + step)
        losses.append(try #require(try objective.addGradients(ofStep: 0)).loss)
      }
      set(index, start[index])
      let expected = (losses[0] - losses[1]) / 0.02
      // The third derivative's share, and float32's digits.
      #expect(abs(Double(found[index]) - expected) < 2e-2 * max(1, abs(expected)), "\(index)")
    }
  }

  @Test("an adapter of zeros moves nothing, and rows are moved one by one")
  func apply() {
    let D = 6
    var rows = (0..<3).flatMap { row in (0..<D).map { $0 == row ? Float(1) : 0 } }
    let before = rows
    let zeros = QueryAdapter(
      width: D, rank: 2, values: [Float](repeating: 0, count: QueryAdapter.count(width: D, rank: 2))
    )
    zeros.apply(to: &rows, kernels: .best)
    #expect(rows == before)
    // U = e4, V = e0, b = e5: e0 becomes e0 + e4 + e5, e1 becomes e1 + e5.
    var values = [Float](repeating: 0, count: QueryAdapter.count(width: D, rank: 1))
    (values[4], values[D], values[2 * D + 5]) = (1, 1, 1)
    QueryAdapter(width: D, rank: 1, values: values).apply(to: &rows, kernels: .best)
    let (third, half) = (Float(1 / 3.0.squareRoot()), Float(0.5.squareRoot()))
    let expected = [third, 0, 0, 0, third, third, 0, half, 0, 0, 0, half, 0, 0, half, 0, 0, half]
    #expect(zip(rows, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(rows)")
  }
}
