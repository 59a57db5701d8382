/// A hash table from the bytes of a token to its id: flat, open addressing, built once.
///
/// The bytes themselves lie in one blob that the tables of a vocabulary share; it is padded by
/// eight bytes, as is every word that is looked up, so that both are read eight bytes at a time.
struct WordPieceTable: Sendable {
  /// 16 bytes: four to a cache line.
  struct Slot {
    var hash: UInt32 = 0
    var offset: UInt32 = 0
    var count: UInt32 = 0
    /// -1 where the slot is empty.
    var id: Int32 = -1
  }

  /// More tokens in a row than this cannot be chance; without a bound a hostile vocabulary made of
  /// colliding tokens would take time quadratic in its size.
  private static let longestProbe = 512

  private var slots: [Slot]
  private let mask: Int
  /// For each hash of a token's first three bytes, the lengths of those tokens as bits; bit 63
  /// stands for 63 and more. It spares looking for lengths that no such token has.
  private var lengths = [UInt64](repeating: 0, count: 1 << 12)
  /// Bytes of the longest token.
  private var longest = 0

  /// An empty table that takes `capacity` tokens, at most half full.
  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [Slot](repeating: Slot(), count: size)
    mask = size - 1
  }

  enum Insertion {
    case inserted
    case duplicate(of: Int32)
    case tooManyCollisions
  }

  /// Adds the token whose bytes are `blob[offset ..< offset + count]`.
  mutating func insert(offset: Int, count: Int, id: Int32, blob: RawSpan) -> Insertion {
    let hash = WordPieceBytes.hash(blob, at: offset, count: count)
    var index = Int(truncatingIfNeeded: hash) & mask
    for _ in 0..<Self.longestProbe {
      let slot = slots[index]
      if slot.id < 0 {
        slots[index] = Slot(
          hash: WordPieceBytes.tag(hash), offset: UInt32(offset), count: UInt32(count), id: id)
        longest = max(longest, count)
        if count > 2 {
          lengths[WordPieceBytes.prefixHash(blob, at: offset)] |= 1 << UInt64(min(count, 63))
        }
        return .inserted
      }
      if slot.hash == WordPieceBytes.tag(hash), slot.count == count,
        WordPieceBytes.areEqual(blob, at: Int(slot.offset), blob, at: offset, count: count)
      {
        return .duplicate(of: slot.id)
      }
      index = (index + 1) & mask
    }
    return .tooManyCollisions
  }

  /// The id of the token with these bytes, -1 where there is none.
  ///
  /// - Complexity: O(1), one cache line of slots and one of the blob as a rule.
  @inline(__always)
  func id(of word: RawSpan, at offset: Int, count: Int, blob: RawSpan) -> Int32 {
    let hash = WordPieceBytes.hash(word, at: offset, count: count)
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[index]
      if slot.id < 0 { return -1 }
      if slot.hash == WordPieceBytes.tag(hash), slot.count == count,
        WordPieceBytes.areEqual(blob, at: Int(slot.offset), word, at: offset, count: count)
      {
        return slot.id
      }
      index = (index + 1) & mask
    }
  }

  /// Where in the blob the token of an id is written; nil where there is none.
  ///
  /// - Complexity: O(slots): for people who look at tokens, not for encoding.
  func place(of id: Int32) -> Range<Int>? {
    guard id >= 0, let slot = slots.first(where: { $0.id == id }) else { return nil }
    return Int(slot.offset)..<Int(slot.offset) + Int(slot.count)
  }

  /// The longest token that begins `word[offset ..< offset + count]`; its length is 0 where there
  /// is none.
  ///
  /// - Complexity: O(lengths of tokens with the same first three bytes).
  func longestID(
    of word: RawSpan, at offset: Int, count: Int, blob: RawSpan
  ) -> (id: Int32, length: Int) {
    var left = count > 2 ? lengths[WordPieceBytes.prefixHash(word, at: offset)] : 0
    if count < 63 { left &= 1 << UInt64(count + 1) - 1 }
    // One and two bytes are looked up always.
    left |= count > 1 ? 0b110 : 0b010

    while left != 0 {
      let shortest = 63 - left.leadingZeroBitCount
      left &= ~(1 << UInt64(shortest))
      var length = shortest < 63 ? shortest : min(count, longest)
      while length >= shortest {
        let id = id(of: word, at: offset, count: length, blob: blob)
        if id >= 0 { return (id, length) }
        length -= 1
      }
    }
    return (-1, 0)
  }
}
