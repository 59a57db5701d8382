internal import ArgumentParser
internal import Pawl

struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove files and indexes that nothing names.",
    discussion: """
      Removes checkpoints that no version names and that are older than an hour, indexes that a killed \
      reindex left, trainings that did not end and are older than a day, and what else killed commands left half-way. Pages of an index stay in data.mdb \
      until something else needs them, or pawl compact gives them back. What a version needs is touched only with --keep.

      With --keep N versions that do not serve lose their model and embeddings, all but the N newest; the one that \
      a rollback goes to is kept. Their records, scores and runs stay.

      Example:
        pawl gc demo.pawl --dry-run
        pawl gc demo.pawl --keep 3
      """)

  @OptionGroup var target: StoreArgument
  @Option(
    help: ArgumentHelp(
      "Take model and embeddings from versions that do not serve, but not from the n newest.",
      valueName: "n"))
  var keep: Int?
  @Flag(help: "Only say what would be removed.")
  var dryRun = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let keep, !(0...1_000_000).contains(keep) {
      throw ValidationError("--keep takes 0 to 1000000.")
    }
  }

  func run() throws {
    var options = GarbageOptions()
    options.isDryRun = dryRun
    options.keptVersionCount = keep
    let report = try Store(path: target.store, access: dryRun ? .reading : .writing)
      .collectGarbage(options)
    if output.json {
      Output.line(try JSONOutput.line(CollectionReport(report, isDryRun: dryRun)))
      return
    }
    for item in report.removed {
      Output.line(
        "\(dryRun ? "would remove" : "removed") \(item.what): \(item.reason), "
          + Figures.bytes(item.bytes))
    }
    for item in report.left {
      Output.line("left \(item.what): \(item.reason), \(Figures.bytes(item.bytes))")
    }
    if report.removed.isEmpty { return Output.line("\(target.store): nothing to remove") }
    Output.line(
      "\(target.store): \(Figures.bytes(report.freedBytes)) \(dryRun ? "to be freed" : "freed")")
  }
}

/// The JSON of a gc.
private struct CollectionReport: Encodable {
  let dryRun: Bool
  let freedBytes: Int
  let removed: [GarbageReport.Item]
  let left: [GarbageReport.Item]

  init(_ report: GarbageReport, isDryRun: Bool) {
    dryRun = isDryRun
    freedBytes = report.freedBytes
    removed = report.removed
    left = report.left
  }
}
