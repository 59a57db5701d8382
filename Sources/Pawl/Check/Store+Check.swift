internal import LMDB

extension Store {
  /// Reads everything once and compares what must agree; `CheckProblemKind` lists what is found.
  ///
  /// - Throws: where reading itself fails; what is wrong with the content is in the report.
  /// - Complexity: one pass over the file and the checkpoints; memory for numbers and hashes of all
  ///   rows, 21 bytes each, for each index 2 bytes more where it has lists and 8 where texts repeat, and 32
  ///   bytes for each page of the file.
  public func check() throws -> CheckReport {
    try StoreCheck(path, environment) { _ in }.run()
  }

  /// As `check()`, also for a store that is too damaged to be opened.
  ///
  /// Pages that lead out of the file end the process: whoever cannot afford that runs this in a child.
  /// - Throws: `StoreError.notAStore`, `.foreign`, `.newerFormat`, or what the system says.
  public static func check(
    at path: String, observer: @escaping (CheckEvent) -> Void = { _ in }
  ) throws -> CheckReport {
    try requireDatabase(in: path)
    let environment: Environment
    do throws(LMDBError) {
      environment = try Environment.open(path: path, mode: .readOnly)
    } catch {
      // There is a data.mdb, so to LMDB one is missing only where it is empty.
      let isDamage = error.category == .damage || error == .missing(path: path)
      guard isDamage else { throw error }
      let problem = CheckProblem(
        .file, "data.mdb",
        error.category == .damage
          ? Self.withoutFile(error.explanation) : "it is empty. Restore a backup.")
      observer(.problem(problem))
      var report = CheckReport()
      report.report(problem)
      return report
    }
    let report = try StoreCheck(path, environment, observer).run()
    try environment.close()
    return report
  }

  /// What is said of data.mdb, whose name stands before it already.
  private static func withoutFile(_ sentence: String) -> String {
    let name = "data.mdb "
    return sentence.hasPrefix(name) ? "it " + sentence.dropFirst(name.count) : sentence
  }
}
