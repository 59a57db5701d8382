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

  /// scores[q · stride + i] ← what query q scores with code i, the sum of products exact.
  ///
  /// Half the time of `scanInt8` by floats, and a quarter of it for many queries over codes that stay in
  /// the first cache; the rounding to 16 bits changes a score of unit vectors by about 2e-6.
  ///
  /// - Parameters:
  ///   - queries: Q of D dimensions.
  ///   - codes: rows × D bytes, each an Int8; scales: rows floats. Both at any address.
  ///   - scores: Q rows of `stride` ≥ rows floats, the last of which may be shorter.
  package func scanInt8(
    _ queries: RoundedQueries, codes: RawSpan, scales: RawSpan, rows: Int, stride: Int,
    into scores: inout MutableSpan<Float>
  ) {
    guard queries.count > 0, rows > 0 else { return }
    precondition(stride >= rows, "rows of \(stride) for \(rows) scores")
    check(codes.byteCount, atLeast: rows * queries.width)
    check(scales.byteCount, atLeast: rows * 4)
    check(scores.count, atLeast: (queries.count - 1) * stride + rows)
    unsafe codes.withUnsafeBytes { codes in
      unsafe scales.withUnsafeBytes { scales in
        unsafe queries.integers.withUnsafeBufferPointer { integers in
          unsafe queries.factors.withUnsafeBufferPointer { factors in
            unsafe scores.withUnsafeMutableBufferPointer { scores in
              unsafe table.pointee.lists.pointee.scan_int16(
                queries.count, rows, queries.width, integers.baseAddress, factors.baseAddress,
                codes.baseAddress?.assumingMemoryBound(to: Int8.self), scales.baseAddress, stride,
                scores.baseAddress)
            }
          }
        }
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
