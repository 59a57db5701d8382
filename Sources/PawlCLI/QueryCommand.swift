internal import ArgumentParser
internal import Glibc
internal import Pawl

struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Find the passages nearest to a text.",
    discussion: """
      Example:
        pawl query demo.pawl "edit pdf files from the command line" -k 5
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: "What to look for.")
  var text: String
  @Option(name: .short, help: "How many passages.")
  var k = 10
  @Flag(help: "Score every passage (what this release always does).")
  var exact = false
  @Option(
    help: ArgumentHelp("Answer with this version instead of the active one.", valueName: "vN"))
  var version: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if text.allSatisfy(\.isWhitespace) { throw ValidationError("The query is empty.") }
    if k < 1 { throw ValidationError("-k must be at least 1.") }
  }

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    let answer = try store.query(text, k: k, version: version)
    if output.json {
      Output.line(try JSONOutput.line(AnswerReport(query: text, answer)))
      return
    }
    for line in AnswerText().lines(answer) {
      Output.line(line)
    }
    if answer.pendingCount > 0 {
      Terminal.error(
        "\(Figures.grouped(answer.pendingCount)) passages are not embedded yet; "
          + "any ingest goes on with them")
    }
  }
}

/// An answer for people: rank, score, id, and the passage wrapped below.
struct AnswerText {
  private let style = Style(isOn: Terminal.outputHasColour)

  private static let indent = "    "
  private static let passageLines = 3

  func lines(_ answer: Answer) -> [String] {
    if answer.hits.isEmpty {
      return [answer.pendingCount > 0 ? "nothing is embedded yet" : "the store is empty"]
    }
    let rankWidth = String(answer.hits.count).count
    return answer.hits.flatMap { hit in
      let rank = String(repeating: " ", count: rankWidth - String(hit.rank).count) + "\(hit.rank)"
      let head =
        "\(rank)  \(style.green(Figures.fixed(Double(hit.score), 4)))  \(style.bold(Terminal.shown(hit.id)))"
      return [head] + wrapped(hit.text)
    }
  }

  /// The first lines of a passage, broken between words, or inside one that is wider than a line.
  private func wrapped(_ text: String) -> [String] {
    let width = max(20, min(Terminal.width(of: STDOUT_FILENO), 100)) - Self.indent.count - 2
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(whereSeparator: \.isWhitespace) {
      for (place, piece) in pieces(of: word, width: width).enumerated() {
        let isContinued = place > 0
        let space = line.isEmpty || isContinued ? 0 : 1
        if used + space + piece.columns > width || isContinued {
          lines.append(line)
          line = ""
          used = 0
          if lines.count == Self.passageLines {
            lines[lines.count - 1] += " …"
            return styled(lines)
          }
        }
        line += (line.isEmpty ? "" : " ") + piece.text
        used += (used == 0 ? 0 : 1) + piece.columns
      }
    }
    if !line.isEmpty { lines.append(line) }
    return styled(lines)
  }

  private func styled(_ lines: [String]) -> [String] {
    lines.map { Self.indent + style.dim(Terminal.shown($0)) }
  }

  /// A word in parts no wider than a line, as many as are shown at most.
  private func pieces(of word: Substring, width: Int) -> [(text: String, columns: Int)] {
    var pieces = [(text: "", columns: 0)]
    for character in word {
      let columns = Terminal.columns(of: character)
      if pieces[pieces.count - 1].columns + columns > width {
        if pieces.count > Self.passageLines { break }
        pieces.append(("", 0))
      }
      pieces[pieces.count - 1].text.append(character)
      pieces[pieces.count - 1].columns += columns
    }
    return pieces
  }
}

/// The JSON of an answer.
private struct AnswerReport: Encodable {
  struct HitReport: Encodable {
    let rank: Int
    let score: Float
    let pid: String
    let text: String
  }

  let query: String
  let version: String
  let searched: Int
  let pending: Int
  let hits: [HitReport]
  let milliseconds: [String: Double]

  init(query: String, _ answer: Answer) {
    self.query = query
    version = answer.version
    searched = answer.searchedCount
    pending = answer.pendingCount
    hits = answer.hits.map {
      HitReport(rank: $0.rank, score: $0.score, pid: $0.id, text: $0.text)
    }
    milliseconds = [
      "encode": answer.timing.encode * 1_000, "search": answer.timing.search * 1_000,
      "fetch": answer.timing.fetch * 1_000,
    ]
  }
}
