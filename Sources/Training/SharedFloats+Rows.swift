package import LinearAlgebra

extension SharedFloats {
  /// Rows to read of a matrix of that width.
  @_lifetime(borrow self)
  func span(of rows: Range<Int>, width: Int) -> Span<Float> {
    span(rows.lowerBound * width..<rows.upperBound * width)
  }

  /// Rows to write; until they are no longer used nobody else may touch them.
  @_lifetime(borrow self)
  @unsafe func mutableSpan(of rows: Range<Int>, width: Int) -> MutableSpan<Float> {
    unsafe mutableSpan(rows.lowerBound * width..<rows.upperBound * width)
  }

  /// A copy of all of them.
  package var array: [Float] {
    let all = span(0..<count)
    return unsafe [Float](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe all.withUnsafeBufferPointer { _ = unsafe target.initialize(from: $0) }
      initialized = all.count
    }
  }

  /// Takes over all of another; nobody else may use this one meanwhile.
  func copy(_ source: SharedFloats) {
    var view = unsafe mutableSpan(0..<count)
    view.copy(source.span(0..<source.count))
  }

  /// x ← x + share · (other − x); nobody else may use this one meanwhile.
  func approach(_ other: SharedFloats, by share: Double) {
    var view = unsafe mutableSpan(0..<count)
    let (target, share) = (other.span(0..<other.count), Float(share))
    for index in 0..<view.count { view[index] += share * (target[index] - view[index]) }
  }
}

extension MutableSpan<Float> {
  /// Takes over all of `source`, which is as long.
  mutating func copy(_ source: Span<Float>) {
    precondition(source.count == count, "\(source.count) floats for \(count)")
    unsafe withUnsafeMutableBufferPointer { out in
      unsafe source.withUnsafeBufferPointer { _ = unsafe out.update(fromContentsOf: $0) }
    }
  }
}
