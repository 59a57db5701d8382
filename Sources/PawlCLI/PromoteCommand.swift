internal import ArgumentParser
internal import Pawl

struct PromoteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote", abstract: "Let a version serve, if the gate lets it through.",
    discussion: """
      The gate judges by queries that no version has learned from: those of files, of --set, or of the stored \
      set with the role gate. Its bounds are settings (pawl settings). \
      Each condition is printed with its figure and its bound. A version that does not hold all of them is \
      refused: exit status 2, and nothing has changed. --force lets it serve all the same, for a reason that \
      is written into the history.

      Example:
        pawl sets demo.pawl add dev --queries queries.dev.tsv --qrels qrels.dev.tsv
        pawl promote demo.pawl v2
        pawl promote demo.pawl v2 --force --reason "the judge's queries are too few"
      """)

  @OptionGroup var target: StoreArgument
  @Argument(help: ArgumentHelp("The version that shall serve.", valueName: "vN"))
  var version: String
  @OptionGroup var source: GateSource
  @Flag(help: "Let it through if it is no worse: for another benefit, which --reason names.")
  var nonInferior = false
  @Flag(help: "Accept more bytes a passage.")
  var acceptBytes = false
  @Flag(help: "Let it serve without asking the gate.")
  var force = false
  @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
  var reason: String?
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if force, reason?.isEmpty ?? true {
      throw ValidationError("--force needs a --reason: it is written into the history.")
    }
    if nonInferior, reason?.isEmpty ?? true {
      throw ValidationError("--non-inferior needs a --reason: what the version is better at.")
    }
  }

  func run() throws {
    let store = try Store(path: target.store)
    let versions = try store.versions()
    if versions.contains(where: { $0.isActive && $0.name == version }) {
      if output.json {
        return Output.line(
          try JSONOutput.line(PromotionReport(version: version, promoted: false, serves: true)))
      }
      return Output.line("\(target.store): \(version) serves already")
    }
    if force {
      return try tell(store.promote(version, withoutGateFor: reason ?? ""), nil)
    }
    // Before anything is read or measured.
    try store.requireReady(version)
    guard let report = try judge(in: store) else {
      Terminal.error("stopped; nothing was changed")
      throw ExitStatus.failed.code
    }
    guard report.isPassed else {
      if output.json {
        Output.line(
          try JSONOutput.line(
            PromotionReport(version: version, promoted: false, serves: false, gate: report)))
      } else {
        for line in Self.lines(report) { Output.line(line) }
        Output.line("\(target.store): \(version) is refused; \(report.active) goes on serving")
        Terminal.error(
          "the bounds are settings (pawl settings \(target.store.quotedForShell)); pawl compare shows which queries "
            + "moved; --force --reason \"…\" lets it serve all the same")
      }
      throw ExitStatus.refused.code
    }
    // What came while the gate judged.
    try CommandProgress.during(isQuiet: quiet) { line in
      _ = try store.embedMissing(version: version) { line.show($0) }
    }
    let change = try store.promote(report, reason: reason ?? "the gate let it through")
    try tell(change, report)
  }

  private func judge(in store: Store) throws -> GateReport? {
    var options = GateOptions()
    options.isNonInferior = nonInferior
    options.acceptsBytes = acceptBytes
    options.comparison.minimumGrade = source.minimumGrade
    let name = try source.name(in: store)
    let set = try source.read(in: store)
    return try CommandProgress.during(isQuiet: quiet) { line in
      try store.judge(version, by: set, named: name, options) { line.show($0) }
    }
  }

  static func lines(_ report: GateReport) -> [String] {
    table(report.lines) + (report.comparison.map { VersionComparisonText($0).notes } ?? [])
      + (report.looks.map { $0 > 1 ? ["the gate has judged by this set \($0) times"] : [] } ?? [])
  }

  static func table(_ conditions: [GateReport.Line]) -> [String] {
    var table = TextTable(header: ["", "condition", "found", "bound"])
    for line in conditions {
      table.add([line.isPassed ? "pass" : "FAIL", line.name, line.figure, line.bound])
    }
    return table.lines
  }

  private func tell(_ change: ServingChange, _ report: GateReport?) throws {
    if output.json {
      return Output.line(
        try JSONOutput.line(
          PromotionReport(
            version: version, promoted: true, serves: true, gate: report, seconds: change.seconds)))
    }
    for line in report.map(Self.lines) ?? [] { Output.line(line) }
    Output.line(
      "\(target.store): \(change.version) serves now, after \(change.previous); back with: "
        + "pawl rollback \(target.store.quotedForShell)")
    if change.pendingCount > 0 {
      Output.line(
        "\(target.store): it lacks \(Figures.count(change.pendingCount, "passage")): "
          + "pawl reindex \(target.store.quotedForShell) embeds them")
    }
  }
}

/// The JSON of a promotion.
private struct PromotionReport: Encodable {
  let version: String
  let promoted: Bool
  /// Whether it serves now: it may have done so before.
  let serves: Bool
  var gate: GateReport?
  /// Of the transaction; missing where nothing changed.
  var seconds: Double?
}

struct RollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Let the version serve that did before.",
    discussion: """
      It serves at once, and what it lacks is embedded then; with --complete-first the other way round.

      Example:
        pawl rollback demo.pawl --reason "users do not find the old names"
      """)

  @OptionGroup var target: StoreArgument
  @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
  var reason: String?
  @Flag(help: "First embed what it lacks.")
  var completeFirst = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try Store(path: target.store)
    if completeFirst, let previous = try store.rollbackTarget() { try embed(previous, in: store) }
    let change = try store.rollback(reason: reason ?? "")
    if output.json {
      Output.line(try JSONOutput.line(change))
    } else {
      Output.line("\(target.store): \(change.version) serves again, \(change.previous) no longer")
      if change.pendingCount > 0 {
        Output.line(
          "\(target.store): it lacks \(Figures.count(change.pendingCount, "passage")), which are embedded now"
        )
      }
    }
    if change.pendingCount > 0 { try embed(change.version, in: store) }
  }

  private func embed(_ version: String, in store: Store) throws {
    _ = try CommandProgress.during(isQuiet: quiet) { line in
      try store.embedMissing(version: version) { line.show($0) }
    }
  }
}

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Show which version served when, and why.",
    discussion: """
      Example:
        pawl history demo.pawl
      """)

  @OptionGroup var target: StoreArgument
  @OptionGroup var output: OutputOptions

  func run() throws {
    let history = try Store(path: target.store, access: .reading).history()
    if output.json { return Output.line(try JSONOutput.line(["history": history])) }
    var table = TextTable(header: ["no.", "when", "who", "what", "by", "why"], right: [0])
    for entry in history {
      let what =
        entry.action == "init"
        ? "\(entry.version) serves"
        : "\(entry.action): \(entry.previous.map { "\($0) → " } ?? "")\(entry.version)"
      table.add([
        "\(entry.sequence)", entry.time, Terminal.shown(entry.user), what,
        Self.gain(entry), Terminal.oneLine(entry.reason),
      ])
    }
    for line in table.lines { Output.line(line) }
    if let gate = history.last?.gate, !gate.isEmpty {
      for line in [""] + PromoteCommand.table(gate) { Output.line(line) }
    }
  }

  /// The gate's line on the deciding metric, without its bound: "mrr@10: +0.0288 [0.0228, 0.0349]".
  private static func gain(_ entry: HistoryEntry) -> String {
    entry.gate.dropFirst().first.map { "\($0.name): \($0.figure)" } ?? ""
  }
}
