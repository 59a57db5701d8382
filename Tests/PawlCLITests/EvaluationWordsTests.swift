import Foundation
import Testing

@Suite struct EvaluationWordsTests {
  let pawl: CommandRunner
  let queries: String
  let qrels: String

  init() throws {
    pawl = try CommandRunner()
    queries = try pawl.write("queries.tsv", "1\tone\n2\ttwo\n")
    qrels = try pawl.write("qrels.tsv", "1\t0\ta\t1\n1\t0\tb\t0\n2\t0\tb\t1\n")
    try pawl.run("init", "s.pawl")
    let file = try pawl.write("c.tsv", "a\tone\nc\tthree\n")
    try pawl.run("ingest", "s.pawl", file, "--quiet")
  }

  private func evaluate(_ more: String...) throws -> CommandRunner.Result {
    try pawl.run(
      ["evaluate", "s.pawl", "--queries", queries, "--qrels", qrels, "--quiet"] + more)
  }

  @Test("trec_eval's -mNAME takes parameters behind a point too")
  func joinedMeasure() throws {
    let run = try pawl.write("run", "1 Q0 a 1 2 t\n")
    let start = ["metrics", "--qrels", qrels, "--run", run]
    let apart = try pawl.run(start + ["-m", "ndcg.1=3,2=9,4=4.5"])
    let joined = try pawl.run(start + ["-mndcg.1=3,2=9,4=4.5"])
    #expect(joined.status == 0 && joined.output.hasPrefix("ndcg"), "\(joined.error)")
    #expect(joined.output == apart.output)
  }

  @Test("metrics says why it prints nothing")
  func nothingToPrint() throws {
    let run = try pawl.write("run", "1 Q0 a 1 2 t\n")
    let silent = try pawl.run("metrics", "--qrels", qrels, "--run", run, "-n")
    #expect(silent.status == 0 && silent.output == "")
    #expect(silent.error.contains("-q adds"))
  }

  @Test("JSON and a table on standard output are refused")
  func mixedOutput() throws {
    #expect(try evaluate("--json", "--per-query", "-").status == 64)
    #expect(try evaluate("--json", "--per-query", "/dev/stdout").status == 64)
  }

  @Test("what the judgments cannot measure is said in words")
  func nothingRelevant() throws {
    let high = try evaluate("--min-grade", "3")
    #expect(high.status == 0)
    #expect(high.error.contains("no query has a relevant passage: the qrels give no grade of 3"))
    #expect(try !evaluate().error.contains("no query has"))
    let part = try evaluate("--only-stored", "--min-grade", "2")
    #expect(part.status == 65)
    #expect(part.error.contains("no query has a relevant passage in the store (grade 2 or higher)"))
    try pawl.run("delete", "s.pawl", "a")
    let none = try evaluate("--only-stored")
    #expect(none.status == 65)
    #expect(none.error.contains("s.pawl: none of the judged passages is in the store. Ingest"))
  }

  @Test("swapped files are recognized, by either of the two errors")
  func swappedFiles() throws {
    let hint = "Are --queries and --qrels swapped?\n"
    for judgments in [qrels, try pawl.write("one.tsv", "1\t0\ta\t1\n")] {
      for start in [["evaluate", "s.pawl"], ["sets", "s.pawl", "add", "x"]] {
        let result = try pawl.run(start + ["--queries", judgments, "--qrels", queries])
        #expect(result.status == 65)
        #expect(result.error.hasSuffix(hint), "\(result.error)")
      }
    }
    let bad = try pawl.write("bad.tsv", "1\tone\n1\ttwo\n")
    let result = try pawl.run("evaluate", "s.pawl", "--queries", bad, "--qrels", qrels)
    #expect(result.status == 65 && !result.error.contains("swapped"))
  }

  @Test("search refuses a file without queries, and says what was not searched")
  func search() throws {
    let empty = try pawl.write("empty.tsv", "")
    let refused = try pawl.run("search", "s.pawl", "--queries", empty, "--run", "r.trec")
    #expect(refused.status == 65)
    #expect(refused.error.contains("empty.tsv: there is no query in it."))
    #expect(!FileManager.default.fileExists(atPath: pawl.folder.path + "/r.trec"))
    let more = try pawl.write("d.tsv", "d\tfour\n")
    try pawl.run("ingest", "s.pawl", more, "--text-only", "--quiet")
    let pending = try pawl.run("search", "s.pawl", "--queries", queries, "--run", "r.trec")
    #expect(pending.status == 0)
    #expect(
      pending.error.contains(
        "1 passage is not embedded yet and was not found: pawl reindex s.pawl --version v1 embeds "
          + "it"))
  }

  @Test("a file of groups that gives no query one is no silent nothing")
  func emptyGroups() throws {
    let empty = try pawl.write("groups.tsv", "")
    let result = try pawl.run(
      "sets", "s.pawl", "add", "x", "--queries", queries, "--qrels", qrels, "--groups", empty)
    #expect(result.status == 65)
    #expect(result.error.contains("groups.tsv: it gives none of the queries a group"))
    let none = try pawl.run("sets", "s.pawl", "remove", "x")
    #expect(none.status == 1 && none.error.contains("no evaluation set x"))
  }
}
