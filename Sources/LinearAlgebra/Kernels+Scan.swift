internal import CKernels

// Scores of one query against stored codes, straight from where they lie.
extension Kernels {
  /// scores[i] ← scales[i] · Σ query · codes[i].
  ///
  /// - Parameters:
  ///   - query: D floats.
  ///   - codes: rows × D bytes, each an Int8.
  ///   - scales: rows × 4 bytes, each a Float at any address.
  ///   - scores: at least rows floats, overwritten.
  package func scanInt8(
    query: Span<Float>, codes: RawSpan, scales: RawSpan, rows: Int,
    into scores: inout MutableSpan<Float>
  ) {
    check(codes.byteCount, atLeast: rows * query.count)
    check(scales.byteCount, atLeast: rows * 4)
    check(scores.count, atLeast: rows)
    unsafe codes.withUnsafeBytes { codes in
      unsafe scales.withUnsafeBytes { scales in
        unsafe query.withUnsafeBufferPointer { query in
          unsafe scores.withUnsafeMutableBufferPointer { scores in
            unsafe table.pointee.scan_int8(
              rows, query.count, query.baseAddress,
              codes.baseAddress?.assumingMemoryBound(to: Int8.self), scales.baseAddress,
              scores.baseAddress)
          }
        }
      }
    }
  }

  /// scores[i] ← what `scanInt8` makes of the code at positions[i], to the bit.
  ///
  /// - Parameters:
  ///   - codes, scales: all codes that positions count in.
  ///   - positions: below the number of codes; they are not checked against it.
  ///   - scores: at least as many floats as positions, overwritten.
  package func scoreInt8(
    query: Span<Float>, codes: UnsafeRawPointer, scales: UnsafeRawPointer,
    positions: Span<UInt32>, into scores: inout MutableSpan<Float>
  ) {
    check(scores.count, atLeast: positions.count)
    unsafe query.withUnsafeBufferPointer { query in
      unsafe positions.withUnsafeBufferPointer { positions in
        unsafe scores.withUnsafeMutableBufferPointer { scores in
          unsafe table.pointee.score_int8(
            positions.count, query.count, query.baseAddress,
            codes.assumingMemoryBound(to: Int8.self), scales, positions.baseAddress,
            scores.baseAddress)
        }
      }
    }
  }

  /// scores[i] ← Σ query · codes[i], each code D IEEE half floats.
  package func scanFloat16(
    query: Span<Float>, codes: RawSpan, rows: Int, into scores: inout MutableSpan<Float>
  ) {
    check(codes.byteCount, atLeast: rows * query.count * 2)
    check(scores.count, atLeast: rows)
    unsafe codes.withUnsafeBytes { codes in
      unsafe query.withUnsafeBufferPointer { query in
        unsafe scores.withUnsafeMutableBufferPointer { scores in
          unsafe table.pointee.scan_float16(
            rows, query.count, query.baseAddress,
            codes.baseAddress, scores.baseAddress)
        }
      }
    }
  }

  /// scores[i] ← Σ query · codes[i], each code D floats.
  package func scanFloat32(
    query: Span<Float>, codes: RawSpan, rows: Int, into scores: inout MutableSpan<Float>
  ) {
    check(codes.byteCount, atLeast: rows * query.count * 4)
    check(scores.count, atLeast: rows)
    unsafe codes.withUnsafeBytes { codes in
      unsafe query.withUnsafeBufferPointer { query in
        unsafe scores.withUnsafeMutableBufferPointer { scores in
          unsafe table.pointee.scan_float32(
            rows, query.count, query.baseAddress, codes.baseAddress, scores.baseAddress)
        }
      }
    }
  }

  /// halves ← the IEEE half floats nearest to x, ties to even.
  package func roundToFloat16(_ x: Span<Float>, into halves: inout MutableSpan<UInt16>) {
    check(halves.count, atLeast: x.count)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe halves.withUnsafeMutableBufferPointer { halves in
        unsafe table.pointee.to_float16(x.count, x.baseAddress, halves.baseAddress)
      }
    }
  }

  /// Asks the caches for codes of D bytes that `scoreInt8` will read soon, and for their scales.
  package static func fetchCodes(
    at positions: Span<UInt32>, of codes: UnsafeRawPointer, scales: UnsafeRawPointer, width D: Int
  ) {
    unsafe positions.withUnsafeBufferPointer { positions in
      unsafe pawl_fetch_codes(
        positions.count, positions.baseAddress, D, codes.assumingMemoryBound(to: Int8.self), scales)
    }
  }

  /// Asks the caches for bytes that will be read soon. Any address will do.
  package static func fetchAhead(_ bytes: UnsafeRawPointer, byteCount: Int) {
    unsafe pawl_prefetch(bytes, byteCount)
  }
}
