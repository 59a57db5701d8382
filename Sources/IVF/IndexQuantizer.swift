package import LinearAlgebra

/// What decides where a code of a clustered index belongs, and what its 1-bit code is.
package final class IndexQuantizer: Sendable {
  package let codec: Codec
  package let centroids: CoarseQuantizer
  private let rotation: Rotation
  private let kernels: Kernels

  package var listCount: Int { centroids.listCount }
  package var width: Int { centroids.width }

  /// - Parameter seed: decides the rotation.
  package init(_ centroids: CoarseQuantizer, codec: Codec, seed: UInt64, kernels: Kernels) {
    self.centroids = centroids
    self.codec = codec
    self.kernels = kernels
    rotation = Rotation(width: centroids.width, seed: seed)
  }

  /// The lists of codes, in order.
  package func assign(_ codes: CodeBlockBuilder, workerCount: Int) -> [UInt16] {
    assign(SampleVectors(codes.decoded(), width: width), workerCount: workerCount)
  }

  /// The lists of stored codes, in order.
  package func assign(
    _ stored: StoredCodes, _ numbers: [UInt32], workerCount: Int
  ) -> [UInt16] {
    assign(stored.vectors(numbers), workerCount: workerCount)
  }

  private func assign(_ vectors: SampleVectors, workerCount: Int) -> [UInt16] {
    centroids.assign(vectors, nearest: NearestCode(for: kernels), workerCount: workerCount).lists
  }

  /// ⟨q, c⟩ for each centroid.
  package func scores(_ query: Span<Float>, kernels: Kernels) -> [Float] {
    let centroids = centroids
    let table = centroids.table
    return table.scores(query, kernels: kernels)
  }

  /// What makes the 1-bit codes of a list; nil where the codec has none.
  package func bits(of list: Int) -> BitCodesBuilder? {
    guard codec == .binary else { return nil }
    var centroid = [Float](repeating: 0, count: width)
    var view = centroid.mutableSpan
    let centroids = centroids
    let table = centroids.table
    table.copyCentroid(list, into: &view)
    return BitCodesBuilder(rotation: rotation, centroid: centroid.span, kernels: kernels)
  }
}
