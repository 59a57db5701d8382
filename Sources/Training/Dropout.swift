internal import LinearAlgebra

/// Which numbers of one pass are dropped: the same for any number of workers and passes, and again when going
/// back or forward a second time.
struct DropoutMask: Sendable {
  let rate: Float
  /// Of a step of a run.
  let key: UInt64

  /// x ← x / (1 − rate) or 0, for rows of width W of one place of the encoder.
  ///
  /// - Parameters:
  ///   - site: tells the places of one step apart.
  ///   - firstRow: of x, among all tokens of the batch.
  func apply(_ x: inout MutableSpan<Float>, site: Int, firstRow: Int, width W: Int) {
    if rate == 0 { return }
    Kernels.dropout(
      &x, key: RandomKey.mix(key, UInt64(site)), start: UInt64(firstRow) * UInt64(W), rate: rate)
  }
}

/// Names of random streams, one made of another and a number.
package enum RandomKey {
  /// Source: Steele, Lea & Flood 2014 (SplitMix64), the mixing function.
  package static func mix(_ key: UInt64, _ number: UInt64) -> UInt64 {
    var z = key &+ (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
