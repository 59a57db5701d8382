import Testing

@testable import Pawl
@testable import PawlCLI

@Suite struct ShellTextTests {
  private func answer(_ hits: [(String, String)]) -> Answer {
    Answer(
      version: "v1",
      hits: hits.enumerated().map {
        Hit(rank: $0 + 1, score: 0.5, id: $1.0, text: $1.1)
      }, searchedCount: hits.count, cost: SearchCost(), pendingCount: 0, timing: .init())
  }

  private let plain = AnswerText(style: Style(isOn: false), width: 80, isTerminal: false)

  @Test("without colour an answer is rank, score, id and three lines of text at most")
  func plainAnswer() {
    let text = (1...60).map { "word\($0)" }.joined(separator: " ")
    #expect(
      plain.lines(
        answer([("p1", text), ("p2", "short \u{1B}[31m text")]), marking: QueryWords("word1"))
        == [
          "1  0.5000  p1",
          "    word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12",
          "    word13 word14 word15 word16 word17 word18 word19 word20 word21 word22",
          "    word23 word24 word25 word26 word27 word28 word29 word30 word31 word32 …",
          "2  0.5000  p2", "    short \u{1B}[31m text",
        ])
  }

  @Test("on a terminal the words of the query stand out, and codes of passages are harmless")
  func markedAnswer() {
    let page = AnswerText(style: Style(isOn: true), width: 80, isTerminal: true)
    let lines = page.lines(
      answer([("p\u{7}", "The Boats of a boat-house\u{1B}[2J.")]), marking: QueryWords("a boat"))
    #expect(
      lines == [
        "1  \u{1B}[32m0.5000\u{1B}[0m  \u{1B}[1mp\u{FFFD}\u{1B}[0m",
        "    \u{1B}[2mThe \u{1B}[0m\u{1B}[1;4mBoats\u{1B}[0m\u{1B}[2m of a \u{1B}[0m"
          + "\u{1B}[1;4mboat\u{1B}[0m\u{1B}[2m-house\u{FFFD}[2J.\u{1B}[0m",
      ])
  }

  @Test("whole words match without regard to case and plural; common words never do")
  func words() {
    let words = QueryWords("How do the Cats' glasses of C++ and GRÖSSE help? 3 cats")
    #expect(words.words == ["cat", "glasse", "c", "grösse", "help", "3"])
    for word in ["cat", "CATS", "c", "C", "Grösse", "3", "helps"] { #expect(words.contains(word)) }
    for word in ["category", "the", "of", "how", "glass", "33", "cs"] {
      #expect(!words.contains(word), "\(word)")
    }
    #expect(QueryWords("glass").contains("glass"))
    #expect(!QueryWords("gla").contains("glass"))
    #expect(QueryWords("what is it").words == [])
    #expect(words.shared(with: "3 categories, one cat. Help!") == ["cat", "help", "3"])
  }

  @Test("lines are as wide as their letters, wide ones counting twice, down to 20 columns")
  func wideLetters() {
    for width in [10, 21, 40, 300] {
      let page = AnswerText(style: Style(isOn: false), width: width, isTerminal: true)
      let text = String(repeating: "漢字かな交じり文 and words ", count: 20)
      for line in page.passage(text, marking: QueryWords("x")) {
        #expect(Terminal.columns(of: line) <= max(20, min(width, 100)), "\(width)")
      }
    }
  }

  @Test("side by side, what moved is marked on the right and what was lost on the left")
  func comparison() {
    let page = AnswerText(style: Style(isOn: false), width: 60, isTerminal: true)
    let first = answer([("a", "alpha"), ("b", "beta"), ("c", "gamma"), ("d", "delta")])
    let second = answer([("a", "alpha"), ("d", "delta"), ("b", "beta"), ("new-one", "x")])
    let lines = ComparisonText(page: page, words: QueryWords("alpha")).lines(first, second)
    #expect(
      lines == [
        "   v1                           v1",
        "1  0.5000  a                    0.5000  a =",
        "   alpha                        alpha",
        "2  0.5000  b                    0.5000  d ↑2",
        "   beta                         delta",
        "3  0.5000  c lost               0.5000  b ↓1",
        "   gamma                        beta",
        "4  0.5000  d                    0.5000  new-one new",
        "   delta                        x",
        "3 in both, 2 of them moved; 1 new, 1 lost",
      ])
  }

  @Test("equal answers are said to be equal, and the query's words are marked in them")
  func equalAnswers() {
    let page = AnswerText(style: Style(isOn: true), width: 60, isTerminal: true)
    let both = answer([("a", "alpha")])
    let lines = ComparisonText(page: page, words: QueryWords("alpha")).lines(both, both)
    #expect(lines.last?.contains("the same passages in the same order") == true)
    #expect(lines.count { $0.contains("\u{1B}[1;4malpha") } == 1)
  }

  @Test("side by side, no line is wider than the terminal")
  func comparisonWidth() {
    for width in [40, 60, 120, 400] {
      let page = AnswerText(style: Style(isOn: false), width: width, isTerminal: true)
      let text = String(repeating: "漢字 long words ", count: 30)
      let id = String(repeating: "long-id-", count: 20)
      let both = answer((0..<12).map { ("\(id)\($0)", text) })
      for line in ComparisonText(page: page, words: QueryWords("alpha")).lines(
        both, answer([("x", "y")]))
      {
        #expect(Terminal.columns(of: line) < width, "\(width): \(line)")
      }
    }
  }
}
