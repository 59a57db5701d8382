import FoundationEssentials
import Glibc
import LinearAlgebra
import Testing

@testable import Training

/// Losses and their gradients against those of sentence-transformers in float64 (tools/goldens/training).
@Suite struct LossGoldenTests {
  private struct Golden: Decodable {
    let loss: Double
    let gradient: [Double]
  }

  /// The batch of the golden script.
  private static let (queryCount, negativeCount, width) = (5, 2, 12)

  private static func direction(_ rows: Int, _ width: Int) -> [Double] {
    (0..<rows * width).map { Double(($0 * 37 + $0 / width * 11) % 17 - 8) / 8 }
  }

  private static let losses: [(name: String, loss: any Loss)] = [
    ("triplet-cosine", TripletLoss(distance: .cosine, margin: 0.2)),
    ("triplet-euclidean", TripletLoss(distance: .euclidean, margin: 5)),
    ("ranking", RankingLoss()), ("ranking-symmetric", RankingLoss(isSymmetric: true)),
    ("contrastive", ContrastiveLoss()), ("cosine", CosineSimilarityLoss()),
    ("cosine-teacher", CosineSimilarityLoss()), ("margin-mse", MarginMSELoss()),
    ("listwise", ListwiseLoss(temperature: 2)),
  ]

  private static func vectors(unit: Bool) -> [[Double]] {
    let count = (2 + negativeCount) * queryCount * width
    let values = zip(direction(count / width, width), 0..<count).map { $0 + 0.3 * sin(Double($1)) }
    return stride(from: 0, to: count, by: width).map { start in
      let row = Array(values[start..<start + width])
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return unit ? row.map { $0 / length } : row
    }
  }

  /// What is left of a gradient when the vector must keep its length.
  private static func tangent(_ gradient: [Double], _ vector: [Double]) -> [Double] {
    let along = zip(gradient, vector).reduce(0) { $0 + $1.0 * $1.1 }
    return zip(gradient, vector).map { $0 - along * $1 }
  }

  @Test(
    "each loss and its gradient are sentence-transformers'", arguments: losses.map(\.name))
  func golden(name: String) throws {
    let goldens = try JSONDecoder().decode(
      [String: Golden].self,
      from: Data(contentsOf: URL(filePath: TrainingFixture.golden("losses.json"))))
    let golden = try #require(goldens[name])
    let loss = try #require(Self.losses.first { $0.name == name }).loss
    let vectors = Self.vectors(unit: loss.takesUnitVectors)
    let hasTeacher = ["cosine-teacher", "margin-mse", "listwise"].contains(name)
    var batch = LossBatch(
      vectors: vectors.flatMap { $0.map(Float.init) }, width: Self.width,
      queryCount: Self.queryCount, negativeCount: Self.negativeCount,
      teacherScores: hasTeacher
        ? Self.direction(Self.queryCount, 1 + Self.negativeCount).map(Float.init) : [],
      kernels: .best)
    let found = loss.evaluate(&batch)
    // Vectors are float32: 6e-8 each, times a scale of 20 in the exponent.
    #expect(abs(found - golden.loss) <= 2e-6 * max(1, golden.loss), "\(found), \(golden.loss)")
    let (D, gradient) = (Self.width, batch.gradient.map(Double.init))
    var (all, expected): ([Double], [Double]) = ([], [])
    for (row, vector) in vectors.enumerated() {
      let part = row * D..<(row + 1) * D
      // The script's cosines divide by lengths, ours are of unit vectors: both change along the sphere alike.
      let (ours, theirs) = (Array(gradient[part]), Array(golden.gradient[part]))
      all += loss.takesUnitVectors ? Self.tangent(ours, vector) : ours
      expected += loss.takesUnitVectors ? Self.tangent(theirs, vector) : theirs
    }
    #expect(relativeError(all.map(Float.init), expected.map(Float.init)) <= 1e-5)
  }

  @Test("a batch cut in two parts has the same loss and gradients", arguments: losses.map(\.name))
  func parts(name: String) throws {
    let loss = try #require(Self.losses.first { $0.name == name }).loss
    if !loss.isSumOverQueries { return }
    let vectors = Self.vectors(unit: loss.takesUnitVectors).map { $0.map(Float.init) }
    let teacher = Self.direction(Self.queryCount, 1 + Self.negativeCount).map(Float.init)
    let (B, k) = (Self.queryCount, Self.negativeCount)
    func rows(_ queries: Range<Int>) -> [Int] {
      var rows = Array(queries)
      for query in queries { rows.append(B + query) }
      for query in queries { rows += Array(2 * B + query * k..<2 * B + (query + 1) * k) }
      return rows
    }
    func evaluate(_ queries: Range<Int>) -> (loss: Double, gradients: [Int: [Float]]) {
      let rows = rows(queries)
      var batch = LossBatch(
        vectors: rows.flatMap { vectors[$0] }, width: Self.width, queryCount: queries.count,
        negativeCount: k, queryTotal: B,
        teacherScores: Array(teacher[queries.lowerBound * 3..<queries.upperBound * 3]),
        kernels: .best)
      let value = loss.evaluate(&batch)
      var gradients: [Int: [Float]] = [:]
      for (place, row) in rows.enumerated() {
        gradients[row] = Array(batch.gradient[batch.vector(place)])
      }
      return (value, gradients)
    }
    let whole = evaluate(0..<B)
    let parts = [evaluate(0..<2), evaluate(2..<B)]
    #expect(abs(whole.loss - parts[0].loss - parts[1].loss) <= 1e-12)
    #expect(parts[0].gradients.merging(parts[1].gradients) { a, _ in a } == whole.gradients)
  }
}
