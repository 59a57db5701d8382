/// Finds a passage that a query has twice. One value serves many queries and keeps its table.
struct RepeatedHits {
  private let hash = IdentifierHash()
  // Open addressing: positions + 1, zero for a free slot; at most half of the slots are taken.
  private var slots: [Int] = []

  /// The position of the first hit whose id an earlier one has; nil where all differ. Cost: O(n).
  mutating func first(in hits: RunHits) -> Int? {
    var slotCount = 16
    while slotCount < hits.count * 2 { slotCount *= 2 }
    if slots.count < slotCount { slots = Array(repeating: 0, count: slotCount) }
    for slot in 0..<slotCount { slots[slot] = 0 }
    for position in hits.indices {
      var slot = unsafe hits.withID(at: position) {
        Int(truncatingIfNeeded: unsafe hash($0)) & (slotCount - 1)
      }
      while slots[slot] != 0 {
        if hits.haveEqualIDs(slots[slot] - 1, position) { return position }
        slot = (slot + 1) & (slotCount - 1)
      }
      slots[slot] = position + 1
    }
    return nil
  }
}
