/// The keys that an object has had so far, told apart by bytes.
///
/// - Complexity: O(1) a key; objects of up to eight keys, which most are, need no hash table.
struct JSONKeys {
  private static let comparedUpTo = 8
  private var hashed: Set<Bytes> = []

  /// A string that equals only the string of the same bytes.
  private struct Bytes: Hashable {
    let text: String

    static func == (a: Bytes, b: Bytes) -> Bool {
      a.text.utf8.elementsEqual(b.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
      // Eight bytes at a time: a call for each byte takes longer than reading the JSON.
      var eight: UInt64 = 0
      var count = 0
      for byte in text.utf8 {
        eight = eight << 8 | UInt64(byte)
        count += 1
        if count & 7 == 0 { hasher.combine(eight) }
      }
      hasher.combine(eight)
      hasher.combine(count)
    }
  }

  /// Takes note of a key; false where one of the members before has it.
  mutating func insert(_ key: String, after members: [JSON.Member]) -> Bool {
    if members.count < Self.comparedUpTo {
      return !members.contains { $0.key.utf8.elementsEqual(key.utf8) }
    }
    if hashed.isEmpty {
      for member in members { hashed.insert(Bytes(text: member.key)) }
    }
    return hashed.insert(Bytes(text: key)).inserted
  }
}
