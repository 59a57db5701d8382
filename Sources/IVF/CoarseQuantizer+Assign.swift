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

  /// lists[i] ← the list of vector i; of equally near ones the lowest.
  ///
  /// - Parameters:
  ///   - vectors: n × D floats, row-major.
  ///   - lists: at least n numbers, overwritten.
  /// - Complexity: n · L · D multiplications of bytes, side by side.
  package func assign(
    _ vectors: Span<Float>, into lists: inout MutableSpan<UInt16>, kernels: Kernels,
    workerCount: Int
  ) {
    let count = vectors.count / width
    precondition(vectors.count == count * width, "\(vectors.count) floats as vectors of \(width)")
    let assignment = unsafe vectors.withUnsafeBufferPointer { buffer in
      let shared = unsafe Shared(buffer: buffer)
      return assign(count, nearest: NearestCode(for: kernels), workerCount: workerCount) {
        $1.append(shared.span.extracting($0.lowerBound * width..<$0.upperBound * width))
      }
    }
    assignment.copyLists(into: &lists)
  }

  /// lists[i] ← the list of the vector with code i, which is that of the vector itself.
  ///
  /// - Parameters:
  ///   - codes: n × D bytes, each an Int8. Their scales do not matter.
  ///   - lists: at least n numbers, overwritten.
  package func assign(
    codes: Span<UInt8>, into lists: inout MutableSpan<UInt16>, kernels: Kernels, workerCount: Int
  ) {
    let count = codes.count / width
    precondition(codes.count == count * width, "\(codes.count) bytes as codes of \(width)")
    let assignment = unsafe codes.withUnsafeBufferPointer { buffer in
      let shared = unsafe Shared(buffer: buffer)
      return assign(count, nearest: NearestCode(for: kernels), workerCount: workerCount) {
        $1.append(codes: shared.span.extracting($0.lowerBound * width..<$0.upperBound * width))
      }
    }
    assignment.copyLists(into: &lists)
  }

  /// The lists of vectors that lie anywhere.
  package func assign(
    _ vectors: SampleVectors, nearest: NearestCode, workerCount: Int
  ) -> Assignment {
    precondition(vectors.width == width, "vectors of \(vectors.width), centroids of \(width)")
    return assign(vectors.count, nearest: nearest, workerCount: workerCount) { range, rows in
      var floats = [Float](repeating: 0, count: Self.pieceSize * width)
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceSize) {
        let piece = start..<min(start + Self.pieceSize, range.upperBound)
        var view = floats.mutableSpan
        vectors.fill(piece, into: &view)
        rows.append(floats.span.extracting(0..<piece.count * width))
      }
    }
  }

  /// - Parameter read: adds the vectors of a range to the rows.
  private func assign(
    _ count: Int, nearest: NearestCode, workerCount: Int,
    _ read: @Sendable (Range<Int>, inout Int8Rows) -> Void
  ) -> Assignment {
    let all = Mutex(
      Assignment(
        lists: [UInt16](repeating: 0, count: count), scores: [Float](repeating: 0, count: count)))
    inStretches(of: count, size: Self.stretchSize, workerCount: workerCount) { next in
      var rows = Int8Rows(width: width, capacity: Self.stretchSize)
      var scores = [Float](repeating: 0, count: Self.stretchSize)
      var places = [UInt32](repeating: 0, count: Self.stretchSize)
      while let range = next() {
        rows.removeAll()
        read(range, &rows)
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
}

extension Assignment {
  fileprivate func copyLists(into out: inout MutableSpan<UInt16>) {
    precondition(out.count >= lists.count, "\(out.count) places for \(lists.count) lists")
    for index in lists.indices { out[index] = lists[index] }
  }
}

/// Elements that several threads read.
@safe private struct Shared<Element: Sendable>: @unchecked Sendable {
  // Sendable: nobody writes to the elements while this value lives, which is one call.
  let buffer: UnsafeBufferPointer<Element>

  var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      // Sound: the buffer outlives this value.
      let span = unsafe Span(_unsafeElements: buffer)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
