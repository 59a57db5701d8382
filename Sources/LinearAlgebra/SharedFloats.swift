/// Floats that several threads read and write at once, each parts of its own.
///
/// Only pages that were touched take memory. What it holds at first is anything where it is not cleared.
@safe package final class SharedFloats: @unchecked Sendable {
  // Sendable: who takes a part to write promises that nobody else touches it meanwhile.
  private let base: UnsafeMutableBufferPointer<Float>

  package init(count: Int) {
    precondition(count >= 0, "a buffer of \(count) floats")
    let raw = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
    unsafe base = UnsafeMutableBufferPointer(
      start: raw.baseAddress?.bindMemory(to: Float.self, capacity: count), count: count)
  }

  package convenience init(_ values: [Float]) {
    self.init(count: values.count)
    unsafe _ = base.update(fromContentsOf: values)
  }

  deinit { unsafe UnsafeMutableRawBufferPointer(base).deallocate() }

  package var count: Int { unsafe base.count }

  /// Sets all of it; no other thread may touch it meanwhile.
  package func fill(_ value: Float) { unsafe base.update(repeating: value) }

  /// Floats to read.
  @_lifetime(borrow self)
  package func span(_ range: Range<Int>) -> Span<Float> {
    precondition(range.upperBound <= count, "floats \(range) of \(count)")
    // Sound: the memory lives as long as self, which the span borrows.
    let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(rebasing: base[range]))
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Floats to write; until they are no longer used nobody else may touch them.
  @_lifetime(borrow self)
  @unsafe package func mutableSpan(_ range: Range<Int>) -> MutableSpan<Float> {
    precondition(range.upperBound <= count, "floats \(range) of \(count)")
    // Sound: the memory lives as long as self, which the span borrows, and the caller has it alone.
    let span = unsafe MutableSpan(
      _unsafeElements: UnsafeMutableBufferPointer(rebasing: base[range]))
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}
