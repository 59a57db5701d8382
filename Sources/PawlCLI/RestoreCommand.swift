internal import ArgumentParser
internal import LMDB
internal import Pawl

struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Put a checked copy of a backup where a store is to be.",
    discussion: """
      The backup is checked first: exit status 2 where something in it is wrong. A store that is \
      there is refused, or with --replace kept as STORE.replaced; for that nobody else may have it \
      open.

      Example:
        pawl restore demo-backup.pawl demo.pawl --replace
      """)

  @Argument(help: ArgumentHelp("The backup, which stays as it is.", valueName: "src"))
  var source: String
  @OptionGroup var target: StoreArgument
  @Flag(help: "Take the place of the store that is there, which is kept under another name.")
  var replace = false
  @OptionGroup var waiting: WaitOption
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if source.isEmpty { throw ValidationError("The backup needs a name.") }
  }

  func run() throws {
    let clock = ContinuousClock()
    let start = clock.now
    var options = RestoreOptions()
    options.replaces = replace
    options.patience = waiting.patience
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      try Store.restore(
        from: source, to: target.store, options,
        check: { try CheckedStore.check($0, line, left: "nothing was changed") }
      ) { line.show($0) }
    }
    try CopyReport(
      summary.copy, seconds: (clock.now - start) / .seconds(1), replaced: summary.replacedPath
    ).show("\(source) → \(target.store)", json: output.json)
    if let replaced = summary.replacedPath {
      Terminal.error("the store that was there is \(replaced) now; remove it when it is not needed")
    }
  }
}

/// How long a command that needs a store alone waits for others.
struct WaitOption: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Wait so long for others that have the store open.", valueName: "seconds"))
  var wait = 30.0

  var patience: Duration { .seconds(wait) }

  /// Does what needs the store alone, and says it where that has to wait for others.
  ///
  /// - Parameter work: given how long to wait; nothing is done yet where it throws `.inUse`.
  func run<Result>(_ work: (Duration) throws -> Result) throws -> Result {
    let silence = Duration.seconds(1)
    if patience <= silence { return try work(patience) }
    do { return try work(silence) } catch LMDBError.inUse(_, let processes, _, _) {
      let names = processes.map { "process \($0)" }.joined(separator: ", ")
      Terminal.error("waiting for \(names.isEmpty ? "others" : names), at most \(Int(wait)) s")
      return try work(patience - silence)
    }
  }

  func validate() throws {
    if !(0...86_400).contains(wait) { throw ValidationError("--wait is 0 to 86400 seconds.") }
  }
}
