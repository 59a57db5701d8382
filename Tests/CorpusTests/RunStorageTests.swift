import Testing

@testable import Corpus

@Suite("Runs in memory")
struct RunStorageTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("hits of queries that take turns in the file come together, in the file's order")
  func interleaved() throws {
    var content = ""
    for rank in 1...50 {
      for query in ["7", "é", "77"] { content += "\(query) Q0 \(query)-\(rank) \(rank) 0 t\n" }
    }
    let run = try Run(path: folder.file("run", content))
    #expect(run.queries == ["7", "é", "77"])
    #expect(run.hitCount == 150)
    for query in ["7", "é", "77"] {
      #expect(run[Identifier(query)].map(\.passage.text) == (1...50).map { "\(query)-\($0)" })
    }
    #expect(run.contains("77") && !run.contains("777"))
    #expect(run.hits(of: "777").isEmpty)
  }

  @Test("a repeated hit is found wherever it stands, with both lines")
  func repeated() throws {
    for (first, second) in [(0, 1), (0, 299), (150, 151), (298, 299)] {
      var ids = (0..<300).map { "p\($0)" }
      ids[second] = ids[first]
      let lines = ids.map { "q Q0 \($0) 1 1 t\nother Q0 \($0)x 1 1 t\n" }
      let path = try folder.file("run", "# comment\n" + lines.joined())
      #expect(
        message(in: folder) { _ = try Run(path: path) }
          == """
          run:\(2 + 2 * second): qid "q" has pid "p\(first)" twice, first in line \
          \(2 + 2 * first). Fix the line.
          """)
    }
  }

  @Test("hits that are added one by one are what a file with them gives")
  func appended() throws {
    var made = Run(tag: "t")
    made.append(query: "q", hits: [RunHit(passage: "b", rank: 1, score: 2)])
    made.append(query: "r", hits: [])
    made.append(query: "q", hits: [RunHit(passage: "a", rank: 2, score: 1)])
    let read = try Run(path: folder.file("run", "q Q0 b 1 2 t\nq Q0 a 2 1 t\n"))
    #expect(made["q"] == read["q"])
    #expect(made.queries == ["q", "r"])
    #expect(made["r"].isEmpty)
  }

  @Test("scores are what the double nearest to them rounds to, near the middle of two floats too")
  func scores() throws {
    var generator = SplitMix64(seed: 1)
    var texts = [
      "0", "-0", "+.5", "5.", "0.000", "16777217", "16777217.0", "16777217.000000001", "-16777219",
      "1.00000005960464477", "1.0000000596046448", "1.17549435e-38", "0.1", "9999999999999999999",
      "0.0000000000000000001", "123456789012345678901234567890", "3.4028235e38", "1e-46",
      "33554433", "33554435", "8388608.5", "8388609.5", "0.8612345457077026",
    ]
    for _ in 0..<20_000 {
      let float = Float(bitPattern: .random(in: 0x3000_0000...0x5000_0000, using: &generator))
      // The middle of two floats as a double, and doubles beside it.
      let middle = Double(float) + Double(float.ulp) / 2
      for value in [middle, middle.nextUp, middle.nextDown, Double(float)] {
        texts.append("\(value)")
      }
      let digits = UInt64.random(in: 0...9_999_999_999_999_999_999, using: &generator)
      let text = Array("\(digits)")
      let point = Int.random(in: 0...text.count, using: &generator)
      texts.append("-" + String(text[..<point]) + "." + String(text[point...]))
    }
    let lines = texts.enumerated().map { "q Q0 p\($0.offset) 1 \($0.element) t\n" }
    let scores = try Run(path: folder.file("run", lines.joined()))["q"].map(\.score)
    for (text, score) in zip(texts, scores) {
      let double = try #require(Double(text))
      #expect(score.bitPattern == Float(double).bitPattern, "\(text)")
    }
  }

  @Test("equal ids have one hash, and a changed, added or moved byte changes it")
  func hashes() {
    let hash = IdentifierHash()
    func value(_ bytes: [UInt8]) -> UInt64 { unsafe bytes.withUnsafeBytes { unsafe hash($0) } }
    var seen: [UInt64: [UInt8]] = [:]
    for count in 0...40 {
      let id = (0..<count).map { UInt8(0x61 + $0 % 26) }
      #expect(value(id) == value(Array(id)))
      for place in id.indices {
        var changed = id
        changed[place] ^= 1
        #expect(seen.updateValue(changed, forKey: value(changed)) == nil)
      }
      #expect(seen.updateValue(id, forKey: value(id)) == nil)
    }
    #expect(value([0x61, 0]) != value([0x61]))
  }
}
