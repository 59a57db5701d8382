internal import LinearAlgebra

/// Vectors that lie anywhere and are read as floats, any stretch of them, by several threads at once:
/// what a clustering is trained on.
package struct SampleVectors: Sendable {
  /// N.
  package let count: Int
  /// D.
  package let width: Int
  private let read: @Sendable (Range<Int>, inout MutableSpan<Float>) -> Void

  /// - Parameter read: writes the vectors of a range, row-major, into as many floats; the same ones for
  ///   the same range at any time.
  package init(
    count: Int, width: Int,
    read: @escaping @Sendable (Range<Int>, inout MutableSpan<Float>) -> Void
  ) {
    self.count = count
    self.width = width
    self.read = read
  }

  /// Vectors in memory: N × D floats, row-major.
  package init(_ vectors: [Float], width: Int) {
    precondition(vectors.count % width == 0, "\(vectors.count) floats as vectors of \(width)")
    self.init(count: vectors.count / width, width: width) { range, out in
      let source = vectors.span.extracting(range.lowerBound * width..<range.upperBound * width)
      unsafe source.withUnsafeBytes { source in
        // Sound: a range has as many floats in `out` as here.
        unsafe out.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
      }
    }
  }

  /// All of them: N × D floats, row-major.
  package func floats() -> [Float] {
    var floats = [Float](repeating: 0, count: count * width)
    var view = floats.mutableSpan
    fill(0..<count, into: &view)
    return floats
  }

  /// Writes the vectors of a range to the start of `out`.
  func fill(_ range: Range<Int>, into out: inout MutableSpan<Float>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "vectors \(range) of \(count)")
    var view = out.part(0..<range.count * width)
    read(range, &view)
  }
}
