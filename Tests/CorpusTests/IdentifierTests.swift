import Testing

@testable import Corpus

@Suite("Identifiers")
struct IdentifierTests {
  @Test("ids that are canonically equivalent and differ in bytes are two ids")
  func bytesDecide() {
    let composed: Identifier = "caf\u{E9}"
    let decomposed: Identifier = "cafe\u{301}"
    #expect(composed.text == decomposed.text)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed, "caf\u{E9}"]).count == 2)
    #expect(composed == "caf\u{E9}")
  }

  @Test("ids are ordered by their bytes")
  func order() {
    let ordered: [Identifier] = [
      "", "1", "10", "100", "11", "2", "A", "a", "a\u{0}", "ab", "e\u{301}", "z", "\u{E9}",
      "\u{FF5E}", "\u{1F600}",
    ]
    for (index, left) in ordered.enumerated() {
      for (other, right) in ordered.enumerated() {
        #expect((left < right) == (index < other), "\(left) \(right)")
        #expect((left == right) == (index == other), "\(left) \(right)")
      }
    }
    var generator = SplitMix64(seed: 3)
    #expect(ordered.shuffled(using: &generator).sorted() == ordered)
  }
}
