package import LinearAlgebra
internal import Synchronization

/// Which list each vector is in, and its inner product with the centroid.
package struct Assignment: Sendable {
  package var lists: [UInt16]
  package var scores: [Float]
}

extension CoarseQuantizer {
  /// Vectors that a worker takes at once: whole tiles, which stay in the second cache with their answers.
  private static let stretchSize = 504
  /// Vectors that are floats at the same time, before they are rounded.
  private static let pieceSize = 56

  /// The list of each vector; of equally near ones the lowest.
  ///
  /// - Complexity: N · L · D multiplications of bytes, side by side.
  package func assign(
    _ vectors: SampleVectors, nearest: NearestCode, workerCount: Int
  ) -> Assignment {
    precondition(vectors.width == width, "vectors of \(vectors.width), centroids of \(width)")
    let count = vectors.count
    let all = Mutex(
      Assignment(
        lists: [UInt16](repeating: 0, count: count), scores: [Float](repeating: 0, count: count)))
    inStretches(of: count, size: Self.stretchSize, workerCount: workerCount) { next in
      var rows = Int8Rows(width: width, capacity: Self.stretchSize)
      var floats = [Float](repeating: 0, count: Self.pieceSize * width)
      var scores = [Float](repeating: 0, count: Self.stretchSize)
      var places = [UInt32](repeating: 0, count: Self.stretchSize)
      while let range = next() {
        rows.removeAll()
        read(range, of: vectors, through: &floats, into: &rows)
        var scoreView = scores.mutableSpan
        var placeView = places.mutableSpan
        nearest.find(rows, among: packed, scores: &scoreView, places: &placeView)
        all.withLock { all in
          for (row, index) in range.enumerated() {
            all.lists[index] = UInt16(places[row])
            all.scores[index] = scores[row] * rows.scale(row)
          }
        }
      }
    }
    return all.withLock { $0 }
  }

  /// Adds the vectors of a range to the rows, a piece of them at a time.
  private func read(
    _ range: Range<Int>, of vectors: SampleVectors, through floats: inout [Float],
    into rows: inout Int8Rows
  ) {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceSize) {
      let piece = start..<min(start + Self.pieceSize, range.upperBound)
      var view = floats.mutableSpan
      vectors.fill(piece, into: &view)
      rows.append(floats.span.extracting(0..<piece.count * width))
    }
  }
}
