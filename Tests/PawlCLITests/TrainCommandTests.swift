import Foundation
import Testing

/// `pawl train`, `mine`, `import` and `export --model` as people call them.
@Suite struct TrainCommandTests {
  let pawl: CommandRunner
  private static let judged = [
    "--queries", CommandRunner.queries, "--qrels", CommandRunner.qrels,
  ]

  init() throws { pawl = try .withSample() }

  private func train(_ arguments: String...) throws -> CommandRunner.Result {
    try pawl.run(["train", "s.pawl"] + Self.judged + ["--batch-size", "8"] + arguments)
  }

  @Test("a run says what it learns from and how far it is, and prints the version's name last")
  func words() throws {
    let result = try train("--recipe", "contrastive", "--steps", "6", "--validations", "2")
    #expect(result.status == 0, "\(result.error)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2 && lines.last == "v2", "\(result.output)")
    #expect(result.error.contains("v2 from v1 by the recipe contrastive, changed: "))
    #expect(result.error.contains(" kept back among "))
    for step in ["step 0: MRR@10 0.", ", the parent", "step 3: ", "step 6: "] {
      #expect(result.error.contains(step), "\(step): \(result.error)")
    }
    let versions = try pawl.run("versions", "s.pawl")
    #expect(versions.output.contains("trained by the recipe contrastive"))
    let quiet = try train("--recipe", "contrastive", "--steps", "6", "--seed", "2", "--quiet")
    #expect(!quiet.error.contains("step"), "\(quiet.error)")
    let json = try train(
      "--recipe", "query-adapter", "--steps", "6", "--seed", "2", "--quiet", "--json"
    ).object()
    #expect(json["version"] as? String == "v4" && (json["steps"] as? Int ?? 9) <= 6)
  }

