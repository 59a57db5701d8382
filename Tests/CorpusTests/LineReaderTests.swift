import Testing

@testable import Corpus

@Suite("Lines")
struct LineReaderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func lines(_ content: [UInt8]) throws -> [String] {
    var reader = try LineReader(path: folder.file("lines", content), kind: .texts)
    var result: [String] = []
    while let line = try reader.nextText() { result.append(line) }
    #expect(reader.number == result.count)
    return result
  }

  private func lines(_ text: String) throws -> [String] { try lines(Array(text.utf8)) }

  @Test("only a line feed ends a line, and the last line needs none")
  func lineFeeds() throws {
    #expect(try lines("") == [])
    #expect(try lines("a") == ["a"])
    #expect(try lines("a\n") == ["a"])
    #expect(try lines("\n\na\n\n") == ["", "", "a", ""])
    let text = "a\u{85}b\u{2028}c\u{2029}d\u{B}e\u{C}f\u{1C}g\rh"
    #expect(try lines(text + "\nb") == [text, "b"])
  }

  @Test("one CR before the line feed is dropped, and no other")
  func carriageReturns() throws {
    #expect(try lines("a\r\nb\r\r\n\r\nc\rd\n\re\n") == ["a", "b\r", "", "c\rd", "\re"])
    #expect(try lines("a\nb\r").map { Array($0.utf8) } == [[0x61], [0x62, 0x0D]])
  }

  @Test("U+FEFF is dropped as the first character of the file only")
  func byteOrderMark() throws {
    let mark = "\u{FEFF}"
    #expect(try lines(mark + "a\n") == ["a"])
    #expect(try lines(mark) == [])
    #expect(try lines(mark + mark + "a").map { Array($0.utf8) } == [[0xEF, 0xBB, 0xBF, 0x61]])
    #expect(try lines("a\n" + mark + "b").last.map { Array($0.utf8) } == [0xEF, 0xBB, 0xBF, 0x62])
  }

  @Test("carriage returns without a single line feed are refused with advice")
  func oldMac() throws {
    #expect(
      message(in: folder) { _ = try lines("1\ta\r2\tb\r") } == """
        lines: the file has carriage returns and no line feed (old Mac line ends). \
        Convert it first: tr '\\r' '\\n' < lines > converted
        """)
    let long = String(repeating: "1234567\r", count: 17 << 17)
    #expect(throws: CorpusError.oldMacLineEnds(path: folder.path + "/lines")) { try lines(long) }
  }

  @Test(
    "UTF-16 is refused with advice", arguments: [[0xFF, 0xFE, 0x31, 0], [0xFE, 0xFF, 0, 0x31]])
  func utf16(content: [UInt8]) throws {
    #expect(
      message(in: folder) { _ = try lines(content) } == """
        lines: the file is UTF-16, expected UTF-8. \
        Convert it first: iconv -f UTF-16 -t UTF-8 lines > converted
        """)
  }

  @Test("a line of 16 MiB is read, one byte more is an error, and the next line can be read")
  func overlong() throws {
    let maximum = LineReader.maximumLineInBytes
    for excess in [0, 1, 5 << 20] {
      for end in ["\nnext\n", ""] {
        let content = [UInt8](repeating: 0x61, count: maximum + excess) + Array(end.utf8)
        var reader = try LineReader(path: folder.file("long", content), kind: .texts)
        #expect(try reader.advance() == (excess == 0 ? .line : .tooLong))
        #expect(reader.lineByteCount == (excess == 0 ? maximum : 0))
        #expect(try reader.advance() == (end.isEmpty ? .end : .line))
        #expect(try reader.advance() == .end)
        #expect(reader.number == (end.isEmpty ? 1 : 2))
      }
    }
    let long = [UInt8](repeating: 0x61, count: maximum + 1)
    #expect(
      message(in: folder) { _ = try lines(long) }
        == "lines:1: the line is longer than 16 MiB. Fix the line.")
  }

  @Test("lines of all lengths around the buffer's size agree with a plain split")
  func boundaries() throws {
    var generator = SplitMix64(seed: 7)
    var content: [UInt8] = []
    let chunk = 1 << 20
    let lengths = [
      chunk - 2, chunk - 1, chunk, chunk + 1, 0, 3, 2 * chunk - 1, 2 * chunk, 5 * chunk, 1,
    ]
    for round in 0..<3 {
      for length in lengths.shuffled(using: &generator) {
        for _ in 0..<length { content.append(0x20 + UInt8(generator.next() % 64)) }
        content += round == 1 ? [0x0D, 0x0A] : [0x0A]
      }
      for _ in 0..<2_000 {
        for _ in 0..<generator.next() % 800 { content.append(0x41) }
        content.append(0x0A)
      }
    }
    var expected = content.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }
    expected.removeLast()
    #expect(try lines(content) == expected)
  }
}

/// A small generator, so that a test has the same numbers everywhere.
/// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
