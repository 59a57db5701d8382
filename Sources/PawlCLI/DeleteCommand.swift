internal import ArgumentParser
internal import Pawl

struct DeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete passages.",
    discussion: """
      A deleted passage is gone from every version's index at once. Ids that are not there are \
      counted, so that a stopped deletion can be run again. The file lists one id a line; - is \
      standard input. Ids that begin with - go behind --.

      Example:
        pawl delete demo.pawl ghostscript pdftk-java
        pawl delete demo.pawl --file pids.txt
        pawl delete demo.pawl -- -an-id
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: ArgumentHelp("Ids of passages.", valueName: "pid"))
  var ids: [String] = []
  @Option(help: ArgumentHelp("A file that lists the ids.", valueName: "pids.txt"))
  var file: String?
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if ids.isEmpty == (file == nil) {
      throw ValidationError("Name the ids of the passages, or a file of ids with --file.")
    }
  }

  func run() throws {
    let store = try Store(path: target.store)
    let summary = try CommandProgress.during(isQuiet: quiet) { line in
      if let file { return try store.delete(listedIn: file) { line.show($0) } }
      return try store.delete(ids) { line.show($0) }
    }
    try report(summary)
  }

  private func report(_ summary: DeletionSummary) throws {
    if output.json {
      Output.line(
        try JSONOutput.line(
          DeletionReport(
            deleted: summary.deletedCount, missing: summary.missingCount,
            interrupted: summary.isInterrupted)))
    } else {
      Output.line("\(target.store): \(Figures.grouped(summary.deletedCount)) deleted")
    }
    if summary.missingCount > 0 {
      let names = summary.firstMissing.map(Terminal.shown).joined(separator: ", ")
      let more = summary.missingCount > summary.firstMissing.count ? ", …" : ""
      Terminal.error(
        Figures.count(summary.missingCount, "was", "were") + " not there: \(names)\(more)")
    }
    if summary.isInterrupted {
      Terminal.error("stopped after a whole batch; the same command goes on from here")
      throw ExitStatus.failed.code
    }
  }
}

/// The JSON of a deletion.
private struct DeletionReport: Encodable {
  let deleted: Int
  let missing: Int
  let interrupted: Bool
}
