/// A fixed number of elements at an address that is a multiple of 64, owned by one holder.
///
/// The only way to its memory is a `Span`, which checks its bounds.
@safe
package struct AlignedBuffer<Element: BitwiseCopyable & Sendable>: ~Copyable,
  @unchecked Sendable
{
  // Sendable: the memory has one owner, and the type system lets only one thread write to it.
  private let base: UnsafeMutableBufferPointer<Element>

  /// A cache line, and the widest vector register.
  private static var alignment: Int { 64 }

  package init(repeating value: Element, count: Int) {
    precondition(count >= 0, "a buffer of \(count) elements")
    let raw = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: Self.alignment)
    unsafe base = UnsafeMutableBufferPointer(
      start: raw.baseAddress?.bindMemory(to: Element.self, capacity: count), count: count)
    unsafe Self.fill(raw, count: count, with: value)
  }

  /// Not element by element: where this code is not specialised, each would be a call.
  @unsafe private static func fill(
    _ raw: UnsafeMutableRawBufferPointer, count: Int, with value: Element
  ) {
    guard count > 0, let start = raw.baseAddress else { return }
    let (size, all) = (MemoryLayout<Element>.stride, count * MemoryLayout<Element>.stride)
    unsafe start.storeBytes(of: value, as: Element.self)
    var filled = size
    while filled < all {
      let next = min(filled, all - filled)
      unsafe (start + filled).copyMemory(from: start, byteCount: next)
      filled += next
    }
  }

  deinit { unsafe UnsafeMutableRawBufferPointer(base).deallocate() }

  package var count: Int { unsafe base.count }

  /// Where the elements lie, for as long as self lives: for C calls of this target.
  var address: UnsafeMutablePointer<Element>? { unsafe base.baseAddress }

  package var span: Span<Element> {
    @_lifetime(borrow self)
    borrowing get {
      // Sound: the memory lives as long as self, which the span borrows.
      let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(base))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  package var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      // Sound: as for `span`, and exclusive because self is being mutated.
      let span = unsafe MutableSpan(_unsafeElements: base)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  package subscript(index: Int) -> Element {
    get { span[index] }
    set {
      var view = mutableSpan
      view[index] = newValue
    }
  }
}

extension MutableSpan where Element: ~Copyable {
  /// The elements of that range, for as long as the whole is not touched.
  @_lifetime(&self)
  package mutating func part(_ range: Range<Int>) -> MutableSpan<Element> {
    // The one place that names a method whose spelling the standard library has not settled.
    _mutatingExtracting(range)
  }
}
