internal import ArgumentParser
internal import Pawl

struct ShellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "Ask one query after another.",
    discussion: """
      Each line is a query, or a command that begins with a point; .help lists those. Lines that \
      come from a pipe or file are answered without prompt; one that fails is reported on stderr \
      by its number, the rest is answered all the same, and the exit status is 1. Typed lines are \
      remembered in $XDG_STATE_HOME/pawl/history (else ~/.local/state/pawl/history).

      Example:
        pawl shell demo.pawl
        pawl shell demo.pawl -k 3 --json < queries.txt
      """)

  @OptionGroup var target: StoreArgument
  @Option(name: .short, parsing: .unconditional, help: "How many passages answer a query.")
  var k = 10
  @OptionGroup var effort: EffortOptions
  @Option(
    help: ArgumentHelp("Answer with this version instead of the active one.", valueName: "vN"))
  var version: String?
  @Option(help: ArgumentHelp("Answer with this version too, side by side.", valueName: "vN"))
  var compare: String?
  @Flag(
    inversion: .prefixedNo,
    help: "Print the time of each step below an answer (default: on a terminal).")
  var timing: Bool?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if k < 1 { throw ValidationError("-k must be at least 1.") }
  }

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    // What is wrong with the settings is said before the first line is read.
    try store.loadEncoder(version: version)
    if let compare { try store.loadEncoder(version: compare) }
    var session = ShellSession(
      store,
      ShellSettings(
        k: k, effort: effort.effort, version: version, comparison: compare, isJSON: output.json,
        showsTiming: timing ?? Terminal.outputIsTerminal))
    if Terminal.inputIsTerminal, var terminal = try ShellTerminal(store) {
      terminal.run(&session)
    } else if try ShellInput.answerAll(&session) > 0 {
      throw ExitStatus.failed.code
    }
  }
}
