internal import ArgumentParser
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
    if k < 1 { throw ValidationError("-k must be at least 1.") }
  }

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    let answer = try store.query(text, k: k, version: version)
    if output.json {
      print(try JSONOutput.line(AnswerReport(query: text, answer)))
      return
    }
    for line in AnswerText(style: Style(isOn: Terminal.outputHasColour)).lines(answer) {
      print(line)
    }
    if answer.pendingCount > 0 {
      Terminal.error(
        "\(Figures.grouped(answer.pendingCount)) passages are not embedded yet; "
          + "run the ingest again to finish")
    }
  }
}

/// An answer for people: rank, score, id, and the passage wrapped below.
struct AnswerText {
  let style: Style

  private static let indent = "    "
  private static let passageLines = 3

  func lines(_ answer: Answer) -> [String] {
    if answer.hits.isEmpty { return ["no passages"] }
    let rankWidth = String(answer.hits.count).count
    return answer.hits.flatMap { hit in
      let rank = String(repeating: " ", count: rankWidth - String(hit.rank).count) + "\(hit.rank)"
      let head =
        "\(rank)  \(style.green(Figures.fixed(Double(hit.score), 4)))  \(style.bold(hit.id))"
      return [head] + wrapped(hit.text)
    }
  }

  /// The first lines of a passage, broken between words.
  private func wrapped(_ text: String) -> [String] {
    let width = max(20, min(Terminal.width, 100)) - Self.indent.count
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: { $0.isWhitespace || $0.isNewline }) {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
        if lines.count == Self.passageLines {
          lines[lines.count - 1] += " …"
          return lines.map { Self.indent + style.dim($0) }
        }
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    if !line.isEmpty { lines.append(line) }
    return lines.map { Self.indent + style.dim($0) }
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
