import Foundation
import Testing

@Suite struct MeasuringTests {
  let pawl: CommandRunner
  let queries = CommandRunner.queries
  let qrels = CommandRunner.qrels

  init() throws { pawl = try .withSample() }

  @Test("evaluate prints what metrics prints for the run that search writes")
  func evaluateEqualsMetrics() throws {
    let evaluated = try pawl.run(
      "evaluate", "s.pawl", "--queries", queries, "--qrels", qrels, "--metrics",
      "mrr@10,ndcg@10,map", "--json"
    ).object()
    #expect(evaluated["version"] as? String == "v1")
    let metrics = try #require(evaluated["metrics"] as? [String: Double])
    #expect(Set(metrics.keys) == ["mrr@10", "ndcg@10", "map"])
    let searched = try pawl.run(
      "search", "s.pawl", "--queries", queries, "--run", "out.trec", "--quiet")
    #expect(searched.status == 0 && searched.output == "")
    let table = try pawl.run(
      "metrics", "--qrels", qrels, "--run", "out.trec", "-m", "map", "-m", "ndcg_cut.10")
    let map = try #require(metrics["map"])
    let ndcg = try #require(metrics["ndcg@10"])
    #expect(table.output.contains("all\t" + String(format: "%.4f", map) + "\n"))
    #expect(table.output.contains("all\t" + String(format: "%.4f", ndcg) + "\n"))
  }

