internal import CKernels

/// A fixed number of vectors as integers of 8 bits and a float scale each: x ≈ scale · X, scale =
/// max|x| / 127. One thread's memory, used again and again.
package struct Int8Rows: ~Copyable {
  package let width: Int
  /// Rows that fit.
  package let capacity: Int
  package private(set) var count = 0
  /// capacity, rounded up to whole tiles, × D rounded up to 4.
  private(set) var bytes: AlignedBuffer<Int8>
  private var scales: AlignedBuffer<Float>
  private let rowSizeInBytes: Int

  package init(width: Int, capacity: Int) {
    precondition(width <= NearestCode.maximumWidth, "rows of \(width) dimensions")
    let tile = Int(PAWL_NEAREST_ROWS)
    self.width = width
    self.capacity = capacity
    rowSizeInBytes = (width + 3) / 4 * 4
    bytes = AlignedBuffer(
      repeating: 0, count: (capacity + tile - 1) / tile * tile * rowSizeInBytes)
    scales = AlignedBuffer(repeating: 1, count: capacity)
  }

  package mutating func removeAll() { count = 0 }

  /// The scale of a row.
  package func scale(_ row: Int) -> Float { scales[row] }

  /// Rounds and adds vectors, n × D floats.
  package mutating func append(_ vectors: Span<Float>) {
    let (first, width, size) = (count, width, rowSizeInBytes)
    let rows = vectors.count / width
    precondition(vectors.count == rows * width, "\(vectors.count) floats as rows of \(width)")
    precondition(first + rows <= capacity, "\(first + rows) rows where \(capacity) fit")
    count += rows
    unsafe vectors.withUnsafeBufferPointer { x in
      guard let x = x.baseAddress, let codes = unsafe bytes.address,
        let scales = unsafe scales.address
      else { return }
      for row in 0..<rows {
        // Sound: the counts were checked above.
        unsafe scales[first + row] = pawl_round_to_int8(
          width, x + row * width, codes + (first + row) * size)
      }
    }
  }

  /// The code of a row: D integers.
  @_lifetime(borrow self)
  package func code(_ row: Int) -> Span<Int8> {
    precondition(row >= 0 && row < count, "row \(row) of \(count)")
    return bytes.span.extracting(row * rowSizeInBytes..<row * rowSizeInBytes + width)
  }
}

extension Kernels {
  /// x ← scale · code, as many elements as the code has.
  package static func fromInt8(
    _ code: RawSpan, scale: Float, into x: inout MutableSpan<Float>
  ) {
    precondition(x.count >= code.byteCount, "\(x.count) floats for \(code.byteCount) integers")
    unsafe code.withUnsafeBytes { code in
      unsafe x.withUnsafeMutableBufferPointer { x in
        unsafe pawl_from_int8(
          code.count, scale, code.baseAddress?.assumingMemoryBound(to: Int8.self), x.baseAddress)
      }
    }
  }

  /// sum ← sum + weight · x.
  package static func add(
    _ x: Span<Float>, times weight: Float, to sum: inout MutableSpan<Float>
  ) {
    precondition(sum.count >= x.count, "\(sum.count) sums of \(x.count) floats")
    unsafe x.withUnsafeBufferPointer { x in
      unsafe sum.withUnsafeMutableBufferPointer { sum in
        unsafe pawl_add_scaled(x.count, weight, x.baseAddress, sum.baseAddress)
      }
    }
  }
}
