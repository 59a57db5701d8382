package import LinearAlgebra

/// What a batch of judged queries loses, and how each vector changes it.
///
/// A batch has B queries, each with one positive and k negatives.
package protocol Loss: Sendable {
  /// Whether it looks at vectors of unit length; else at what pooling gives.
  var takesUnitVectors: Bool { get }

  /// Whether it is a sum over queries, so that a batch can be cut where memory is short.
  var isSumOverQueries: Bool { get }

  /// Adds the gradients of the loss to the batch's.
  ///
  /// - Returns: the loss: a mean over the batch's `queryTotal` queries, of which these may be a part.
  func evaluate(_ batch: inout LossBatch) -> Double
}

extension Loss {
  package var takesUnitVectors: Bool { true }
  package var isSumOverQueries: Bool { true }
}

/// The vectors of a batch and the gradients of a loss by them.
///
/// Rows: B queries, then their B positives, then k negatives of the first query, of the second, and so on.
package struct LossBatch {
  /// D.
  package let width: Int
  /// B.
  package let queryCount: Int
  /// k.
  package let negativeCount: Int
  /// Queries over which the loss is a mean: B, or those of the whole batch that this is a part of.
  package let queryTotal: Int
  /// What a teacher says: for each query its positive, then its negatives; empty without a teacher.
  package let teacherScores: [Float]
  /// (2 + k)·B × D.
  package let vectors: [Float]
  package private(set) var gradient: [Float]
  private let kernels: Kernels

  package init(
    vectors: [Float], width: Int, queryCount: Int, negativeCount: Int, queryTotal: Int? = nil,
    teacherScores: [Float] = [], kernels: Kernels
  ) {
    precondition(vectors.count == (2 + negativeCount) * queryCount * width)
    precondition(teacherScores.isEmpty || teacherScores.count == (1 + negativeCount) * queryCount)
    self.width = width
    self.queryCount = queryCount
    self.negativeCount = negativeCount
    self.queryTotal = queryTotal ?? queryCount
    self.teacherScores = teacherScores
    self.vectors = vectors
    self.kernels = kernels
    gradient = [Float](repeating: 0, count: vectors.count)
  }

  package var rowCount: Int { (2 + negativeCount) * queryCount }

  func positive(of query: Int) -> Int { queryCount + query }

  func negatives(of query: Int) -> Range<Int> {
    let start = 2 * queryCount + query * negativeCount
    return start..<start + negativeCount
  }

  /// A query's positive, then its negatives.
  func candidates(of query: Int) -> [Int] { [positive(of: query)] + negatives(of: query) }

  /// What the teacher says of `candidates(of:)`.
  func teacherScores(of query: Int) -> ArraySlice<Float> {
    teacherScores[(1 + negativeCount) * query..<(1 + negativeCount) * (query + 1)]
  }

  func vector(_ row: Int) -> Range<Int> { row * width..<(row + 1) * width }

  /// x·y of two rows.
  func dot(_ x: Int, _ y: Int) -> Double {
    let values = vectors.span
    return Double(kernels.dot(values.extracting(vector(x)), values.extracting(vector(y))))
  }

  /// Of d loss / d(x·y).
  mutating func add(slope: Double, ofDot x: Int, _ y: Int) {
    if slope == 0 { return }
    add(slope: slope, times: y, to: x)
    add(slope: slope, times: x, to: y)
  }

  /// gradient of row `x` += slope · vector of row `y`.
  mutating func add(slope: Double, times y: Int, to x: Int) {
    let (source, target, vectors) = (vector(y), vector(x), vectors)
    var view = gradient.mutableSpan
    var part = view.part(target)
    Kernels.add(vectors.span.extracting(source), times: Float(slope), to: &part)
  }

  /// gradient of row `x` += values.
  mutating func add(_ values: [Float], to x: Int) {
    let start = x * width
    for index in 0..<width { gradient[start + index] += values[index] }
  }
}
