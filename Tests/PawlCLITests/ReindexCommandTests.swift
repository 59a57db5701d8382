import Foundation
import Testing

@Suite struct ReindexCommandTests {
  let pawl: CommandRunner
  let queries = CommandRunner.queries

  init() throws { pawl = try .withSample() }

  @Test("few passages get no lists, with a sentence and status 0, unless --lists is given")
  func few() throws {
    let result = try pawl.run("reindex", "s.pawl", "--quiet")
    #expect(result.status == 0)
    #expect(
      result.output
        == "s.pawl: 309 vectors, compared one by one: below 10,000 that is as fast as lists, "
        + "and finds everything. --lists N makes lists all the same.\n")
    let coded = try pawl.run("reindex", "s.pawl", "--codec", "binary", "--dry-run")
    #expect(coded.output.contains(" as binary, beside the old index"))
    #expect(try pawl.succeed("reindex", "s.pawl", "--json").object()["lists"] as? Int == 0)
    let made = try pawl.run("reindex", "s.pawl", "--lists", "12", "--quiet")
    #expect(made.status == 0)
    let lines = made.output.split(separator: "\n")
    #expect(lines.count == 3, "\(made.output)")
    #expect(
      lines[0].wholeMatch(
        of: /s\.pawl: 309 vectors in 12 lists, imbalance [0-9.]+, in [0-9.]+ s/) != nil)
    #expect(lines[1].hasPrefix("s.pawl: recall 0.98 of the best 10: "))
    #expect(lines[2].hasPrefix("s.pawl: measured with words in a row from stored passages"))
  }

  @Test("--dry-run says what there would be, and the store stays as it is")
  func dryRun() throws {
    let data = URL(filePath: pawl.folder.path + "/s.pawl/data.mdb")
    let before = try Data(contentsOf: data)
    let result = try pawl.run("reindex", "s.pawl", "--lists", "12", "--dry-run")
    #expect(
      result.status == 0 && result.output.contains("lists      0    12\n"), "\(result.output)")
    #expect(result.output.contains("as int8, beside the old index until they are exchanged; about"))
    let plan = try pawl.succeed(
      "reindex", "s.pawl", "--lists", "12", "--codec", "binary", "--dry-run", "--json"
    ).object()
    #expect(plan["listCount"] as? Int == 12 && plan["codec"] as? String == "binary")
    #expect((plan["sizeInBytes"] as? Int ?? 0) > 309 * 32)
    #expect(try Data(contentsOf: data) == before)
  }

  @Test("a codec that cannot be made, too many lists, and lists that are none are told")
  func wrong() throws {
    let codec = try pawl.run("reindex", "s.pawl", "--lists", "5", "--codec", "float32", "--quiet")
    #expect(codec.status == 64)
    #expect(codec.error.contains("float32 codes cannot be made from int8 codes"))
    let many = try pawl.run("reindex", "s.pawl", "--lists", "310", "--quiet")
    #expect(many.status == 64)
    #expect(
      many.error.contains("310 lists cannot be made of 309 passages; --lists takes 309 at most"))
    for arguments in [["--codec", "float32"], ["--lists", "310"]] {
      let plan = try pawl.run(["reindex", "s.pawl", "--lists", "5", "--dry-run"] + arguments)
      #expect(plan.status == 64, "\(arguments)")
    }
    for lists in ["0", "-1", "65001"] {
      let result = try pawl.run("reindex", "s.pawl", "--lists", lists)
      #expect(result.status == 64 && result.error.contains("--lists takes 1 to 65000."))
    }
    let name = try pawl.run("reindex", "s.pawl", "--codec", "int4")
    #expect(
      name.status == 64
        && name.error.contains(
          "There is no codec \"int4\"; there is: int8, float16, float32, binary")
    )
  }

  @Test("calibrate prints a row a promise and says what it measured with; stats show it")
  func calibrate() throws {
    let none = try pawl.run("calibrate", "s.pawl", "--quiet")
    #expect(none.status == 1 && none.error.contains("the index of v1 has no lists"))
    try pawl.run("reindex", "s.pawl", "--lists", "20", "--quiet")
    let result = try pawl.run("calibrate", "s.pawl", "--queries", queries, "--quiet")
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines[0].hasSuffix(" with \(queries)"), "\(lines[0])")
    #expect(
      lines[1].split(separator: " ").map(String.init).starts(with: ["k", "asked", "promised"]))
    // k 1 and 10: 100 would be more than a quarter of 309 passages.
    #expect(lines.count == 2 + 2 * 5)
    let report = try pawl.succeed("calibrate", "s.pawl", "--queries", queries, "--quiet", "--json")
      .object()
    #expect(report["source"] as? String == "file" && report["name"] as? String == queries)
    #expect((report["curves"] as? [[String: Any]])?.count == 2)
    let stats = try pawl.run("stats", "s.pawl").output
    #expect(stats.contains("  20 lists, imbalance "), "\(stats)")
    #expect(stats.contains("0 codes (0.0 %) not merged into them yet"))
    #expect(stats.contains("  recall of the best 10: 0.80 in "))
    #expect(stats.contains("  measured with \(queries)\n"))
    let versions =
      try pawl.succeed("versions", "s.pawl", "--json").object()["versions"] as? [[String: Any]]
    let clustering = versions?.first?["clustering"] as? [String: Any]
    #expect(clustering?["listCount"] as? Int == 20 && clustering?["staleness"] as? Double == 1)
    #expect((clustering?["calibration"] as? [String: Any])?["queryCount"] as? Int != nil)
    let figures = try pawl.succeed("stats", "s.pawl", "--json").object()
    #expect((figures["indexBytesPerVector"] as? Double ?? 0) > 32)
    #expect(try pawl.run("versions", "s.pawl").output.contains("  lists  "))
  }

  @Test("who comes to share an index is told how well its queries find")
  func shared() throws {
    let pawl = try CommandRunner.withSample()
    try pawl.succeed("reindex", "s.pawl", "--lists", "20", "--quiet")
    let prefixed = ["import", "s.pawl", "--version", "v1", "--query-prefix"]
    let lines = try pawl.run(prefixed + ["ask: "]).output.split(separator: "\n").map(String.init)
    #expect(lines.count == 4 && lines.last == "v2")
    #expect(lines[1].hasPrefix("s.pawl: recall of v2's queries measured with words in a row"))
    #expect(
      lines[2].contains(/^s.pawl: recall 0.98 of the best 10: [0-9.]+ lists, [0-9]+ passages/))
    // As another asks already.
    #expect(try pawl.run(prefixed + ["ask: "]).output.split(separator: "\n").count == 2)
    let trained = try pawl.succeed(
      "train", "s.pawl", "--queries", CommandRunner.queries, "--qrels", CommandRunner.qrels,
      "--recipe", "query-adapter", "--steps", "2", "--batch-size", "8", "--quiet", "--json"
    ).object()
    #expect((trained["recall"] as? [String: Any])?["source"] as? String == "spans")
    let known = try pawl.succeed("versions", "s.pawl", "--json").object()["versions"]
    let versions = try #require(known as? [[String: Any]])
    #expect(versions.count == 4)
    for version in versions {
      #expect((version["clustering"] as? [String: Any])?["calibration"] != nil)
    }
  }

  @Test("files that are no queries, and both kinds at once, are refused")
  func wrongQueries() throws {
    try pawl.run("reindex", "s.pawl", "--lists", "20", "--quiet")
    let both = try pawl.run("calibrate", "s.pawl", "--queries", queries, "--vectors", "q.npy")
    #expect(both.status == 64 && both.error.contains("--queries or --vectors, not both."))
    let empty = try pawl.write("empty.tsv", "")
    #expect(try pawl.run("calibrate", "s.pawl", "--queries", empty).status == 65)
    #expect(try pawl.run("calibrate", "s.pawl", "--vectors", queries).status == 65)
    #expect(try pawl.run("calibrate", "s.pawl", "--version", "v9").status == 1)
  }

  @Test("an ingest that reaches 10,000 passages clusters them and says so, the next one does not")
  func ingestClusters() throws {
    let words = try String(contentsOfFile: CommandRunner.sample, encoding: .utf8)
      .split(whereSeparator: \.isWhitespace)
    let lines = (0..<10_000).map { place in
      "p\(place)\t" + words[place..<place + 8].joined(separator: " ") + "\n"
    }
    let file = try pawl.write("many.tsv", lines.joined())
    try pawl.run("init", "m.pawl")
    let result = try pawl.run("ingest", "m.pawl", file, "--quiet")
    let said = result.output.split(separator: "\n")
    #expect(result.status == 0 && said.count == 4, "\(result.output)")
    // Windows of words are not all different.
    #expect(said[1].prefixMatch(of: #/m\.pawl: 10,000 vectors in [34][0-9]{2} lists/#) != nil)
    #expect(said[2].hasPrefix("m.pawl: recall 0.98 of the best 10: "))
    #expect(said[3].hasPrefix("m.pawl: measured with words in a row from stored passages"))
    let again = try pawl.succeed("ingest", "m.pawl", file, "--quiet", "--json").object()
    #expect(again["unchanged"] as? Int == 10_000 && again["reindex"] == nil)
  }
}
