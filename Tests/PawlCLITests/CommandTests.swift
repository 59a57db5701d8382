import Foundation
import Testing

@Suite struct CommandTests {
  let pawl: CommandRunner
  init() throws { pawl = try CommandRunner() }

  @Test("init, ingest, query, get, versions, stats and check work one after another")
  func firstSteps() throws {
    let made = try pawl.run("init", "s.pawl")
    #expect(made.status == 0)
    #expect(made.output == "s.pawl: version v1, 32 dimensions as int8, texts up to 16 tokens\n")
    let ingested = try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--quiet")
    #expect(ingested.status == 0)
    #expect(ingested.output.hasPrefix("s.pawl: 309 new, 309 embedded in "))
    #expect(ingested.error == "")
    let answer = try pawl.run("query", "s.pawl", "bread that does not rise", "-k", "3")
    #expect(answer.status == 0)
    #expect(answer.output.split(separator: "\n").filter { $0.first?.isNumber == true }.count == 3)
    let got = try pawl.run("get", "s.pawl", "p001")
    #expect(got.output.hasPrefix("p001\t"))
    #expect(try pawl.run("versions", "s.pawl").output.contains("*  v1"))
    #expect(try pawl.run("stats", "s.pawl").output.contains("309 passages"))
    let checked = try pawl.run("check", "s.pawl")
    #expect(checked.status == 0)
    #expect(checked.output.hasSuffix("all in order\n"))
  }

  @Test("--json is one object a line, with the documented keys")
  func json() throws {
    _ = try pawl.run("init", "s.pawl", "--json").object()
    let ingest = try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--json", "--quiet")
      .object()
    #expect(ingest["new"] as? Int == 309 && ingest["interrupted"] as? Bool == false)
    let answer = try pawl.run("query", "s.pawl", "bread", "-k", "2", "--json").object()
    #expect(answer["version"] as? String == "v1")
    let hits = try #require(answer["hits"] as? [[String: Any]])
    #expect(hits.map { $0["rank"] as? Int } == [1, 2])
    #expect(Set(hits[0].keys) == ["rank", "score", "pid", "text"])
    let stats = try pawl.run("stats", "s.pawl", "--json").object()
    #expect(stats["passageCount"] as? Int == 309)
    let versions = try pawl.run("versions", "s.pawl", "--json").object()
    #expect((versions["versions"] as? [[String: Any]])?.first?["name"] as? String == "v1")
    #expect(try pawl.run("check", "s.pawl", "--json").object()["problemCount"] as? Int == 0)
    #expect(try pawl.run("get", "s.pawl", "p002", "--json").object()["id"] as? String == "p002")
  }

  @Test("results go to stdout without colour where nobody looks")
  func plainOutput() throws {
    try pawl.run("init", "s.pawl")
    try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--quiet")
    let answer = try pawl.run("query", "s.pawl", "bread", "-k", "1")
    #expect(!answer.output.contains("\u{1B}"))
    #expect(answer.error == "")
  }

  @Test("a collection from a pipe, gzip and zstd is the same collection")
  func otherSources() throws {
    try pawl.run("init", "s.pawl")
    let text = try String(contentsOfFile: CommandRunner.sample, encoding: .utf8)
    let piped = try pawl.run("ingest", "s.pawl", "-", "--quiet", input: text)
    #expect(piped.status == 0)
    #expect(piped.output.contains("309 new"))
    let again = try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--quiet")
    #expect(again.output.contains("0 new, 309 unchanged"))
  }

  @Test("tokenize prints a line of ids for each line, embed a matrix")
  func modelCommands() throws {
    let file = try pawl.write("texts.txt", "a b\n\nc\n")
    let ids = try pawl.run("tokenize", "--model", CommandRunner.tinyModel, file)
    #expect(ids.status == 0)
    #expect(ids.output.split(separator: "\n", omittingEmptySubsequences: false).count == 4)
    let embedded = try pawl.run(
      "embed", "--model", CommandRunner.tinyModel, file, "--out", "v.npy", "--quiet")
    #expect(embedded.status == 0)
    let npy = try Data(contentsOf: URL(filePath: pawl.folder.path + "/v.npy"))
    #expect(npy.count == 128 + 3 * 32 * 4)
  }

  @Test("a text that begins with a dash is no request for help, and goes behind --")
  func dash() throws {
    try pawl.succeed("init", "s.pawl", "--model", CommandRunner.tinyModel)
    let file = try pawl.write("d.tsv", "a\tone\nb\ttwo\na\tthree\n")
    let ingest = try pawl.run("ingest", "s.pawl", file, "--json")
    #expect(try ingest.object()["repeated"] as? Int == 1)
    #expect(ingest.error.contains("1 line has an id that came before with another text (a)"))
    let refused = try pawl.run("query", "s.pawl", "-dash", "-k", "1")
    #expect(refused.status == 64 && refused.output.isEmpty)
    #expect(refused.error.contains("pawl query STORE -- -dash"))
    let answer = try pawl.succeed("query", "s.pawl", "-k", "1", "--", "-dash")
    #expect(answer.output.hasPrefix("1  "))
  }

  @Test("every command's help has an example")
  func help() throws {
    for command in [
      "init", "ingest", "delete", "query", "shell", "search", "get", "evaluate", "metrics", "sets",
      "versions", "stats", "check", "reindex", "calibrate", "settings", "backup", "restore",
      "export", "compact", "gc", "tokenize", "embed", "train", "mine", "import", "compare",
      "promote", "rollback", "history",
    ] {
      let help = try pawl.run("help", command)
      #expect(help.status == 0)
      #expect(help.output.contains("pawl \(command) "), "\(command)")
      #expect(help.output.contains("Example:"), "\(command)")
      let example = help.output.split(separator: "\n", omittingEmptySubsequences: false)
        .drop { $0 != "Example:" }.dropFirst().prefix { !$0.isEmpty }
      // The parser breaks longer lines, and what is pasted then does something else.
      #expect(
        example.allSatisfy { $0.hasPrefix("  pawl ") || $0.hasPrefix("    --") }, "\(command)")
      #expect(!help.output.contains("Show the version."), "\(command)")
    }
  }
}
