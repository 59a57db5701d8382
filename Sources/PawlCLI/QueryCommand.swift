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
  @Option(name: .short, parsing: .unconditional, help: "How many passages.")
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
    for line in AnswerText().lines(answer, marking: QueryWords(text)) {
      Output.line(line)
    }
    if let notice = AnswerText.pendingNotice(answer) { Terminal.error(notice) }
  }
}
