internal import ArgumentParser
internal import Pawl

/// Where the judged queries of a comparison come from: files, a stored set, or the one stored set for gates.
struct GateSource: ParsableArguments {
  @OptionGroup var queries: GroupedQueries

  var minimumGrade: Int { Int(queries.judged.minGrade) }

  /// The name of the stored set; nil for files.
  func name(in store: Store) throws -> String? {
    if queries.judged.areGiven { return queries.judged.set }
    let gates = try store.sets().filter { $0.role == .gate }
    guard gates.count == 1 else {
      Terminal.error(
        gates.isEmpty
          ? "\(store.path): which queries shall judge? Give --queries and --qrels, or store them: pawl sets "
            + "\(store.path.quotedForShell) add NAME --queries FILE --qrels FILE"
          : "\(store.path): the sets \(gates.map(\.name).joined(separator: ", ")) have the role gate: name one "
            + "with --set")
      throw ExitStatus.usage.code
    }
    return gates[0].name
  }

  func read(in store: Store) throws -> EvaluationSet {
    var named = queries
    named.judged.set = try name(in: store)
    return try named.read(in: store)
  }
}

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Ask two versions the same judged queries.",
    discussion: """
      Differences have 95 % intervals (bootstrap) and the p of two paired tests; with groups, whole groups \
      are resampled and flipped. The smallest difference that so many queries can show is printed beside \
      them. Queries that one of the versions, or an ancestor, has learned from are left out. Without files and \
      --set, the stored set with the role gate is asked.

      The last line is the verdict on the first metric: WIN, LOSS, TIE or NOT-ENOUGH-EVIDENCE.

      Example:
        pawl compare demo.pawl v1 v2 --queries queries.dev.tsv --qrels qrels.dev.tsv
        pawl compare demo.pawl v1 v2 --set dev --json
      """)

  @OptionGroup var target: StoreArgument
  @Argument(
    help: ArgumentHelp("The version to compare with, as a rule the active one.", valueName: "vA"))
  var a: String
  @Argument(help: ArgumentHelp("The version that may be better.", valueName: "vB"))
  var b: String
  @OptionGroup var source: GateSource
  @Option(help: ArgumentHelp("Separated by commas; the first decides.", valueName: "names"))
  var metrics = "mrr@10,ndcg@10,recall@100,map"
  @Option(help: ArgumentHelp("Smaller differences are none.", valueName: "x"))
  var minimumEffect = 0.01
  @Option(help: ArgumentHelp("Queries that are timed.", valueName: "n"))
  var timed = 2_000
  @Flag(
    help:
      "Rank only the judged passages and what vA finds: vB need not be embedded, and may look a little better."
  )
  var pool = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(0...1).contains(minimumEffect) { throw ValidationError("--minimum-effect takes 0 to 1.") }
    if !(0...1_000_000).contains(timed) { throw ValidationError("--timed takes 0 to 1000000.") }
  }

  func run() throws {
    let store = try Store(path: target.store, access: .reading)
    var options = ComparisonOptions()
    options.metrics = metrics.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.drop { $0 == " " })
    }
    options.minimumGrade = source.minimumGrade
    options.minimumEffect = minimumEffect
    options.timedCount = timed
    options.isPooled = pool
    let set = try source.read(in: store)
    let comparison = try CommandProgress.during(isQuiet: quiet) { line in
      try store.compare(a, b, set, options) { line.show($0) }
    }
    guard let comparison else {
      Terminal.error("stopped before all queries were answered")
      throw ExitStatus.failed.code
    }
    if output.json { return Output.line(try JSONOutput.line(ComparisonReport(comparison))) }
    for line in VersionComparisonText(comparison).lines { Output.line(line) }
  }
}

/// The JSON of a comparison.
struct ComparisonReport: Encodable {
  let verdict: VersionComparison.Verdict
  let comparison: VersionComparison

  init(_ comparison: VersionComparison) {
    self.comparison = comparison
    verdict = comparison.verdict
  }
}

/// A comparison for people.
struct VersionComparisonText {
  private let comparison: VersionComparison

  init(_ comparison: VersionComparison) { self.comparison = comparison }

  var lines: [String] {
    [head] + notes + measures + [""] + slices + spaces + movers + [verdict]
  }

  private var head: String {
    let groups =
      comparison.groupCount.map { " in \(Figures.count($0, "group"))" }
      ?? ", taken as independent of each other"
    return
      "\(Figures.count(comparison.queryCount, "judged query", "judged queries"))\(groups)"
  }

  /// What was done with queries that versions have learned from, and what versions lack.
  var notes: [String] {
    var lines: [String] = []
    if comparison.usedCount > 0 {
      lines.append(
        "\(Figures.count(comparison.usedCount, "query", "queries")) left out, which a version has learned from"
      )
    }
    if comparison.foreignCount > 0 {
      lines.append(
        "\(Figures.count(comparison.foreignCount, "query has", "queries have")) the id of a query that a version "
          + "has learned from, but another text: ids are numbers in both sets, and are not looked at"
      )
    }
    for (version, count) in zip([comparison.a, comparison.b], comparison.pendingCounts)
    where count > 0 {
      lines.append(
        "\(version) lacks \(Figures.count(count, "stored passage")), which it cannot find: pawl reindex --version "
          + "\(version) embeds them")
    }
    for (version, count) in zip([comparison.a, comparison.b], comparison.laterCounts)
    where count > 0 {
      lines.append("\(Figures.count(count, "passage")) came meanwhile, which \(version) lacks")
    }
    return lines
  }

