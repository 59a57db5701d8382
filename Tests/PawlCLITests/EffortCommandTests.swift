import Foundation
import Testing

@Suite struct EffortCommandTests {
  let pawl: CommandRunner
  let queries = CommandRunner.queries
  let qrels = CommandRunner.qrels

  init() throws { pawl = try .withSample() }

  private func cluster() throws { try pawl.run("reindex", "s.pawl", "--lists", "20", "--quiet") }

  @Test(
    "efforts that exclude each other or are none are usage errors of every search",
    arguments: [
      (["--recall", "0.9", "--probes", "3"], "exclude each other"),
      (["--exact", "--probes", "3"], "exclude each other"),
      (["--exact", "--recall", "0.9"], "exclude each other"),
      (["--recall", "0"], "--recall takes a share above 0 and up to 1"),
      (["--recall", "1.1"], "--recall takes a share above 0 and up to 1"),
      (["--recall", "-0.5"], "--recall takes a share above 0 and up to 1"),
      (["--recall", "nan"], "--recall takes a share above 0 and up to 1"),
      (["--recall", "high"], "invalid"), (["--probes", "0"], "--probes must be at least 1."),
      (["--probes", "-3"], "--probes must be at least 1."), (["--probes", "1.5"], "invalid"),
    ])
  func wrongEfforts(options: [String], message: String) throws {
    for command in [
      ["query", "s.pawl", "bread"], ["shell", "s.pawl"],
      ["search", "s.pawl", "--queries", queries, "--run", "r"],
      ["evaluate", "s.pawl", "--queries", queries, "--qrels", qrels],
    ] {
      let result = try pawl.run(command + options)
      #expect(result.status == 64, "\(command)")
      #expect(result.error.contains(message), "\(result.error)")
    }
  }

  @Test("a query looks into as many lists as it is told, and says so")
  func query() throws {
    try cluster()
    let few = try pawl.succeed("query", "s.pawl", "bread", "--probes", "2", "--json").object()
    #expect(few["probes"] as? Int == 2 && few["exact"] as? Bool == false)
    #expect(few["searched"] as? Int == 309)
    #expect((few["scanned"] as? Int ?? 309) < 309)
    for option in [["--exact"], ["--recall", "1"]] {
      let result = try pawl.run(["query", "s.pawl", "bread", "--json"] + option)
      #expect(result.output.contains("\"exact\":true"))
      #expect(result.output.contains("\"probes\":0") && result.output.contains("\"scanned\":309"))
    }
    let text = try pawl.run("query", "s.pawl", "bread", "--probes", "2")
    #expect(text.error.contains(" of 309 passages compared, in 2 of 20 lists\n"), "\(text.error)")
    let exact = try pawl.run("query", "s.pawl", "bread", "--exact")
    #expect(exact.error == "all 309 passages compared\n")
    let deep = try pawl.run("query", "s.pawl", "bread", "-k", "2000")
    #expect(
      deep.error
        == "all 309 passages compared, since nothing less promises a recall of 0.98 for the "
        + "best 2,000\n")
  }

  @Test("without lists a query says nothing of them, unless they were asked for")
  func queryWithoutLists() throws {
    #expect(try pawl.run("query", "s.pawl", "bread").error == "")
    #expect(
      try pawl.run("query", "s.pawl", "bread", "--probes", "4").error
        == "all 309 passages compared, since the index has no lists\n")
  }

  @Test("batches and evaluations go through lists, tell what it took, and with --exact do not")
  func batches() throws {
    try cluster()
    let search = ["search", "s.pawl", "--queries", queries, "-k", "5", "--run", "r", "--json"]
    let evaluate = ["evaluate", "s.pawl", "--queries", queries, "--qrels", qrels, "--json"]
    for command in [search, evaluate] {
      for (options, probes) in [(["--probes", "3"], 3.0), (["--exact"], 0)] {
        let report = try pawl.run(command + options).object()
        #expect(report["meanProbes"] as? Double == probes, "\(command) \(options)")
        #expect(report["exact"] as? Bool == (probes == 0))
        #expect((report["meanScanned"] as? Double == 309) == (probes == 0))
      }
    }
    let text = try pawl.run([
      "search", "s.pawl", "--queries", queries, "--run", "r", "--quiet",
      "-k", "5", "--probes", "3",
    ])
    #expect(text.error.contains("of 309 passages compared, in 3.0 of 20 lists\n"), "\(text.error)")
    let whole = try pawl.run(evaluate + ["--probes", "20"])
    let exact = try pawl.run(evaluate + ["--exact"])
    func metrics(_ text: String) -> Substring? { text.firstMatch(of: /"metrics":{[^}]*}/)?.output }
    #expect(metrics(whole.output) != nil && metrics(whole.output) == metrics(exact.output))
  }

  @Test("settings are listed, changed, taken back, and obeyed by searches")
  func settings() throws {
    try cluster()
    #expect(try pawl.run("settings", "s.pawl", "recall").output == "0.98\n")
    let search = ["search", "s.pawl", "--queries", queries, "-k", "5", "--run", "r", "--json"]
    func probes() throws -> Double? { try pawl.run(search).object()["meanProbes"] as? Double }
    let usual = try #require(try probes())
    let set = try pawl.run("settings", "s.pawl", "recall", "0.5")
    #expect(set.status == 0 && set.output.contains("recall   0.5    set"), "\(set.output)")
    #expect(try pawl.run("settings", "s.pawl", "recall").output == "0.5\n")
    #expect(try #require(try probes()) < usual)
    let listed =
      try pawl.succeed("settings", "s.pawl", "--json").object()["settings"] as? [[String: Any]]
    #expect(listed?.first?["value"] as? String == "0.5")
    #expect(listed?.first?["isDefault"] as? Bool == false)
    #expect(try pawl.run("settings", "s.pawl", "recall", "default").status == 0)
    #expect(try probes() == usual)
  }

  @Test("a setting that there is not, and a value that it cannot have, are usage errors")
  func wrongSettings() throws {
    let key = try pawl.run("settings", "s.pawl", "recal", "0.5")
    #expect(key.status == 64)
    #expect(key.error.contains("There is no setting \"recal\"; there is: recall, gate-queries, "))
    for value in ["0", "2", "x", ""] {
      let result = try pawl.run("settings", "s.pawl", "recall", value)
      #expect(result.status == 64)
      #expect(
        result.error
          == "pawl: recall cannot be \"\(value)\": it is the recall of searches that name "
          + "none, above 0 and up to 1.\n")
    }
    #expect(try pawl.run("settings", "none.pawl", "recall", "0.5").status == 65)
    #expect(try pawl.run("settings", "s.pawl", "recall").output == "0.98\n")
  }
}
