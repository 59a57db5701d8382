internal import ArgumentParser
internal import Pawl

/// What is done with the words of a command line before the parser sees them.
enum CommandArguments {
  /// - Throws: `ExitCode` with a message on stderr for a command that there is not, and for ids that the
  ///   parser would take for options.
  static func prepared(_ arguments: [String]) throws -> [String] {
    guard let command = arguments.first, !command.hasPrefix("-") else { return arguments }
    try requireCommand(command)
    let rest = arguments.dropFirst()
    switch command {
    case "help":
      if let wanted = rest.first, !wanted.hasPrefix("-") { try requireCommand(wanted) }
    case "metrics": return [command] + splitMeasures(rest)
    case "get", "delete": try requireNoDashed("ids", command, rest, after: ["--file"])
    case "query":
      try requireNoDashed(
        "texts", command, rest, after: ["-k", "--recall", "--probes", "--version"])
    default: break
    }
    return arguments
  }

  /// trec_eval's `-mNAME` as two words: the parser would look for an option up to the first "=".
  private static func splitMeasures(_ arguments: ArraySlice<String>) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    let options = arguments[..<end].flatMap { word in
      word.hasPrefix("-m") && word.utf8.count > 2 && !word.hasPrefix("-m=")
        ? ["-m", String(word.dropFirst(2))] : [word]
    }
    return options + arguments[end...]
  }

  private static func requireCommand(_ name: String) throws {
    let known = PawlCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
    if known.contains(name) || name == "help" { return }
    let nearest = NearestWord.nearest(to: name, among: known + ["help"])
    refuse(
      "there is no command \"\(Terminal.withoutControls(name))\"; "
        + (nearest.map { "did you mean \"\($0)\"? See pawl help" } ?? "see pawl help"))
    throw ExitStatus.usage.code
  }

  /// These commands have no short options but -h and -k, so the letters of "-dash" would ask for help.
  ///
  /// - Parameter options: whose values may begin with a dash.
  private static func requireNoDashed(
    _ what: String, _ command: String, _ rest: ArraySlice<String>, after options: [String]
  ) throws {
    let end = rest.firstIndex(of: "--") ?? rest.endIndex
    var previous = ""
    for word in rest[..<end] {
      defer { previous = word }
      guard word.hasPrefix("-"), !word.hasPrefix("--"), word.utf8.count > 2,
        !options.contains(previous), !options.contains(where: { word.hasPrefix($0 + "=") })
      else { continue }
      let shown = Terminal.withoutControls(word)
      refuse(
        "there is no option \"\(shown)\"; \(what) that begin with - go behind --, after all options: "
          + "pawl \(command) STORE -- \(shown.quotedForShell)")
      throw ExitStatus.usage.code
    }
  }

  private static func refuse(_ reason: String) { Terminal.error("pawl: \(reason)") }
}
