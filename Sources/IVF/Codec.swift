package import LinearAlgebra

/// How an embedding is compressed into a code. Queries stay float; only what is stored is rounded.
public enum Codec: String, Sendable, CaseIterable, Codable {
  /// One byte a dimension and one float scale a vector: x ≈ scale · code, scale = max|x| / 127.
  case int8
  /// IEEE half floats.
  case float16
  /// As the encoder made it.
  case float32
  /// As int8, and in the lists of a clustered index one bit a dimension beside it, scanned first.
  case binary

  /// The codec's number on disk; never reused.
  var number: UInt8 {
    switch self {
    case .int8: 1
    case .float16: 2
    case .float32: 3
    case .binary: 4
    }
  }

  init?(number: UInt8) {
    guard let codec = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = codec
  }

  /// Whether codes of the other codec are codes of this one, byte by byte.
  package func hasCodes(of other: Codec) -> Bool {
    self == other || (self == .int8 && other == .binary) || (self == .binary && other == .int8)
  }

  /// Whether codes of the other codec hold what this one needs.
  package func canBeMade(from other: Codec) -> Bool {
    switch other {
    case .float32: true
    case .float16: self != .float32
    case .int8, .binary: self == .int8 || self == .binary
    }
  }

  /// Bytes of one code of D dimensions, its scale not counted.
  package func codeSizeInBytes(width D: Int) -> Int {
    switch self {
    case .int8, .binary: D
    case .float16: 2 * D
    case .float32: 4 * D
    }
  }

  /// Bytes of the scale that goes with each code.
  var scaleSizeInBytes: Int {
    switch self {
    case .int8, .binary: 4
    case .float16, .float32: 0
    }
  }

  /// Bytes that a vector takes in an index: code, scale and row number; bits of `binary` not counted.
  package func postingSizeInBytes(width D: Int) -> Int {
    codeSizeInBytes(width: D) + scaleSizeInBytes + 4
  }

  /// Bytes of a vector in a list: its posting, and its 1-bit code with two floats, where it has one.
  package func listedSizeInBytes(width D: Int) -> Int {
    let group = Kernels.bitGroupSize
    let bits = self == .binary ? BitCodes.sizeInBytes(count: group, width: D) : 0
    return postingSizeInBytes(width: D) + bits / group
  }

  /// scores[i] ← the inner product of the query and code i.
  ///
  /// - Parameters:
  ///   - codes: count codes, one behind another; scales: theirs, where the codec has any.
  ///   - scores: at least count floats, overwritten.
  func score(
    _ query: Span<Float>, codes: RawSpan, scales: RawSpan, count: Int, kernels: Kernels,
    into scores: inout MutableSpan<Float>
  ) {
    switch self {
    case .int8, .binary:
      kernels.scanInt8(query: query, codes: codes, scales: scales, rows: count, into: &scores)
    case .float16: kernels.scanFloat16(query: query, codes: codes, rows: count, into: &scores)
    case .float32: kernels.scanFloat32(query: query, codes: codes, rows: count, into: &scores)
    }
  }

  /// Appends the code of an embedding, little-endian.
  ///
  /// - Returns: its scale; 1 where the codec has none.
  package func encode(_ x: Span<Float>, kernels: Kernels, into code: inout [UInt8]) -> Float {
    switch self {
    case .int8, .binary:
      var largest: Float = 0
      for index in 0..<x.count { largest = max(largest, x[index].magnitude) }
      // Zeros, and what is nearly as small: any scale but 0 does, and one with all its digits is
      // needed for 127 steps.
      let scale = (largest / 127).isNormal ? largest / 127 : 1
      for index in 0..<x.count {
        code.append(UInt8(bitPattern: Int8((x[index] / scale).rounded(.toNearestOrEven))))
      }
      return scale
    case .float16:
      var halves = [UInt16](repeating: 0, count: x.count)
      var view = halves.mutableSpan
      kernels.roundToFloat16(x, into: &view)
      for half in halves { code.append(contentsOf: [UInt8(half & 0xff), UInt8(half >> 8)]) }
      return 1
    case .float32:
      for index in 0..<x.count { code.appendLittleEndian(x[index].bitPattern) }
      return 1
    }
  }
}

extension Codec {
  /// x ← the embedding that a code stands for, D floats.
  ///
  /// - Parameters:
  ///   - code: one code; scale: its scale, or 1.
  package func decode(_ code: RawSpan, scale: Float, into x: inout MutableSpan<Float>) {
    precondition(
      code.byteCount == codeSizeInBytes(width: x.count),
      "\(code.byteCount) bytes for \(x.count) dimensions")
    // Sound: within the bounds just checked, and every pattern is a number.
    switch self {
    case .int8, .binary:
      for index in 0..<x.count {
        x[index] =
          scale
          * Float(unsafe code.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: Int8.self))
      }
    case .float16:
      for index in 0..<x.count { x[index] = Float(Float16(bitPattern: code.uint16(at: 2 * index))) }
    case .float32:
      for index in 0..<x.count { x[index] = Float(bitPattern: code.uint32(at: 4 * index)) }
    }
  }
}

extension [UInt8] {
  mutating func appendLittleEndian(_ number: UInt16) {
    append(UInt8(truncatingIfNeeded: number))
    append(UInt8(truncatingIfNeeded: number >> 8))
  }

  package mutating func appendLittleEndian(_ number: UInt32) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
