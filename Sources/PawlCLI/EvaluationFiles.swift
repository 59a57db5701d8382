internal import ArgumentParser
internal import Corpus
internal import Glibc
internal import Pawl

/// The files of an evaluation set, as they were named.
struct EvaluationFiles {
  let queries: String
  let qrels: String
  var groups: String?

  /// - Throws: what reading throws; with a hint on stderr, `ExitCode`, where the files are swapped.
  func read() throws -> EvaluationSet {
    do {
      let set = try EvaluationSet(queries: queries, qrels: qrels, groups: groups)
      if let groups, set.groupedCount == 0 { throw StoreError.noGroups(file: groups) }
      return set
    } catch {
      guard case CorpusError.line = error, areSwapped else { throw error }
      Terminal.error("pawl: \(error) Are --queries and --qrels swapped?")
      throw ExitStatus.badInput.code
    }
  }

  /// Whether the file of queries is one of judgments. A pipe cannot be read twice.
  private var areSwapped: Bool {
    var facts = stat()
    guard unsafe stat(queries, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return false }
    do { return try !Qrels(path: queries).queries.isEmpty } catch { return false }
  }
}
