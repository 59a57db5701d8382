internal import ArgumentParser
internal import Pawl

struct SetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sets", abstract: "Keep evaluation sets in a store.",
    discussion: """
      A set is queries with what is relevant to them, and optionally groups of queries that hang \
      together. Its role says what it is for: gate (decides on promotions, default), probe (other \
      queries, which the gate wants answered no worse), calibration (measures recall).

      Example:
        pawl sets demo.pawl add dev --queries queries.tsv --qrels qrels.tsv \\
          --groups groups.tsv
        pawl sets demo.pawl list
        pawl sets demo.pawl remove dev
      """)

  enum Action: String, ExpressibleByArgument, CaseIterable { case add, list, remove }

  @OptionGroup var target: StoreArgument
  @Argument(help: "add, list or remove.")
  var action = Action.list
  @Argument(help: "The name of the set.")
  var name: String?
  @Option(help: ArgumentHelp("qid<TAB>query a line.", valueName: "file"))
  var queries: String?
  @Option(help: ArgumentHelp("qid 0 pid grade a line.", valueName: "file"))
  var qrels: String?
  @Option(help: ArgumentHelp("qid<TAB>group a line.", valueName: "file"))
  var groups: String?
  @Option(help: "gate, probe or calibration.", transform: SetsCommand.role(named:))
  var role = SetRole.gate
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if action != .list, name == nil { throw ValidationError("\(action) needs the set's name.") }
    if action == .list, name != nil { throw ValidationError("list takes no name.") }
    if action == .add, queries == nil || qrels == nil {
      throw ValidationError("add needs --queries and --qrels.")
    }
    if action != .add, queries != nil || qrels != nil || groups != nil {
      throw ValidationError("--queries, --qrels and --groups belong to add.")
    }
  }

  func run() throws {
    switch action {
    case .list: try list(Store(path: target.store, access: .reading).sets())
    case .add: try add(name ?? "")
    case .remove:
      try Store(path: target.store).removeSet(name ?? "")
      if output.json { return Output.line(try JSONOutput.line(["removed": name ?? ""])) }
      Output.line("\(target.store): removed the set \(name ?? "")")
    }
  }

  private func add(_ name: String) throws {
    let set = try EvaluationFiles(queries: queries ?? "", qrels: qrels ?? "", groups: groups)
      .read()
    let store = try Store(path: target.store)
    try store.addSet(name, set, role: role)
    EvaluationNotes.print(set)
    EvaluationNotes.print(absent: try set.absentCount(in: store), of: set)
    let stored = try store.sets().filter { $0.name == name }
    if output.json { return try list(stored) }
    Output.line(
      "\(target.store): set \(name), "
        + "\(Figures.count(set.queryCount, "query", "queries")) with "
        + Figures.count(set.judgmentCount, "judgment"))
  }

  private func list(_ sets: [StoredSet]) throws {
    if output.json { return Output.line(try JSONOutput.line(["sets": sets])) }
    if sets.isEmpty { return Terminal.error("\(target.store): no evaluation sets") }
    var table = TextTable(
      header: ["set", "role", "queries", "judgments", "grouped", "gate looks", "added"],
      right: [2, 3, 4, 5])
    for set in sets {
      table.add([
        set.name, set.role.rawValue, Figures.grouped(set.queryCount),
        Figures.grouped(set.judgmentCount), Figures.grouped(set.groupedCount),
        set.looks.map(Figures.grouped) ?? "", set.created,
      ])
    }
    for line in table.lines { Output.line(line) }
  }

  private static func role(named name: String) throws -> SetRole {
    guard let role = SetRole(rawValue: name) else {
      let names = SetRole.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("There is no role \"\(name)\"; there is: \(names).")
    }
    return role
  }
}

/// What of a set's files does not count, on stderr.
enum EvaluationNotes {
  static func print(_ set: EvaluationSet) {
    if set.unjudgedCount > 0 {
      Terminal.error(
        Figures.count(set.unjudgedCount, "query has", "queries have") + " no judgment: left out")
    }
    if set.textlessCount > 0 {
      Terminal.error(
        Figures.count(set.textlessCount, "judged query is", "judged queries are")
          + " not among the queries: left out")
    }
    let alone = set.queryCount - set.groupedCount
    if set.groupedCount > 0, alone > 0 {
      Terminal.error(
        Figures.count(alone, "query has", "queries have") + " no group, so each counts for itself")
    }
  }

  /// - Parameter hint: what leaves them out.
  static func print(absent count: Int, of set: EvaluationSet, _ hint: (Int) -> String = { _ in "" })
  {
    if count == 0 { return }
    Terminal.error(
      "\(Figures.grouped(count)) of \(Figures.count(set.judgmentCount, "judgment")) "
        + (count == 1 ? "is of a passage" : "are of passages") + " that the store does not have"
        + hint(count))
  }

  static func print(pending count: Int, of version: String, in store: String) {
    if count == 0 { return }
    Terminal.error(
      Figures.count(count, "passage is", "passages are") + " not embedded yet and "
        + "\(count == 1 ? "was" : "were") not found: pawl reindex \(store.quotedForShell) --version \(version) "
        + "embeds \(count == 1 ? "it" : "them")")
  }
}
