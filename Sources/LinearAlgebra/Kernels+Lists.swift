internal import CKernels

// The loops of search by inverted lists, each a checked door to its C loop. Letters: D width.
extension Kernels {
  /// Codes of one group of 1-bit codes.
  package static let bitGroupSize = Int(PAWL_BITS_GROUP)

  static func bitBlocks(width: Int) -> Int {
    (width + Int(PAWL_BITS_BLOCK) - 1) / Int(PAWL_BITS_BLOCK)
  }

  /// Bytes of the groups of that many 1-bit codes.
  package static func bitGroupsSizeInBytes(count: Int, width: Int) -> Int {
    (count + bitGroupSize - 1) / bitGroupSize * bitBlocks(width: width) * 64
  }

  /// estimates[i] ← factors[i] · (⟨query, signs[i]⟩ + allowance) + offsets[i] + centroidScore.
  ///
  /// - Parameters:
  ///   - query: its place.
  ///   - groups: `bitGroupsSizeInBytes` bytes.
  ///   - factors, offsets: count floats each. All at any address.
  ///   - estimates: at least count floats, overwritten.
  /// - Complexity: half a nanosecond a code of 384 dimensions with AVX-512, one with AVX2.
  package func scanBits(
    queries tables: borrowing BitTables, query: Int, groups: RawSpan, factors: RawSpan,
    offsets: RawSpan, count: Int, centroidScore: Float, allowance: Float,
    into estimates: inout MutableSpan<Float>
  ) {
    check(groups.byteCount, atLeast: Self.bitGroupsSizeInBytes(count: count, width: tables.width))
    check(factors.byteCount, atLeast: count * 4)
    check(offsets.byteCount, atLeast: count * 4)
    check(estimates.count, atLeast: count)
    var query = unsafe tables.view(of: query, allowance: allowance)
    unsafe groups.withUnsafeBytes { groups in
      unsafe factors.withUnsafeBytes { factors in
        unsafe offsets.withUnsafeBytes { offsets in
          unsafe estimates.withUnsafeMutableBufferPointer { estimates in
            unsafe table.pointee.lists.pointee.scan_bits(
              &query, count, groups.baseAddress?.assumingMemoryBound(to: UInt8.self),
              factors.baseAddress, offsets.baseAddress, centroidScore, estimates.baseAddress)
          }
        }
      }
    }
  }

  /// positions ← the places of scores that are at least the threshold, ascending.
  ///
  /// - Parameter positions: room for as many as there are scores; overwritten, also behind the result.
  /// - Returns: how many there are.
  package func select(
    atLeast threshold: Float, of scores: Span<Float>, into positions: inout MutableSpan<UInt32>
  ) -> Int {
    check(positions.count, atLeast: scores.count)
    return unsafe scores.withUnsafeBufferPointer { scores in
      unsafe positions.withUnsafeMutableBufferPointer { positions in
        unsafe table.pointee.lists.pointee.select_at_least(
          scores.count, scores.baseAddress, threshold, positions.baseAddress)
      }
    }
  }

  /// scores[i] ← scale · scales[i] · Σ query · codes[i], the sum exact.
  ///
  /// Half the time of `scanInt8`; the query's rounding to 16 bits changes a score of unit vectors by
  /// about 2e-6.
  ///
  /// - Parameters:
  ///   - query: D integers, and their scale, as `roundToInt16` makes them.
  ///   - codes: rows × D bytes, each an Int8; scales: rows floats. Both at any address.
  ///   - scores: at least rows floats, overwritten.
  package func scanInt8(
    roundedQuery query: Span<Int16>, scale: Float, codes: RawSpan, scales: RawSpan, rows: Int,
    into scores: inout MutableSpan<Float>
  ) {
    check(codes.byteCount, atLeast: rows * query.count)
    check(scales.byteCount, atLeast: rows * 4)
    check(scores.count, atLeast: rows)
    unsafe codes.withUnsafeBytes { codes in
      unsafe scales.withUnsafeBytes { scales in
        unsafe query.withUnsafeBufferPointer { query in
          unsafe scores.withUnsafeMutableBufferPointer { scores in
            unsafe table.pointee.lists.pointee.scan_int16(
              rows, query.count, query.baseAddress, scale,
              codes.baseAddress?.assumingMemoryBound(to: Int8.self), scales.baseAddress,
              scores.baseAddress)
          }
        }
      }
    }
  }

  /// integers ← x / scale, rounded, so small that no sum of products with bytes overflows.
  ///
  /// - Returns: the scale; 0, and all integers 0, where a number is none or none is above 2^-60.
  package static func roundToInt16(
    _ x: Span<Float>, into integers: inout MutableSpan<Int16>
  ) -> Float {
    precondition(integers.count >= x.count, "\(integers.count) integers for \(x.count)")
    return unsafe x.withUnsafeBufferPointer { x in
      unsafe integers.withUnsafeMutableBufferPointer {
        unsafe pawl_round_to_int16(x.count, x.baseAddress, $0.baseAddress)
      }
    }
  }

  /// Rotates D floats in place: Hadamard transforms behind diagonals (`lists.h` says which).
  ///
  /// - Parameter diagonals: transforms × D.
  package func rotate(_ x: inout MutableSpan<Float>, diagonals: Span<Float>, transforms: Int) {
    check(diagonals.count, atLeast: transforms * x.count)
    unsafe diagonals.withUnsafeBufferPointer { diagonals in
      unsafe x.withUnsafeMutableBufferPointer { x in
        unsafe table.pointee.lists.pointee.rotate(
          x.count, transforms, diagonals.baseAddress, x.baseAddress)
      }
    }
  }

  /// Puts the 1-bit code of a rotated vector into its place of groups that were zeroed before.
  ///
  /// - Parameters:
  ///   - rotated, centroid: D floats each, both rotated.
  ///   - groups: `bitGroupsSizeInBytes` bytes of at least place + 1 codes.
  /// - Returns: the factor and the offset that go with the code.
  /// - Complexity: about 1.2 · D ns.
  package static func packBits(
    _ rotated: Span<Float>, centroid: Span<Float>, place: Int,
    into groups: inout MutableSpan<UInt8>
  ) -> (factor: Float, offset: Float) {
    let D = rotated.count
    precondition(centroid.count == D, "a centroid of \(centroid.count), not \(D)")
    precondition(
      place >= 0 && groups.count >= bitGroupsSizeInBytes(count: place + 1, width: D),
      "place \(place) of \(groups.count) bytes")
    var (factor, offset): (Float, Float) = (0, 0)
    unsafe rotated.withUnsafeBufferPointer { rotated in
      unsafe centroid.withUnsafeBufferPointer { centroid in
        unsafe groups.withUnsafeMutableBufferPointer { groups in
          unsafe pawl_bits_pack(
            D, rotated.baseAddress, centroid.baseAddress, place, groups.baseAddress, &factor,
            &offset)
        }
      }
    }
    return (factor, offset)
  }
}
