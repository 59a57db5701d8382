import Testing

@testable import Corpus

@Suite("Writing runs")
struct RunWriterTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func written(_ scores: [Float]) throws -> [RunHit] {
    let path = folder.path + "/out.trec"
    var writer = try RunWriter(path: path)
    let hits = scores.enumerated().map { offset, score in
      RunHit(passage: Identifier("d\(offset)"), rank: 0, score: score)
    }
    try writer.append(query: "q", hits: hits)
    try writer.commit()
    return try Run(path: path)["q"]
  }

  private func hit(_ passage: Identifier, _ score: Float) -> RunHit {
    RunHit(passage: passage, rank: 0, score: score)
  }

  @Test("lines have six columns, ranks count from 1 and the file is read back")
  func layout() throws {
    let path = folder.path + "/out.trec"
    var writer = try RunWriter(path: path, tag: "mine")
    try writer.append(query: "q1", hits: [hit("a", 1.5), hit("b", -0.25)])
    try writer.append(query: "q2", hits: [])
    try writer.append(query: "q3", hits: [hit("a", 0.1)])
    try writer.commit()
    #expect(
      try contents(of: path)
        == Array(
          "q1 Q0 a 1 1.5 mine\nq1 Q0 b 2 -0.25 mine\nq3 Q0 a 1 0.10000000149011612 mine\n".utf8))
    let run = try Run(path: path)
    #expect(run.tag == "mine")
    #expect(run.queries == ["q1", "q3"])
  }

  @Test("scores fall strictly as float32, and only ties are moved")
  func ties() throws {
    let scores: [Float] = [2, 1, 1, 1, 1 - 0x1p-24, 0.5, 0, 0, -0.0, -1, -1]
    let read = try written(scores)
    #expect(zip(read, read.dropFirst()).allSatisfy { $0.score > $1.score })
    #expect(read.map(\.rank) == Array(1...11))
    #expect(read[0].score == 2 && read[1].score == 1 && read[5].score == 0.5)
    #expect(read[2].score == Float(1).nextDown)
    for (hit, score) in zip(read, scores) {
      #expect(abs(hit.score - score) <= 4 * Float(1).ulp)
    }
  }

  @Test("every float32 is read back as it was")
  func roundTrip() throws {
    var generator = SplitMix64(seed: 5)
    var scores: Set<Float> = [.leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e-30, 16_777_216]
    while scores.count < 20_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
      if value.isFinite { scores.insert(value) }
    }
    let falling = scores.sorted(by: >)
    #expect(try written(falling).map(\.score) == falling)
  }

  @Test("ids and tags that would break the columns are refused and no file appears")
  func refused() throws {
    let path = folder.path + "/out.trec"
    let append = { (query: String, passage: String) in
      message(in: folder) {
        var writer = try RunWriter(path: path)
        try writer.append(
          query: Identifier(query), hits: [hit(Identifier(passage), 1)])
        try writer.commit()
      }
    }
    let words = "holds white space, which separates columns here. Use other ids."
    #expect(append("a b", "c") == "out.trec: the id \"a b\" \(words)")
    #expect(append("a", "b\u{C}c") == "out.trec: the id \"b\\u{c}c\" \(words)")
    #expect(
      append("", "c") == "out.trec: an id or text to be written is empty or blank. Leave it out.")
    #expect(throws: CorpusError.self) { _ = try RunWriter(path: path, tag: "two words") }
    #expect(try folder.names.isEmpty)
  }
}
