internal import Corpus

/// The grades of one query's passages, found by the bytes of their ids. One value serves many
/// queries and keeps its table.
struct JudgedPassages {
  private struct Slot {
    var hash: UInt64 = 0
    /// Position in `passages` + 1; zero for a free slot.
    var place = 0
  }

  private let hash = IdentifierHash()
  private var passages: ArraySlice<JudgedPassage> = []
  // Open addressing; at most half of the slots are taken. Its count is a power of two.
  private var slots = [Slot](repeating: Slot(), count: 16)

  /// Takes the passages of the next query.
  mutating func load(_ next: ArraySlice<JudgedPassage>) {
    passages = next
    var slotCount = 16
    while slotCount < next.count * 2 { slotCount *= 2 }
    slots.removeAll(keepingCapacity: true)
    slots.append(contentsOf: repeatElement(Slot(), count: slotCount))
    for (place, passage) in next.enumerated() {
      let bytes = passage.id.text.utf8.span
      // Sound: the pointer does not leave the closure.
      let key = unsafe bytes.withUnsafeBytes { unsafe hash($0) }
      var slot = Int(truncatingIfNeeded: key) & (slotCount - 1)
      while slots[slot].place != 0 { slot = (slot + 1) & (slotCount - 1) }
      slots[slot] = Slot(hash: key, place: place + 1)
    }
  }

  /// The grade of a hit's passage; nil where the qrels do not name it. Cost: O(bytes of the id).
  func grade(of position: Int, in hits: RunHits) -> Int32? {
    unsafe hits.withID(at: position) { id in
      let key = unsafe hash(id)
      var slot = Int(truncatingIfNeeded: key) & (slots.count - 1)
      while slots[slot].place != 0 {
        if slots[slot].hash == key {
          let passage = passages[passages.startIndex + slots[slot].place - 1]
          if unsafe id.elementsEqual(passage.id.text.utf8) { return passage.grade }
        }
        slot = (slot + 1) & (slots.count - 1)
      }
      return nil
    }
  }
}
