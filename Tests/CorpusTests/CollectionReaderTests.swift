import Testing

@testable import Corpus

@Suite("Collections")
struct CollectionReaderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("a line is split on its first tab and nothing is trimmed")
  func split() throws {
    let path = try folder.file("c.tsv", "1\t a\tb \n007\t\tc\r\npassage-x\t\"quoted, not\n")
    #expect(
      try passages(path) == [
        Passage(id: "1", text: " a\tb ", line: 1), Passage(id: "007", text: "\tc", line: 2),
        Passage(id: "passage-x", text: "\"quoted, not", line: 3),
      ])
  }

  @Test("controls, U+0085, U+2028, U+FEFF, emoji and decomposed letters stay as they are")
  func dirtIsText() throws {
    let texts = [
      "one\u{85}two", "a\u{2028}b\u{2029}c", "in\u{FEFF}side", "\u{FEFF}first", "\u{80}\u{9F}C1",
      "bell\u{7}esc\u{1B}[31m", "lone\rreturn", "\"starts with a quote", "e\u{301} is not \u{E9}",
      "👩‍👩‍👧‍👦 🇮🇹", "\u{10FFFF}\u{E000}", "x",
    ]
    let lines = texts.enumerated().map { "\($0.offset)\t\($0.element)\n" }
    let read = try passages(folder.file("c.tsv", lines.joined()))
    // By bytes, since Swift calls canonically equivalent strings equal.
    #expect(read.map { Array($0.text.utf8) } == texts.map { Array($0.utf8) })
    #expect(read.map(\.line) == Array(1...texts.count))
  }

  @Test("equal texts under different ids and one id twice are passed on")
  func duplicates() throws {
    let path = try folder.file("c.tsv", "1\tsame\n2\tsame\n1\tother\n")
    #expect(try passages(path).map(\.id) == ["1", "2", "1"])
  }

  @Test("a passage of one word and one of 4,281 words with a token of 535 characters are read")
  func lengths() throws {
    let long =
      (0..<4_281).map { "w\($0)" }.joined(separator: " ")
      + String(repeating: "z", count: 535)
    let path = try folder.file("c.tsv", "1\tx\n2\t\(long)\n")
    #expect(try passages(path).map(\.text) == ["x", long])
  }

  static let faults: [(line: [UInt8], words: String)] = [
    (Array("no tab".utf8), "expected \"pid<TAB>passage\", found no tab."),
    ([], "expected \"pid<TAB>passage\", found an empty line."),
    (Array("\ttext".utf8), "the pid is empty."),
    (Array(" \ttext".utf8), "the pid is empty."),
    (Array("id\t".utf8), "the passage after the tab is empty."),
    (Array("id\t \u{B}\t ".utf8), "the passage after the tab is empty."),
    (Array("id\ta\0b".utf8), "byte 5 of the line is NUL, which no text holds."),
    (Array("i\0d\tab".utf8), "byte 2 of the line is NUL, which no text holds."),
    (Array("id\tab".utf8) + [0xFF], "byte 6 of the line is not valid UTF-8."),
    (Array("id\tab".utf8) + [0xC3], "byte 6 of the line is not valid UTF-8."),
    (Array("id\t".utf8) + [0xC0, 0x80], "byte 4 of the line is not valid UTF-8."),
    (Array("id\ta".utf8) + [0xED, 0xA0, 0x80], "byte 5 of the line is not valid UTF-8."),
    ([0xE9, 0x09, 0x61], "byte 1 of the line is not valid UTF-8."),
    (
      Array(repeating: 0x69, count: 512) + Array("\tt".utf8),
      "the id has 512 bytes, the limit is 511."
    ),
  ]

  @Test("each malformed line is refused with its number and the way out", arguments: faults)
  func malformed(line: [UInt8], words: String) throws {
    let path = try folder.file("c.tsv", Array("1\tgood\n".utf8) + line + Array("\n3\tc\n".utf8))
    #expect(
      message(in: folder) { _ = try passages(path) }
        == "c.tsv:2: \(words) Fix the line or pass --skip-malformed.")
    #expect(
      message(in: folder) {
        var reader = try CollectionReader(path: path)
        _ = try reader.survey()
      } == "c.tsv:2: \(words) Fix the line or pass --skip-malformed.")
  }

  @Test("malformed lines can be skipped, counted and remembered")
  func skipping() throws {
    var content: [UInt8] = Array("good\tfirst\n".utf8)
    for fault in Self.faults { content += fault.line + [0x0A] }
    content += [UInt8](repeating: 0x61, count: LineReader.maximumLineInBytes + 1) + [0x0A]
    content += Array("last\tgood".utf8)
    let path = try folder.file("c.tsv", content)
    #expect(try passages(path, mode: .skipMalformed).map(\.id) == ["good", "last"])

    var reader = try CollectionReader(path: path, mode: .skipMalformed)
    let survey = try reader.survey()
    #expect(survey.passageCount == 2)
    #expect(survey.skippedCount == Self.faults.count + 1)
    #expect(survey.firstSkipped.count == 10)
    #expect(
      survey.firstSkipped.first
        == .line(path: path, line: 2, kind: .collection, fault: .noTab))
    #expect(reader.skippedCount == 0)
    while try reader.next() != nil {}
    #expect(reader.skippedCount == Self.faults.count + 1)
  }

  @Test("an id of 511 bytes is read")
  func longestIdentifier() throws {
    let id = String(repeating: "é", count: 255) + "x"
    #expect(try passages(folder.file("c.tsv", "\(id)\tt\n")).map(\.id) == [Identifier(id)])
  }

  @Test("a survey counts passages and bytes and goes back to the start")
  func survey() throws {
    let path = try folder.file("c.tsv", "1\tab\n2\tcdéf\r\n3\tg")
    var reader = try CollectionReader(path: path)
    _ = try reader.next()
    let survey = try reader.survey()
    #expect(survey.passageCount == 3)
    #expect(survey.textSizeInBytes == 8)
    #expect(survey.longestTextInBytes == 5)
    #expect(survey.fileSizeInBytes == 17)
    #expect(try reader.next()?.id == "1")
  }

  @Test("an empty collection has no passages")
  func empty() throws {
    #expect(try passages(folder.file("c.tsv", "")).isEmpty)
  }

  @Test("random bytes end in an error or in passages, never in a trap")
  func randomBytes() throws {
    var generator = SplitMix64(seed: 11)
    let alphabet: [UInt8] = [
      0x09, 0x0A, 0x0D, 0x20, 0x31, 0x61, 0x00, 0xC3, 0xA9, 0xEF, 0xBB, 0xBF,
    ]
    for _ in 0..<300 {
      let count = Int(generator.next() % 40)
      let content = (0..<count).map { _ in alphabet[Int(generator.next() % 12)] }
      let path = try folder.file("c.tsv", content)
      do {
        _ = try passages(path)
        _ = try passages(path, mode: .skipMalformed)
      } catch is CorpusError {}
    }
  }
}