  @Test("--explain says what would be done, warns of what is known to hurt, and writes nothing")
  func explain() throws {
    let data = URL(filePath: pawl.path("s.pawl/data.mdb"))
    let before = try Data(contentsOf: data)
    let result = try train("--recipe", "paper-hard-full", "--num-negatives", "1", "--explain")
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.contains("known to hurt where the base has seen the data"))
    #expect(result.output.contains("of memory here; nothing was written"))
    let json = try train("--explain", "--json", "--minutes", "0.1").object()
    #expect((json["seconds"] as? Double ?? 0) > 0 && (json["steps"] as? Int ?? 0) >= 1)
    #expect(json["recipe"] as? String == "safe, changed")
    #expect(try Data(contentsOf: data) == before)
    #expect(!FileManager.default.fileExists(atPath: pawl.path("s.pawl/runs")))
  }

  @Test("wrong settings are told with status 64 or 65, before anything is written")
  func wrong() throws {
    let usage: [([String], String)] = [
      (["--minutes", "1", "--steps", "1"], "Give --minutes or --steps."),
      (["--recipe", "best"], "There is no recipe \"best\", only safe,"),
      (["--learning-rate", "0"], "--learning-rate must be above 0."),
      (["--lora-targets", "query,keys"], "There is no product \"keys\""),
      (["--sample", "3"], "--sample goes with --triples."),
      (["--ema", "1"], "--ema takes 0 up to, but not including, 1."),
      (["--range-max", "0"], "--range-max takes 1 to 10000 here."),
      (["--no-margin", "--relative-margin", ".1"], "Give --no-margin or a margin."),
      (["--loss", "triplet-cosine", "--negatives", "batch"], "needs negatives of each query"),
      (["--loss", "listwise"], "needs a teacher's scores"),
      (["--negatives", "given"], "given negatives are those of --triples"),
      (["--recipe", "query-adapter", "--max-length", "12"], "shares its parent's encoder"),
      (["--recipe", "contrastive", "--batch-size", "1"], "a batch of one has none"),
    ]
    for (arguments, words) in usage {
      let result = try pawl.run(["train", "s.pawl", "--steps", "3"] + Self.judged + arguments)
      #expect(result.status == 64, "\(arguments): \(result.error)")
      #expect(result.error.contains(words), "\(arguments): \(result.error)")
    }
    let many = try pawl.run(["train", "s.pawl", "--batch-size", "5000"] + Self.judged)
    #expect(many.status == 65 && many.error.contains("a batch takes 5000"), "\(many.error)")
    let triples = try pawl.write("t.tsv", "nobody\tp001\tp002\n")
    let unknown = try train("--triples", triples)
    #expect(unknown.status == 65 && unknown.error.contains("t.tsv:1: there is no query with"))
    let broken = try train("--triples", try pawl.write("b.tsv", "a b\tc d\te f\nonly\ttwo\n"))
    #expect(broken.status == 65 && broken.error.contains("b.tsv:2: expected 3 columns"))
    for arguments in [["--queries", CommandRunner.queries], ["--groups", "g.tsv"], []] {
      let result = try pawl.run(["train", "s.pawl"] + arguments)
      #expect(result.status == 64 && result.error.contains("--queries and --qrels"))
    }
    #expect(!FileManager.default.fileExists(atPath: pawl.path("s.pawl/runs")))
  }

  @Test("mined triples are trained on, and Ctrl-C stops a run that the same command goes on with")
  func mine() throws {
    let mined = try pawl.run(
      ["mine", "s.pawl", "--out", "t.tsv", "--no-margin", "--num-negatives", "2"] + Self.judged)
    #expect(mined.status == 0 && mined.error.contains("judged pairs, ranked by v1"))
    let arguments =
      [
        "train", "s.pawl", "--triples", "t.tsv", "--recipe", "contrastive", "--batch-size", "8",
        "--learning-rate", "3e-3", "--steps", "600", "--quiet",
      ] + Self.judged
    let process = pawl.process(arguments)
    let error = Pipe()
    process.standardError = error
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let log = pawl.path("s.pawl/runs/v2/log.jsonl")
    for _ in 0..<2_000 where !FileManager.default.fileExists(atPath: log) { usleep(5_000) }
    process.interrupt()
    process.waitUntilExit()
    let words = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(
      process.terminationStatus == 1 && words.contains("the same command goes on"), "\(words)")
    let result = try pawl.run(arguments)
    #expect(result.status == 0 && result.output.hasSuffix("v2\n"), "\(result.error)")
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("an encoder goes out with its card and comes in as a version, as do other settings")
  func models() throws {
    #expect(try train("--recipe", "contrastive", "--steps", "3", "--quiet").status == 0)
    let out = try pawl.run("export", "s.pawl", "--version", "v2", "--model", "m")
    #expect(out.status == 0 && out.error.contains("m: the encoder of v2"))
    #expect(FileManager.default.fileExists(atPath: pawl.path("m/README.md")))
    let again = try pawl.run("export", "s.pawl", "--model", "m")
    #expect(again.status == 1 && again.error.contains("there is something already"))
    let both = try pawl.run("export", "s.pawl", "--model", "x", "--ids", "i.txt")
    #expect(both.status == 64)
    let model = try pawl.run("import", "s.pawl", "--model", "m")
    #expect(model.status == 0 && model.output.hasSuffix("v3\n"), "\(model.error)")
    let length = try pawl.run("import", "s.pawl", "--version", "v1", "--max-length", "16", "--json")
    #expect(try length.object()["maxLength"] as? Int == 16)
    for arguments in [["--version", "v1"], [], ["--model", "m", "--adapter", "m"]] {
      #expect(try pawl.run(["import", "s.pawl"] + arguments).status == 64, "\(arguments)")
    }
    let none = try pawl.run("import", "s.pawl", "--model", "nowhere")
    #expect(none.status == 65 && none.error.contains("nowhere"), "\(none.error)")
    let adapter = try pawl.run("import", "s.pawl", "--adapter", "m")
    #expect(adapter.status == 65 && adapter.error.contains("adapter_config.json"))
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }
}
