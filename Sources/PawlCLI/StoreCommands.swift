internal import ArgumentParser
internal import Pawl

struct GetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Print stored passages, and where they lie.",
    discussion: """
      Example:
        pawl get demo.pawl ghostscript pdftk-java
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: ArgumentHelp("Ids of passages.", valueName: "pid"))
  var ids: [String]
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    for passage in try store.passages(ids) {
      if output.json {
        Output.line(try JSONOutput.line(passage))
        continue
      }
      Output.line("\(Terminal.shown(passage.id))\t\(Terminal.shown(passage.text))")
      let share = Figures.fixed(
        100 * Double(passage.storedSizeInBytes) / Double(max(1, passage.text.utf8.count)), 0)
      Terminal.error(
        "row \(passage.row), \(passage.storedSizeInBytes) bytes (\(share) % of the text), "
          + (passage.isEmbedded ? "embedded" : "not embedded yet"))
    }
  }
}

struct VersionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "versions", abstract: "List the encoder versions of a store.",
    discussion: """
      Example:
        pawl versions demo.pawl
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var output: OutputOptions

  func run() throws {
    let versions = try Store(path: target.store, access: .reading).versions()
    if output.json {
      Output.line(try JSONOutput.line(["versions": versions]))
      return
    }
    var table = TextTable(
      header: ["", "version", "state", "embedded", "pending", "codec", "tokens", "from"],
      right: [3, 4, 6])
    for version in versions {
      table.add([
        version.isActive ? "*" : "", version.name, version.state,
        Figures.grouped(version.embeddedCount), Figures.grouped(version.pendingCount),
        version.codec, "\(version.maxLength)", version.origin,
      ])
    }
    for line in table.lines { Output.line(line) }
  }
}

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show what a store holds and what it takes.",
    discussion: """
      Example:
        pawl stats demo.pawl
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var output: OutputOptions

  func run() throws {
    let figures = try Store(path: target.store, access: .reading).statistics()
    if output.json {
      Output.line(try JSONOutput.line(figures))
      return
    }
    for line in StatisticsText(store: target.store, figures: figures).lines { Output.line(line) }
  }
}

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Read everything and compare what must agree.",
    discussion: """
      Exit status 2 where something is wrong; each problem is a line.

      Example:
        pawl check demo.pawl
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var output: OutputOptions
  @Flag(help: .hidden)
  var inThisProcess = false

  /// LMDB follows page numbers that it reads, so damaged pages can end the process that reads them:
  /// the reading is a child's, and its crash is a finding.
  func run() throws {
    if inThisProcess { return try check() }
    let arguments = ["check", target.store, "--in-this-process"] + (output.json ? ["--json"] : [])
    switch ChildProcess.run(arguments) {
    case .exited(let status): throw ExitCode(status)
    case .notStarted: try check()
    case .crashed(let signal):
      var report = CheckReport()
      report.report(
        "reading the store crashed (signal \(signal)): pages of data.mdb are damaged or missing. "
          + "Restore a backup")
      try show(report)
    }
  }

  private func check() throws {
    try show(Store(path: target.store, access: .reading).check())
  }

  private func show(_ report: CheckReport) throws {
    if output.json {
      Output.line(try JSONOutput.line(report))
    } else {
      for problem in report.problems { Output.line("problem: \(problem)") }
      let more = report.problemCount - report.problems.count
      if more > 0 { Output.line("and \(Figures.grouped(more)) more") }
      Output.line("\(target.store): \(summary(report))")
    }
    if report.problemCount > 0 { throw ExitCode(ExitStatus.refused.rawValue) }
  }

  private func summary(_ report: CheckReport) -> String {
    if report.problemCount > 0 { return "\(Figures.grouped(report.problemCount)) problems" }
    return "\(Figures.grouped(report.passageCount)) passages, "
      + "\(Figures.grouped(report.codeCount)) codes, \(Figures.grouped(report.pendingCount)) pending, "
      + "\(Figures.grouped(report.valueCount)) values read: all in order"
  }
}
