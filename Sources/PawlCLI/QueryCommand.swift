internal import ArgumentParser
internal import Pawl

struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Find the passages nearest to a text.",
    discussion: """
      From \(Figures.grouped(Store.fewestClustered)) passages on a search compares the query with those lists of passages \
      that are likely to have the best. How many that are is measured: --recall says how good it has \
      to be. A text that begins with - goes behind --, after all options.

      Example:
        pawl query demo.pawl "edit pdf files from the command line" -k 5
        pawl query demo.pawl "edit pdf files" --recall 0.9
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: "What to look for.")
  var text: String
  @Option(name: .short, parsing: .unconditional, help: "How many passages.")
  var k = 10
  @OptionGroup var effort: EffortOptions
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
    let answer = try store.query(text, k: k, effort.effort, version: version)
    if output.json {
      Output.line(try JSONOutput.line(AnswerReport(query: text, answer)))
      return
    }
    for line in AnswerText().lines(answer, marking: QueryWords(text)) {
      Output.line(line)
    }
    if answer.cost.listCount > 0 || effort.isGiven {
      let cost = CostText(cost: answer.cost, searchedCount: answer.searchedCount)
      Terminal.error(Style(isOn: Terminal.errorHasColour).dim(cost.line))
    }
    let notice = AnswerText.pendingNotice(answer, of: version, in: target.store)
    if let notice { Terminal.error(notice) }
  }
}
