internal import ArgumentParser
internal import Pawl

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Read everything and compare what must agree.",
    discussion: """
      What it finds, and names:
        pages        data.mdb cut short, lost or swapped pages, the account of pages
        values       a changed byte; a value at another key or in another table
        records      missing, unreadable; counts of text bytes; dictionaries; sets
        passages     rows without id, ids without row, unreadable texts, entries
                     among the texts and updates that belong to nothing
        codes        missing, extra, out of order, of another kind, not finite,
                     miscounted, different for equal texts
        lists        places, directory, centroids and calibration of a clustered
                     index, its 1-bit codes, codes in another list than the nearest
        versions     spaces, indexes and parents that are not there; the history
        checkpoints  missing, shortened and changed files of a model

      Each has a stable kind in --json. What belongs to nothing but does no harm is a \
      note. Exit status 2 where something is wrong.

      Example:
        pawl check demo.pawl
      """)

  @OptionGroup var target: StoreArgument
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions
  @Flag(help: .hidden)
  var inThisProcess = false
  @Option(help: .hidden)
  var stallLimit = CheckReader.usualStallLimit

  /// LMDB follows page numbers that it reads, so damaged pages can end the process that reads them:
  /// the reading is a child's, and its end is a finding.
  func run() throws {
    if inThisProcess { return try CheckMessage.sendAll(ofStoreAt: target.store) }
    var reader = CheckReader(
      stallLimit: stallLimit, isQuiet: quiet,
      stopped: "the check was stopped; nothing was changed, and the same command checks anew")
    let report = try reader.read(storeAt: target.store)
    try show(report)
  }

  private func show(_ report: CheckReport) throws {
    if output.json {
      Output.line(try JSONOutput.line(report))
    } else {
      for problem in report.problems { Output.line("problem: \(Terminal.shown(problem))") }
      let more = report.problemCount - report.problems.count
      if more > 0 { Output.line("and \(Figures.grouped(more)) more") }
      for note in report.notes { Output.line("note: \(Terminal.shown(note))") }
      Output.line("\(target.store): \(summary(report))")
    }
    if report.problemCount > 0 { throw ExitStatus.refused.code }
  }

  private func summary(_ report: CheckReport) -> String {
    if report.problemCount > 0 {
      return
        "\(Figures.count(report.problemCount, "problem")). Restore a backup, or save the texts "
        + "that can still be read with pawl get into a new store"
    }
    return "\(Figures.count(report.passageCount, "passage")), "
      + "\(Figures.count(report.codeCount, "code")), \(Figures.grouped(report.pendingCount)) pending, "
      + "\(Figures.count(report.valueCount, "value")) read: all in order"
  }
}