  @Test("a run on standard output is the run in the file, and nothing else")
  func runOnStandardOutput() throws {
    try pawl.run("search", "s.pawl", "--queries", queries, "--run", "out.trec", "-k", "7")
    let piped = try pawl.run(
      "search", "s.pawl", "--queries", queries, "--run", "-", "-k", "7", "--quiet")
    let file = try String(contentsOfFile: pawl.folder.path + "/out.trec", encoding: .utf8)
    #expect(piped.output == file)
    let lines = file.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.allSatisfy { $0.count == 6 && $0[1] == "Q0" && $0[5] == "pawl" })
    #expect(lines.prefix(7).map { $0[3] } == ["1", "2", "3", "4", "5", "6", "7"])
  }

  @Test("a set is added, listed, used for an evaluation, and removed")
  func sets() throws {
    let added = try pawl.run(
      "sets", "s.pawl", "add", "dev", "--queries", queries, "--qrels", qrels, "--role", "probe")
    #expect(added.status == 0)
    #expect(added.output.hasPrefix("s.pawl: set dev, "))
    let listed = try pawl.run("sets", "s.pawl")
    #expect(listed.output.contains("dev  probe"))
    let fromSet = try pawl.run("evaluate", "s.pawl", "--set", "dev", "--json").object()
    let fromFiles = try pawl.run(
      "evaluate", "s.pawl", "--queries", queries, "--qrels", qrels, "--json"
    ).object()
    #expect(fromSet["metrics"] as? [String: Double] == fromFiles["metrics"] as? [String: Double])
    #expect(try pawl.run("sets", "s.pawl", "remove", "dev").status == 0)
    let gone = try pawl.run("evaluate", "s.pawl", "--set", "dev")
    #expect(gone.status == 1)
    #expect(gone.error.contains("no evaluation set dev; there is none. Add one with: pawl sets"))
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("a result is never written into the store or over what it is made from")
  func outputOverInput() throws {
    let queryFile = try pawl.write("q.tsv", "a\tone\nb\ttwo\n")
    let before = try Data(contentsOf: URL(filePath: pawl.folder.path + "/s.pawl/data.mdb"))
    for output in ["s.pawl/data.mdb", "./s.pawl/new.trec", "q.tsv", "s.pawl/checkpoints/x"] {
      let result = try pawl.run("search", "s.pawl", "--queries", queryFile, "--run", output)
      #expect(result.status == 64, "\(output)")
      #expect(result.error.contains("\(output): this would be written over "))
    }
    let perQuery = try pawl.run(
      "evaluate", "s.pawl", "--queries", queries, "--qrels", qrels, "--per-query", "s.pawl/x")
    #expect(perQuery.status == 64)
    #expect(
      try Data(contentsOf: URL(filePath: pawl.folder.path + "/s.pawl/data.mdb")) == before)
    #expect(try String(contentsOfFile: queryFile, encoding: .utf8) == "a\tone\nb\ttwo\n")
  }

  @Test("a killed search leaves no file behind")
  func killedSearch() throws {
    let before = try FileManager.default.contentsOfDirectory(atPath: pawl.folder.path).sorted()
    for delay in [10_000, 30_000, 60_000] {
      let process = pawl.process(["search", "s.pawl", "--queries", queries, "--run", "out.trec"])
      try process.run()
      usleep(UInt32(delay))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      if FileManager.default.fileExists(atPath: pawl.folder.path + "/out.trec") {
        try FileManager.default.removeItem(atPath: pawl.folder.path + "/out.trec")
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: pawl.folder.path).sorted() == before)
    }
  }

  @Test("--per-query writes a line of names and a line a query, whose means are the result")
  func perQuery() throws {
    let result = try pawl.run(
      "evaluate", "s.pawl", "--queries", queries, "--qrels", qrels, "--per-query", "q.tsv",
      "--json"
    ).object()
    let text = try String(contentsOfFile: pawl.folder.path + "/q.tsv", encoding: .utf8)
    let rows = text.split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(rows[0] == ["qid", "mrr@10", "ndcg@10", "recall@100", "map"])
    #expect(rows.count - 1 == result["queries"] as? Int)
    let metrics = try #require(result["metrics"] as? [String: Double])
    for (column, name) in rows[0].enumerated().dropFirst() {
      let values = rows.dropFirst().compactMap { Double($0[column]) }
      let mean = values.reduce(0, +) / Double(values.count)
      // Six digits are written.
      #expect(abs(mean - (metrics[String(name)] ?? -1)) < 1e-6)
    }
  }

  @Test("what of the files does not count is said, and --only-stored asks what can be answered")
  func partOfACollection() throws {
    try pawl.run("init", "part.pawl")
    try pawl.run("ingest", "part.pawl", CommandRunner.sample, "--limit", "40", "--quiet")
    let all = try pawl.run("evaluate", "part.pawl", "--queries", queries, "--qrels", qrels)
    #expect(all.error.contains("judgments are of passages that the store does not have"))
    let part = try pawl.run(
      "evaluate", "part.pawl", "--queries", queries, "--qrels", qrels, "--only-stored")
    #expect(part.error.contains("judged queries have a relevant passage in the store"))
    #expect(all.output != part.output)
  }

  @Test("delete says what is gone and what was not there")
  func delete() throws {
    let result = try pawl.run("delete", "s.pawl", "p001", "p002", "nobody")
    #expect(result.status == 0)
    #expect(result.output == "s.pawl: 2 deleted\n")
    #expect(result.error == "1 was not there: nobody\n")
    let json = try pawl.run("delete", "s.pawl", "p003", "--json").object()
    #expect(json["deleted"] as? Int == 1 && json["missing"] as? Int == 0)
    let file = try pawl.run("delete", "s.pawl", "--file", "-", input: "p004\np005\n")
    #expect(file.output == "s.pawl: 2 deleted\n")
    #expect(try pawl.run("get", "s.pawl", "p004").status == 1)
    #expect(try pawl.run("check", "s.pawl").output.contains("304 passages, 304 codes, 0 pending"))
  }

  @Test("wrong usage exits with 64, bad data with 65, and says what to do")
  func refusals() throws {
    #expect(try pawl.run("delete", "s.pawl").status == 64)
    #expect(try pawl.run("delete", "s.pawl", "p1", "--file", "x").status == 64)
    #expect(try pawl.run("search", "s.pawl", "--run", "x").status == 64)
    #expect(
      try pawl.run("search", "s.pawl", "--queries", queries, "--run", "x", "-k", "0").status == 64)
    #expect(try pawl.run("evaluate", "s.pawl", "--queries", queries).status == 64)
    #expect(try pawl.run("evaluate", "s.pawl").status == 64)
    #expect(try pawl.run("sets", "s.pawl", "add", "x").status == 64)
    #expect(try pawl.run("sets", "s.pawl", "drop", "x").status == 64)
    let metric = try pawl.run(
      "evaluate", "s.pawl", "--queries", queries, "--qrels", qrels, "--metrics", "ndgc@10")
    #expect(metric.status == 64)
    #expect(metric.error.contains("there is no metric \"ndgc@10\". Known are mrr"))
    let swapped = try pawl.run("evaluate", "s.pawl", "--queries", qrels, "--qrels", queries)
    #expect(swapped.status == 65)
    let vectors = try pawl.run("search", "s.pawl", "--vectors", queries, "--run", "x")
    #expect(vectors.status == 65)
    let missing = try pawl.run("search", "s.pawl", "--queries", "no.tsv", "--run", "x")
    #expect(missing.status == 74)
    let version = try pawl.run(
      "search", "s.pawl", "--queries", queries, "--run", "x", "--version", "v9")
    #expect(version.status == 1)
    #expect(version.error.contains("no version v9. There is: v1."))
    #expect(!FileManager.default.fileExists(atPath: pawl.folder.path + "/x"))
  }
}
