internal import Glibc
internal import Pawl

/// An answer for people: rank, score, id, and the passage wrapped below, the query's words marked.
struct AnswerText {
  let style: Style
  /// Columns of the page.
  let width: Int
  /// Whether characters that would steer a terminal are replaced.
  let isTerminal: Bool

  private static let indent = "    "
  private static let passageLines = 3
  /// Longer lines are harder to read.
  private static let widestPage = 100

  init(style: Style, width: Int, isTerminal: Bool) {
    self.style = style
    self.width = width
    self.isTerminal = isTerminal
  }

  /// For stdout as it is now.
  init() {
    self.init(
      style: Style(isOn: Terminal.outputHasColour), width: Terminal.width(of: STDOUT_FILENO),
      isTerminal: Terminal.outputIsTerminal)
  }

  func lines(_ answer: Answer, marking words: QueryWords) -> [String] {
    if answer.hits.isEmpty {
      return [answer.pendingCount > 0 ? "nothing is embedded yet" : "the store is empty"]
    }
    let rankWidth = String(answer.hits.count).count
    return answer.hits.flatMap { hit in
      let rank = String(repeating: " ", count: rankWidth - String(hit.rank).count) + "\(hit.rank)"
      let head =
        "\(rank)  \(style.green(Figures.fixed(Double(hit.score), 4)))  \(style.bold(shown(hit.id)))"
      return [head] + passage(hit.text, marking: words, lineLimit: Self.passageLines)
    }
  }

  /// A passage, indented; all of it, or its first lines.
  func passage(
    _ text: String, marking words: QueryWords, lineLimit: Int = .max
  ) -> [String] {
    wrapped(text, width: textWidth, lineLimit: lineLimit).map {
      Self.indent + marked(shown($0), words)
    }
  }

  /// What an answer could not take into account; nil where it had everything.
  ///
  /// - Parameter version: that was asked for; nil: the active one.
  static func pendingNotice(
    _ answer: Answer, of version: String?, in store: String
  ) -> String? {
    if answer.pendingCount == 0 { return nil }
    let them = answer.pendingCount == 1 ? "it" : "them"
    return Figures.count(answer.pendingCount, "passage is", "passages are") + " not embedded yet; "
      + (version.map { "pawl reindex \(store.quotedForShell) --version \($0) embeds \(them)" }
        ?? "any ingest goes on with \(them)")
  }

  /// A remark below an answer, dim.
  func remark(_ text: String) -> [String] { paragraph(text).map(style.dim) }

  /// Plain words, broken at the page's width.
  func paragraph(_ text: String) -> [String] {
    wrapped(text, width: max(20, width - 1), lineLimit: .max).map(shown)
  }

  /// Rows of a name and a fact, long facts wrapped below themselves.
  func table(_ rows: [(name: String, fact: String)]) -> [String] {
    let nameWidth = rows.map(\.name.count).max() ?? 0
    let width = max(20, min(width, Self.widestPage) - nameWidth - 3)
    return rows.flatMap { row in
      wrapped(row.fact, width: width, lineLimit: .max).enumerated().map { place, line in
        let name = place == 0 ? row.name : ""
        let padding = String(repeating: " ", count: nameWidth - name.count + 2)
        return style.dim(name) + padding + shown(line)
      }
    }
  }

  /// A text as it may stand on this page.
  func shown(_ text: String) -> String {
    isTerminal ? Terminal.withoutControls(text) : text
  }

  private var textWidth: Int { max(20, min(width, Self.widestPage)) - Self.indent.count - 2 }

  /// A line, dim, in which the query's words stand out.
  func marked(_ line: String, _ words: QueryWords) -> String {
    guard style.isOn else { return line }
    var result = ""
    var plain = ""
    for piece in QueryWords.pieces(of: line) {
      if piece.isWord, words.contains(piece.text) {
        if !plain.isEmpty { result += style.dim(plain) }
        plain = ""
        result += style.marked(String(piece.text))
      } else {
        plain += piece.text
      }
    }
    return plain.isEmpty ? result : result + style.dim(plain)
  }

  /// The lines of a text, broken between words, or inside one that is wider than a line.
  private func wrapped(_ text: String, width: Int, lineLimit: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(whereSeparator: \.isWhitespace) {
      for (place, piece) in pieces(of: word, width: width, limit: lineLimit).enumerated() {
        let isContinued = place > 0
        let space = line.isEmpty || isContinued ? 0 : 1
        if used + space + piece.columns > width || isContinued {
          lines.append(line)
          line = ""
          used = 0
          if lines.count == lineLimit {
            lines[lines.count - 1] += " …"
            return lines
          }
        }
        line += (line.isEmpty ? "" : " ") + piece.text
        used += (used == 0 ? 0 : 1) + piece.columns
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// A word in parts no wider than a line, as many as are shown at most.
  private func pieces(
    of word: Substring, width: Int, limit: Int
  ) -> [(text: String, columns: Int)] {
    var pieces = [(text: "", columns: 0)]
    for character in word {
      let columns = Terminal.columns(of: character)
      if pieces[pieces.count - 1].columns + columns > width {
        if pieces.count > limit { break }
        pieces.append(("", 0))
      }
      pieces[pieces.count - 1].text.append(character)
      pieces[pieces.count - 1].columns += columns
    }
    return pieces
  }
}