  private static func signed(_ value: Double) -> String {
    (value >= 0 ? "+" : "") + Figures.fixed(value, 4)
  }

  private static func p(_ value: Double) -> String {
    value < 0.0001 ? "<.0001" : Figures.fixed(value, 4)
  }

  private func row(_ name: String, _ measure: VersionComparison.Measure) -> [String] {
    [
      name, Figures.fixed(measure.a, 4), Figures.fixed(measure.b, 4),
      Self.signed(measure.difference),
      "[\(Self.signed(measure.low)), \(Self.signed(measure.high))]", Self.p(measure.tTest),
      Self.p(measure.randomization), Figures.fixed(measure.visibleDifference, 4),
      "\(Figures.grouped(measure.wins))/\(Figures.grouped(measure.ties))/"
        + Figures.grouped(measure.losses),
    ]
  }

  private var measures: [String] {
    var table = TextTable(
      header: [
        "", comparison.a, comparison.b, "change", "95 %", "p, t-test", "p, flips", "visible",
        "better/same/worse",
      ], right: [1, 2, 3, 5, 6, 7, 8])
    for measure in comparison.measures { table.add(row(measure.name, measure)) }
    if comparison.poolCount == nil {
      table.add(row("\(comparison.exact.name), exact", comparison.exact))
    }
    return table.lines
  }

  private var slices: [String] {
    if comparison.slices.isEmpty { return [] }
    var table = TextTable(
      header: ["slice", "queries", "change", "95 %", "p, adjusted"], right: [1, 2, 4])
    for slice in comparison.slices {
      table.add([
        slice.name, Figures.grouped(slice.queryCount), Self.signed(slice.measure.difference),
        "[\(Self.signed(slice.measure.low)), \(Self.signed(slice.measure.high))]",
        Self.p(slice.adjusted),
      ])
    }
    return table.lines + [""]
  }

  private var spaces: [String] {
    if let count = comparison.poolCount {
      return [
        "among \(Figures.count(count, "passage")): the judged ones and what \(comparison.a) finds",
        "",
      ]
    }
    var table = TextTable(header: ["", comparison.a, comparison.b], right: [1, 2])
    func add(_ name: String, _ digits: Int, _ value: (EmbeddingReport) -> Double) {
      table.add([name] + comparison.spaces.map { Figures.fixed(value($0), digits) })
    }
    if comparison.latency != nil {
      table.add(["a query, median ms"] + comparison.costs.map { Figures.fixed($0.median * 1e3, 2) })
      table.add(["a query, p99 ms"] + comparison.costs.map { Figures.fixed($0.p99 * 1e3, 2) })
    }
    table.add(["bytes a passage"] + comparison.costs.map { Figures.fixed($0.bytesPerPassage, 0) })
    add("effective rank", 0) { $0.effectiveRank }
    add("mean cosine", 3) { $0.meanCosine }
    add("alignment", 3) { $0.alignment }
    add("uniformity", 3) { $0.uniformity }
    add("hubness", 2) { $0.hubness }
    var lines = table.lines
    if let latency = comparison.latency {
      lines.append(
        "time of \(comparison.b) to that of \(comparison.a): \(Figures.fixed(latency.ratio, 3)) "
          + "[\(Figures.fixed(latency.low, 3)), \(Figures.fixed(latency.high, 3))], "
          + "\(Figures.grouped(latency.queryCount)) queries in turn")
    }
    lines.append(
      "of the best ten \(Figures.fixed(100 * comparison.overlap, 0)) % are the same; the index finds "
        + "\(Figures.fixed(100 * comparison.recall, 1)) % of \(comparison.b)'s exact ones")
    return lines + [""]
  }

  private var movers: [String] {
    comparison.movers.flatMap { mover in
      [
        "\(Terminal.shown(mover.text))  \(Figures.fixed(mover.a, 2)) → \(Figures.fixed(mover.b, 2))",
        Self.hits(comparison.a, mover.before, mover.beforeText),
        Self.hits(comparison.b, mover.after, mover.afterText),
      ]
    } + (comparison.movers.isEmpty ? [] : [""])
  }

  /// Characters of the first hit's text.
  private static let shownCount = 60

  /// The first hits' ids, and how the first begins.
  private static func hits(_ version: String, _ ids: [String], _ text: String) -> String {
    let start = text.prefix(shownCount).map { $0.isWhitespace ? " " : $0 }
    let end = text.count > shownCount ? "…" : ""
    let quoted = start.isEmpty ? "" : "  \(Terminal.shown(String(start)))\(end)"
    return "  \(version): \(ids.map(Terminal.shown).joined(separator: ", "))\(quoted)"
  }

  private var verdict: String {
    guard let first = comparison.measures.first else { return "" }
    return
      "VERDICT: \(comparison.verdict.rawValue) | \(first.name) | \(Figures.fixed(first.a, 4)) | "
      + "\(Figures.fixed(first.b, 4)) | \(Self.signed(first.difference)) "
      + "[\(Self.signed(first.low)), \(Self.signed(first.high))]"
  }
}
