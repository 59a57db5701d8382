package import LinearAlgebra

extension SafeTensors {
  /// A tensor of that name and shape as floats: mapped where the file holds aligned float32, else
  /// converted. All values are finite.
  ///
  /// - Throws: `EncodingError.tensor` where it is absent, has another shape, is no float, or holds an
  ///   infinity or a NaN.
  package func floats(_ name: String, shape: [Int]) throws(EncodingError) -> FloatTensor {
    func wrong(_ problem: String) -> EncodingError {
      .tensor(path: file.path, name: name, problem: problem)
    }
    guard let entry = self[name] else { throw wrong("is missing") }
    guard entry.shape == shape else {
      throw wrong("has shape \(entry.shape) where config.json needs \(shape)")
    }
    let tensor: FloatTensor
    switch entry.type {
    case .float32: tensor = FloatTensor(file: file, range: entry.range)
    case .float16: tensor = converted(entry) { Float(Float16(bitPattern: $0)) }
    case .bfloat16: tensor = converted(entry) { Float(bitPattern: UInt32($0) << 16) }
    default: throw wrong("is of type \(entry.type.rawValue), not F32, F16 or BF16")
    }
    guard tensor.isFinite else { throw wrong("holds a value that is not finite") }
    return tensor
  }

  private func converted(_ entry: Entry, by convert: (UInt16) -> Float) -> FloatTensor {
    let bytes = file.bytes.extracting(entry.range)
    let count = bytes.byteCount / 2
    var values = AlignedBuffer<Float>(repeating: 0, count: count)
    var view = values.mutableSpan
    for index in 0..<count {
      let half = bytes.littleEndianUInt16(at: 2 * index)
      view[index] = convert(half)
    }
    return FloatTensor(values: values)
  }
}

/// Floats that lie in a mapped file or in memory of their own.
package final class FloatTensor: Sendable {
  private enum Storage: ~Copyable, Sendable {
    case mapped(MappedFile, Range<Int>)
    case owned(AlignedBuffer<Float>)
  }
  private let storage: Storage

  package init(values: consuming AlignedBuffer<Float>) { storage = .owned(values) }

  /// The floats at `range` of the file, copied where they are not aligned to four bytes.
  init(file: MappedFile, range: Range<Int>) {
    if range.lowerBound % MemoryLayout<Float>.alignment == 0 {
      storage = .mapped(file, range)
      return
    }
    let bytes = file.bytes.extracting(range)
    var values = AlignedBuffer<Float>(repeating: 0, count: range.count / 4)
    var view = values.mutableSpan
    for index in 0..<range.count / 4 {
      // Sound: every bit pattern is a Float, and the range is within the file.
      view[index] = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 4, as: Float.self)
    }
    storage = .owned(values)
  }

  package var span: Span<Float> {
    @_lifetime(borrow self)
    borrowing get {
      switch storage {
      case .mapped(let file, let range):
        // Sound: the file is mapped as long as self holds it, and the range is aligned.
        let span = Span<Float>(_bytes: file.bytes.extracting(range))
        return unsafe _overrideLifetime(span, borrowing: self)
      case .owned(let values):
        return unsafe _overrideLifetime(values.span, borrowing: self)
      }
    }
  }

  /// Whether no value is an infinity or a NaN.
  var isFinite: Bool { Kernels.allFinite(span) }
}
