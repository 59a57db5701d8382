internal import ArgumentParser
internal import Corpus
internal import Pawl

/// Judged queries on the command line: two files, or the name of a stored set.
struct JudgedQueries: ParsableArguments {
  @Option(help: ArgumentHelp("qid<TAB>query a line.", valueName: "queries.tsv"))
  var queries: String?
  @Option(help: ArgumentHelp("qid 0 pid grade a line.", valueName: "qrels.tsv"))
  var qrels: String?
  @Option(help: ArgumentHelp("A stored evaluation set instead (pawl sets).", valueName: "name"))
  var set: String?
  @Flag(
    help: """
      Leave out judgments of passages that the store does not have, and queries for which nothing \
      relevant is left: for a part of a collection.
      """)
  var onlyStored = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Passages are relevant from this grade on.", valueName: "g"))
  var minGrade: Int32 = 1

  func validate() throws {
    if minGrade < 0 { throw ValidationError("--min-grade must be at least 0.") }
    let both = queries != nil && qrels != nil
    let neither = queries == nil && qrels == nil
    if !(both || neither) || (both && set != nil) {
      throw ValidationError("Give --queries and --qrels, or --set.")
    }
  }

  var areGiven: Bool { queries != nil || set != nil }

  func requireGiven() throws {
    if !areGiven { throw ValidationError("Give --queries and --qrels, or --set.") }
  }

  var files: [String] { [queries, qrels].compactMap(\.self) }

  /// - Throws: `StoreError.isGate` for a stored set from which nothing may be learned.
  func requireNoGate(in store: Store) throws {
    guard let set, try store.sets().contains(where: { $0.name == set && $0.role == .gate }) else {
      return
    }
    throw StoreError.isGate(path: store.path, name: set)
  }

  /// Reads the queries and says on stderr what of them does not count.
  ///
  /// - Parameter groups: a file that goes with the others.
  func read(in store: Store, groups: String? = nil) throws -> EvaluationSet {
    let minimumGrade = Int(minGrade)
    let all =
      if let set { try store.set(named: set) } else {
        try EvaluationFiles(queries: queries ?? "", qrels: qrels ?? "", groups: groups).read()
      }
    if onlyStored {
      let part = try all.restricted(toStoredIn: store, relevantFrom: minimumGrade)
      Terminal.error(
        "\(Figures.grouped(part.queryCount)) of "
          + Figures.count(all.queryCount, "judged query has", "judged queries have")
          + " a relevant passage in the store")
      return part
    }
    EvaluationNotes.print(all)
    if all.answerableCount(relevantFrom: minimumGrade) == 0 {
      Terminal.error(
        "no query has a relevant passage: the qrels give no grade of \(minGrade) or higher, so "
          + "the metrics say nothing")
    }
    EvaluationNotes.print(absent: try all.absentCount(in: store), of: all) {
      " (--only-stored leaves \($0 == 1 ? "it" : "them") out)"
    }
    return all
  }
}

/// Judged queries, with what hangs together among those of files.
struct GroupedQueries: ParsableArguments {
  @OptionGroup var judged: JudgedQueries
  @Option(
    help: ArgumentHelp("qid<TAB>group a line: what hangs together.", valueName: "groups.tsv"))
  var groups: String?

  func validate() throws {
    if groups != nil, judged.queries == nil {
      throw ValidationError("--groups goes with --queries and --qrels; a stored set has its own.")
    }
  }

  var files: [String] { judged.files + [groups].compactMap(\.self) }

  func read(in store: Store) throws -> EvaluationSet {
    try judged.read(in: store, groups: groups)
  }
}
