package import LinearAlgebra

/// How an embedding is compressed into a code. Queries stay float; only what is stored is rounded.
public enum Codec: String, Sendable, CaseIterable, Codable {
  /// One byte a dimension and one float scale a vector: x ≈ scale · code, scale = max|x| / 127.
  case int8
  /// IEEE half floats.
  case float16
  /// As the encoder made it.
  case float32

  /// The codec's number on disk; never reused.
  var number: UInt8 {
    switch self {
    case .int8: 1
    case .float16: 2
    case .float32: 3
    }
  }

  init?(number: UInt8) {
    guard let codec = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = codec
  }

  /// Bytes of one code of D dimensions, its scale not counted.
  package func codeSizeInBytes(width D: Int) -> Int {
    switch self {
    case .int8: D
    case .float16: 2 * D
    case .float32: 4 * D
    }
  }

  /// Bytes of the scale that goes with each code.
  var scaleSizeInBytes: Int { self == .int8 ? 4 : 0 }

  /// Bytes that a vector takes in an index: code, scale and row number.
  package func postingSizeInBytes(width D: Int) -> Int {
    codeSizeInBytes(width: D) + scaleSizeInBytes + 4
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
    case .int8:
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
    case .int8:
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

extension [UInt8] {
  package mutating func appendLittleEndian(_ number: UInt32) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
