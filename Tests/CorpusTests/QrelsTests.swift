import Testing

@testable import Corpus

@Suite("Qrels")
struct QrelsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("columns are split by tabs, blanks and runs of them; comments and blank lines are skipped")
  func layout() throws {
    let qrels = try Qrels(
      path: folder.file(
        "qrels",
        """
        # a comment
        2 0 d#1 1
        2\t0\td2\t-2\r
          1   \t Q0  d1 \t 3  \n   \t\n
          # another, indented
        2 0 d0 +0
        """))
    #expect(qrels.queries == ["2", "1"])
    #expect(qrels.count == 4)
    #expect(qrels["2"].map(\.id) == ["d#1", "d0", "d2"])
    #expect(qrels["2"].map(\.grade) == [1, 0, -2])
    #expect(qrels.grade(query: "1", passage: "d1") == 3)
    #expect(qrels.grade(query: "2", passage: "d2") == -2)
    #expect(qrels.grade(query: "2", passage: "d3") == nil)
    #expect(qrels.grade(query: "3", passage: "d1") == nil)
    #expect(qrels["3"].isEmpty)
  }

  @Test("a pair said twice with one grade counts once, with two grades it is an error")
  func repeated() throws {
    let qrels = try Qrels(path: folder.file("qrels", "1 0 a 1\n2 0 a 1\n1 0 a 1\n"))
    #expect(qrels.count == 2)
    #expect(qrels.repeatedCount == 1)
    let path = try folder.file("qrels", "1 0 a 1\n# comment\n1 0 b 1\n1 0 a 0\n")
    #expect(
      message(in: folder) { _ = try Qrels(path: path) }
        == "qrels:4: qid \"1\", pid \"a\" has grade 0 here and 1 in line 1. Fix the line.")
  }

  @Test("judgments from elsewhere give the same qrels")
  func inMemory() {
    let qrels = Qrels([
      Judgment(query: "1", passage: "b", grade: 1), Judgment(query: "1", passage: "a", grade: 2),
      Judgment(query: "1", passage: "b", grade: 0),
    ])
    #expect(qrels["1"].map(\.id) == ["a", "b"])
    #expect(qrels.grade(query: "1", passage: "b") == 1)
    #expect(qrels.repeatedCount == 1)
  }

  @Test(
    "lines that are no judgment are refused",
    arguments: [
      ("1 0 a", "expected 4 columns \"qid 0 pid grade\", found 3."),
      ("1 0 a 1 2", "expected 4 columns \"qid 0 pid grade\", found 5."),
      ("1 0 a yes", "the grade \"yes\" is not an integer."),
      ("1 0 a 1.0", "the grade \"1.0\" is not an integer."),
      ("1 0 a -", "the grade \"-\" is not an integer."),
      ("1 0 a 99999999999999999999", "the grade \"99999999999999999999\" does not fit in 32 bits."),
      ("1 0 a 2147483648", "the grade \"2147483648\" does not fit in 32 bits."),
      ("1 0 a \u{1B}[31m", "the grade \"\\u{1b}[31m\" is not an integer."),
      ("1 0 a\0b 1", "byte 6 of the line is NUL, which no text holds."),
    ])
  func refused(line: String, words: String) throws {
    let path = try folder.file("qrels", "# comment\n\(line)\n")
    #expect(message(in: folder) { _ = try Qrels(path: path) } == "qrels:2: \(words) Fix the line.")
  }

  @Test("bytes that are not UTF-8 and ids that are too long are refused")
  func badBytes() throws {
    let latin = try folder.file("qrels", [0x31, 0x20, 0x30, 0x20, 0xE9, 0x20, 0x31, 0x0A])
    #expect(
      message(in: folder) { _ = try Qrels(path: latin) }
        == "qrels:1: byte 5 of the line is not valid UTF-8. Fix the line.")
    let long = String(repeating: "d", count: 512)
    let path = try folder.file("qrels", "1 0 \(long) 1\n")
    #expect(
      message(in: folder) { _ = try Qrels(path: path) }
        == "qrels:1: the id has 512 bytes, the limit is 511. Fix the line.")
  }

  @Test("the extreme grades of 32 bits are read")
  func extremes() throws {
    let path = try folder.file("qrels", "1 0 a 2147483647\n1 0 b -2147483648\n")
    #expect(try Qrels(path: path)["1"].map(\.grade) == [.max, .min])
  }
}
