import Foundation
import Testing

/// `pawl compare`, `promote`, `rollback`, `history` and `versions` as people call them.
@Suite struct VersionCommandTests {
  let pawl: CommandRunner
  private static let judged = [
    "--queries", CommandRunner.queries, "--qrels", CommandRunner.qrels,
  ]

  /// With v2, which sees less of each text.
  init() throws {
    pawl = try .withSample()
    try pawl.succeed("import", "s.pawl", "--version", "v1", "--max-length", "10")
  }

  @Test("a version is embedded, compared, refused, forced and rolled back, and history says so")
  func loop() throws {
    let early = try pawl.run(["promote", "s.pawl", "v2"] + Self.judged)
    #expect(early.status == 1 && early.error.contains("pawl reindex s.pawl --version v2"))
    let plan = try pawl.succeed("reindex", "s.pawl", "--version", "v2", "--dry-run")
    #expect(
      plan.output.contains(/309 passages to embed: about [0-9,]+ tokens, \d+.*, \d+ s/),
      "\(plan.output)")
    try pawl.succeed("reindex", "s.pawl", "--version", "v2", "--quiet")
    let compared = try pawl.run(
      ["compare", "s.pawl", "v1", "v2", "--timed", "20", "--quiet"] + Self.judged)
    #expect(compared.status == 0, "\(compared.error)")
    let last = try #require(compared.output.split(separator: "\n").last)
    #expect(
      last.wholeMatch(
        of:
          /VERDICT: [A-Z-]+ \| mrr@10 \| 0\.\d{4} \| 0\.\d{4} \| [+-]0\.\d{4} \[[+-]0\.\d{4}, [+-]0\.\d{4}\]/
      )
        != nil, "\(last)")
    let json = try pawl.run(
      ["compare", "s.pawl", "v1", "v2", "--timed", "0", "--quiet", "--json"] + Self.judged
    ).object()
    #expect(json["verdict"] is String && json["comparison"] is [String: Any])
    let refused = try pawl.run(["promote", "s.pawl", "v2", "--quiet"] + Self.judged)
    #expect(refused.status == 2, "\(refused.error)")
    #expect(refused.output.contains("FAIL  queries"))
    #expect(refused.output.contains("v2 is refused; v1 goes on serving"))
    #expect(try pawl.run("promote", "s.pawl", "v2", "--force").status == 64)
    let forced = try pawl.run("promote", "s.pawl", "v2", "--force", "--reason", "a test")
    #expect(forced.status == 0 && forced.output.contains("v2 serves now, after v1"))
    let again = try pawl.run("promote", "s.pawl", "v2")
    #expect(again.status == 0 && again.output == "s.pawl: v2 serves already\n")
    let back = try pawl.run("rollback", "s.pawl", "--reason", "it was a test")
    #expect(back.status == 0 && back.output.contains("v1 serves again, v2 no longer"))
    #expect(try pawl.run("rollback", "s.pawl").status == 1)
    let history = try pawl.succeed("history", "s.pawl").output.split(separator: "\n")
    #expect(history.count == 4, "\(history)")
    #expect(history[2].contains("force: v1 → v2") && history[2].hasSuffix("a test"))
    #expect(history[3].contains("rollback: v2 → v1") && history[3].hasSuffix("it was a test"))
    let collected = try pawl.succeed("gc", "s.pawl", "--keep", "0")
    #expect(collected.output.contains("version v2: not among the 0 newest"), "\(collected.output)")
    let gone = try pawl.run("query", "s.pawl", "bread", "--version", "v2")
    #expect(gone.status == 1 && gone.error.contains("pawl gc --keep removed them"))
    #expect(try pawl.succeed("versions", "s.pawl").output.contains(/v2 +collected/))
    #expect(try pawl.run("gc", "s.pawl", "--keep", "-1").status == 64)
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test(
    "a bridge says what it was learned from and how near it comes, and what there is no bridge between"
  )
  func bridge() throws {
    let made = try pawl.run("bridge", "s.pawl", "v2", "--quiet")
    #expect(made.status == 0, "\(made.error)")
    let lines = made.output.split(separator: "\n")
    #expect(lines.count == 3 && lines.last == "v3", "\(made.output)")
    #expect(
      lines[0] == "s.pawl: v2's queries, turned to the vectors of v1; learned from 248 passages")
    #expect(
      lines[1].wholeMatch(
        of:
          /s.pawl: of 61 other passages the vectors come to a cosine of 0\.\d{4} to the stored ones; 0\.\d{4} unturned/
      ) != nil, "\(lines[1])")
    let json = try pawl.run("bridge", "s.pawl", "v2", "--to", "v1", "--quiet", "--json").object()
    #expect(json["version"] as? String == "v4" && json["target"] as? String == "v1")
    #expect((json["bridge"] as? [String: Any])?["learnedCount"] as? Int == 248)
    let answer = try pawl.run("query", "s.pawl", "bread", "--version", "v3", "--json").object()
    #expect(answer["version"] as? String == "v3")
    let same = try pawl.run("bridge", "s.pawl", "v1")
    #expect(same.status == 1 && same.error.contains("the vectors of both are the same"))
    let export = try pawl.run("export", "s.pawl", "--version", "v3", "--model", "m")
    #expect(
      export.status == 1 && export.error.contains("Take v2, with --version"), "\(export.error)")
    #expect(try pawl.run("bridge", "s.pawl", "v9").status == 1)
    #expect(try pawl.run("bridge", "s.pawl").status == 64)
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("a stored set judges without being named, and files do not need it")
  func sets() throws {
    for command in [
      ["evaluate", "s.pawl", "--version", "v2"] + Self.judged,
      ["search", "s.pawl", "--version", "v2", "--queries", CommandRunner.queries, "--run", "x"],
      ["export", "s.pawl", "--version", "v2", "--vectors", "x", "--ids", "y"],
    ] {
      let early = try pawl.run(command)
      #expect(early.status == 1 && early.error.contains("pawl reindex s.pawl --version v2"))
    }
    let empty = try pawl.run("query", "s.pawl", "bread", "--version", "v2")
    #expect(empty.error.contains("pawl reindex s.pawl --version v2 embeds them"))
    try pawl.succeed("reindex", "s.pawl", "--version", "v2", "--quiet")
    let none = try pawl.run("promote", "s.pawl", "v2")
    #expect(none.status == 64 && none.error.contains("which queries shall judge?"))
    try pawl.succeed(
      "sets", "s.pawl", "add", "dev", "--queries", CommandRunner.queries, "--qrels",
      CommandRunner.qrels)
    #expect(try pawl.run("promote", "s.pawl", "v2", "--quiet").status == 2)
    try pawl.succeed(
      "sets", "s.pawl", "add", "other", "--queries", CommandRunner.queries, "--qrels",
      CommandRunner.qrels)
    let two = try pawl.run("promote", "s.pawl", "v2")
    #expect(two.status == 64 && two.error.contains("the sets dev, other have the role gate"))
    #expect(
      try pawl.run("sets", "s.pawl", "remove", "other", "--json").output
        == "{\"removed\":\"other\"}\n")
    let json = try pawl.run("promote", "s.pawl", "v2", "--quiet", "--json")
    let report = try json.object()
    #expect(json.status == 2 && report["promoted"] as? Bool == false)
    #expect((report["gate"] as? [String: Any])?["looks"] as? Int == 2)
    let train = try pawl.run("train", "s.pawl", "--set", "dev", "--steps", "1")
    #expect(train.status == 64 && train.error.contains("has the role gate"), "\(train.error)")
    let pooled = try pawl.run("compare", "s.pawl", "v1", "v2", "--pool", "--quiet")
    #expect(pooled.status == 0 && pooled.output.contains("the judged ones and what v1 finds"))
    let versions = try pawl.succeed("versions", "s.pawl").output.split(separator: "\n")
    #expect(versions[1].hasPrefix("*  v1") && versions[2].hasPrefix("     v2"), "\(versions)")
  }
}
