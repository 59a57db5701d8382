import Testing

@testable import Corpus

@Suite("Runs")
struct RunTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("TREC's six columns are read; the tag is the last line's; more columns are not looked at")
  func trec() throws {
    let content = "# comment\n2 Q0 b 7 0.5 x\n\n1\tQ0  a 0\t-1e-3 y more junk\r\n2 Q0 a 1 .5 z\n"
    let run = try Run(path: folder.file("run", content))
    #expect(run.form == .trec)
    #expect(run.tag == "z")
    #expect(run.queries == ["2", "1"])
    #expect(run.hitCount == 3)
    #expect(run["2"].map(\.passage) == ["b", "a"])
    #expect(run["2"].first == RunHit(passage: "b", rank: 7, score: 0.5))
    #expect(run["1"] == [RunHit(passage: "a", rank: 0, score: -0.001)])
    #expect(run["3"].isEmpty)
  }

  @Test("MS MARCO's three and four columns are told by their number")
  func msmarco() throws {
    let three = try Run(path: folder.file("run", "1\ta\t1\n1\tb\t2\n2 a 1\n"))
    #expect(three.form == .msmarco)
    #expect(three["1"].map(\.rank) == [1, 2])
    #expect(three["1"].map(\.score) == [-1, -2])
    let four = try Run(path: folder.file("run", "1\ta\t1\t0.861\n1\tb\t2\t0.5\n"))
    #expect(four.form == .msmarcoScored)
    #expect(four["1"].map(\.score) == [0.861, 0.5])
    #expect(four.tag.isEmpty)
  }

  @Test("an empty run has no queries")
  func empty() throws {
    #expect(try Run(path: folder.file("run", "\n")).queries.isEmpty)
  }

  @Test("scores are read as double and rounded, as C programs do")
  func rounding() throws {
    // The decimal lies just above the middle between 1 and the next float32; as a double it *is*
    // the middle, so two roundings give 1 and one rounding would give the next float32.
    let run = try Run(path: folder.file("run", "1 Q0 a 1 1.00000005960464477540 t\n"))
    #expect(run["1"].first?.score == 1)
  }

  @Test(
    "lines that are no hit are refused",
    arguments: [
      (
        "1 a",
        """
        1: expected a TREC run ("qid Q0 pid rank score tag") or MS MARCO's "qid pid rank" or \
        "qid pid rank score", found 2 columns.
        """
      ),
      ("1 Q0 a 1 t\n", "found 5 columns."),
      ("1 a 1\n1 b 2 0.5", "2: the line has 4 columns, the lines before it have 3."),
      ("1 Q0 a 1 0.5 t\n1 b 2", "2: the line has 3 columns, the lines before it have 6."),
      ("1 Q0 a x 0.5 t", "1: the rank \"x\" is not an integer."),
      ("1 Q0 a 1 x t", "1: the score \"x\" is not a number."),
      ("1 Q0 a 1 nan t", "1: the score \"nan\" is not a number."),
      ("1 Q0 a 1 inf t", "1: the score \"inf\" is not a number."),
      ("1 Q0 a 1 0x1p3 t", "1: the score \"0x1p3\" is not a number."),
      ("1 Q0 a 1 1e39 t", "1: the score \"1e39\" does not fit in a float32."),
      ("1 Q0 a 1 1e999 t", "1: the score \"1e999\" does not fit in a float32."),
      ("1 a 0", "1: the rank is 0, but ranks count from 1."),
      ("1 a 1\n2 a 1\n1 b 2\n1 a 3", "4: qid \"1\" has pid \"a\" twice, first in line 1."),
    ])
  func refused(content: String, words: String) throws {
    let path = try folder.file("run", content)
    let text = message(in: folder) { _ = try Run(path: path) }
    #expect(text.hasSuffix(words + " Fix the line."), "\(text)")
    #expect(text.hasPrefix("run:"))
  }
}
