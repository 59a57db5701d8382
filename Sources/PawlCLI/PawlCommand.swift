internal import ArgumentParser
internal import Glibc
internal import Pawl

/// The `pawl` command.
@main
struct PawlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pawl",
    abstract: "An embedded vector database that fine-tunes its own text encoder.",
    discussion: """
      A store is a directory, by habit ending in .pawl. To begin:

        pawl init demo.pawl
        pawl ingest demo.pawl collection.tsv
        pawl query demo.pawl "how do I …"

      Exit status: 0 done, 1 failed, 2 refused by a gate or a check, 64 usage, 65 bad input, \
      74 I/O error, 75 try again later. pawl --version says which Pawl this is.
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "Filling", subcommands: [InitCommand.self, IngestCommand.self, DeleteCommand.self]),
      CommandGroup(
        name: "Asking",
        subcommands: [QueryCommand.self, ShellCommand.self, SearchCommand.self, GetCommand.self]),
      CommandGroup(
        name: "Measuring",
        subcommands: [
          EvaluateCommand.self, CompareCommand.self, MetricsCommand.self, SetsCommand.self,
        ]),
      CommandGroup(
        name: "Learning", subcommands: [TrainCommand.self, MineCommand.self, ImportCommand.self]),
      CommandGroup(
        name: "Versions",
        subcommands: [
          VersionsCommand.self, BridgeCommand.self, PromoteCommand.self, RollbackCommand.self,
          HistoryCommand.self,
        ]),
      CommandGroup(
        name: "Keeping",
        subcommands: [
          StatsCommand.self, CheckCommand.self, ReindexCommand.self,
          CalibrateCommand.self,
          SettingsCommand.self, BackupCommand.self, RestoreCommand.self, ExportCommand.self,
          CompactCommand.self, CollectCommand.self,
        ]),
      CommandGroup(name: "Model", subcommands: [TokenizeCommand.self, EmbedCommand.self]),
    ])

  private static let version = "0.1.0"

  static func main() {
    Terminal.occupyStandardDescriptors()
    // Output says itself what a closed pipe means; talk that nobody reads must not end the work.
    signal(SIGPIPE, SIG_IGN)
    // A limit on file sizes is a full disk, not an end.
    signal(SIGXFSZ, SIG_IGN)
    do {
      let given = Array(CommandLine.arguments.dropFirst())
      // Not the parser's: it would offer it to each command, where --version names a version of the encoder.
      if given == ["--version"] { return Output.line(version) }
      var command = try parseAsRoot(try CommandArguments.prepared(given))
      try command.run()
    } catch {
      ExitStatus.leave(with: error)
    }
  }
}
