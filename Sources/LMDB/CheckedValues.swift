internal import Synchronization

/// Which large values this process has found right, so that each is read through once.
///
/// A mark stands for table, key, address, length and checksum together. If any of them differs, the
/// value is read again, so a value that somebody rewrote is never condemned for what stood there
/// before. A value rewritten with the same checksum at the same place is the same value.
///
/// Cost: about 20 ns a look-up, 16 bytes a value, 16 MiB at most.
final class CheckedValues: Sendable {
  struct Mark: Sendable {
    /// 64 mixed bits: two values are taken for each other once in 10^19 pairs.
    let bits: UInt64

    init(_ stored: UnsafeRawBufferPointer, seed: UInt32, checksum: UInt32) {
      let place = UInt64(UInt(bitPattern: stored.baseAddress))
      let content = UInt64(seed) << 32 | UInt64(checksum)
      bits = Self.mix(Self.mix(Self.mix(place) ^ UInt64(stored.count)) ^ content)
    }

    /// Source: Stafford's variant 13 of MurmurHash3's finalizer, as in SplitMix64.
    private static func mix(_ value: UInt64) -> UInt64 {
      var mixed = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed ^ mixed >> 31
    }
  }

  /// One of several sets, so that threads rarely meet at a lock.
  private final class Shard: Sendable {
    let marks = Mutex<Set<UInt64>>([])
  }

  /// Beyond it a shard forgets everything and learns again: 2^20 values in all.
  private static let capacityOfShard = 1 << 16
  private let shards = (0..<16).map { _ in Shard() }

  func contains(_ mark: Mark) -> Bool {
    shard(of: mark).marks.withLock { $0.contains(mark.bits) }
  }

  func insert(_ mark: Mark) {
    shard(of: mark).marks.withLock { marks in
      if marks.count >= Self.capacityOfShard { marks.removeAll(keepingCapacity: true) }
      marks.insert(mark.bits)
    }
  }

  private func shard(of mark: Mark) -> Shard { shards[Int(mark.bits & 15)] }
}
