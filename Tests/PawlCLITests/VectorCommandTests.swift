import Foundation
import Testing

@Suite struct VectorCommandTests {
  let pawl: CommandRunner
  let files: VectorFiles
  init() throws {
    pawl = try CommandRunner()
    files = VectorFiles(pawl: pawl)
    try pawl.run("init", "v.pawl", "--dimension", "16")
  }

  private func ingest(_ vectors: String, _ ids: String, _ more: String...) throws
    -> CommandRunner.Result
  {
    try pawl.run(
      ["ingest", "v.pawl", "--vectors", vectors, "--ids", ids, "--quiet"] + more)
  }

  @Test("a store of vectors is made, filled, searched, looked at and exported")
  func journey() throws {
    let made = try pawl.run("init", "w.pawl", "--dimension", "16", "--codec", "float16")
    #expect(
      made.output == "w.pawl: version v1, 16 dimensions as float16, vectors made elsewhere\n")
    #expect(made.error == "next: pawl ingest w.pawl --vectors X.npy --ids ids.txt\n")
    let (x, ids) = (try files.npy("x.npy", 3_000), try files.ids("ids.txt", 3_000))
    let first = try ingest(x, ids)
    #expect(first.status == 0 && first.output.hasPrefix("v.pawl: 3,000 new vectors in "))
    #expect(
      first.error.contains(
        "x.npy: 3,000 vectors were not of unit length and brought to it; scores are cosines\n"))
    let again = try ingest(x, ids, "--json")
    #expect(again.output.contains("\"new\":0,\"normalized\":3000,\"read\":3000"))
    #expect(again.output.contains("\"unchanged\":3000,\"updated\":0"))
    let q = try files.npy("q.npy", 5)
    let run = try pawl.run("search", "v.pawl", "--vectors", q, "-k", "2", "--run", "-", "--quiet")
    let lines = run.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.map { $0[0] } == ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4"])
    #expect(lines.filter { $0[3] == "1" }.map { $0[2] } == ["v0", "v1", "v2", "v3", "v4"])
    let got = try pawl.run("get", "v.pawl", "v7")
    #expect(got.output == "v7\t\n")
    #expect(got.error == "row 7, 5 bytes, no text: its vector was made elsewhere\n")
    #expect(try pawl.run("versions", "v.pawl").output.contains("vectors made elsewhere"))
    #expect(try pawl.run("versions", "v.pawl", "--json").output.contains("\"hasEncoder\":false"))
    #expect(try pawl.run("stats", "v.pawl").output.contains("\ntexts: none, only vectors; ids in "))
    let export = try pawl.run(
      "export", "v.pawl", "--vectors", "o.npy", "--ids", "o.txt", "--json", "--quiet")
    #expect(
      export.output
        == "{\"count\":3000,\"dimension\":16,\"ids\":\"o.txt\",\"pending\":0,\"vectors\":\"o.npy\",\"version\":\"v1\"}\n"
    )
    let copy = try pawl.run(
      "ingest", "w.pawl", "--vectors", "o.npy", "--ids", "o.txt", "--limit", "10", "--quiet")
    #expect(copy.output.hasPrefix("w.pawl: 10 new vectors in "))
    #expect(copy.error == "")
    for store in ["v.pawl", "w.pawl"] { #expect(try pawl.run("check", store).status == 0) }
  }

  @Test("whatever needs a text encoder is refused with 65 and the commands for vectors")
  func noEncoder() throws {
    let file = try pawl.write("c.tsv", "a\ttext\n")
    let qrels = try pawl.write("r.tsv", "a 0 v1 1\n")
    for arguments in [
      ["query", "v.pawl", "x"], ["shell", "v.pawl"], ["ingest", "v.pawl", file],
      ["ingest", "v.pawl", file, "--text-only"],
      ["search", "v.pawl", "--queries", file, "--run", "out"],
      ["evaluate", "v.pawl", "--queries", file, "--qrels", qrels],
    ] {
      let result = try pawl.run(arguments)
      #expect(result.status == 65, "\(arguments)")
      #expect(
        result.error.contains(
          "v.pawl: this store has no text encoder: its vectors are made elsewhere"),
        "\(arguments): \(result.error)")
      #expect(result.error.contains("pawl search v.pawl --vectors Q.npy --run out.trec"))
    }
    try pawl.run("init", "t.pawl")
    let (x, ids) = (try files.npy("x.npy", 3), try files.ids("ids.txt", 3))
    let other = try pawl.run("ingest", "t.pawl", "--vectors", x, "--ids", ids)
    #expect(other.status == 65)
    #expect(other.error.hasSuffix("pawl init OTHER.pawl --dimension 32\n"), "\(other.error)")
  }

  @Test("options that do not go together are usage errors that say why")
  func usage() throws {
    let store = ["ingest", "v.pawl"]
    let vectors = ["--vectors", "x.npy", "--ids", "i"]
    let cases: [(String, [String])] = [
      ("--model belongs to a text encoder", ["init", "w", "--dimension", "4", "--model", "m"]),
      ("--numeric belongs to", ["init", "w", "--dimension", "4", "--numeric", "float32"]),
      ("--query-prefix belongs to", ["init", "w", "--dimension", "4", "--query-prefix", ""]),
      ("--passage-prefix belongs to", ["init", "w", "--dimension", "4", "--passage-prefix", "p"]),
      ("--max-length belongs to", ["init", "w", "--dimension", "4", "--max-length", "9"]),
      ("--dimension must be 1 to 16384.", ["init", "w", "--dimension", "0"]),
      ("--dimension must be 1 to 16384.", ["init", "w", "--dimension", "-1"]),
      ("--dimension must be 1 to 16384.", ["init", "w", "--dimension", "16385"]),
      ("Give either a collection or --vectors.", store),
      ("Give either a collection or --vectors.", store + ["c.tsv"] + vectors),
      ("--vectors and --ids belong together.", store + ["--vectors", "x.npy"]),
      ("--vectors and --ids belong together.", store + ["c.tsv", "--ids", "i"]),
      ("belong to a collection of texts.", store + vectors + ["--text-only"]),
      ("belong to a collection of texts.", store + vectors + ["--skip-malformed"]),
      ("--limit must be at least 1.", store + vectors + ["--limit", "0"]),
      ("Give --model, or --vectors and --ids: what to write.", ["export", "v.pawl"]),
      ("Give --model, or --vectors and --ids", ["export", "v.pawl", "--vectors", "x.npy"]),
      ("Only one result goes", ["export", "v.pawl", "--vectors", "-", "--ids", "-"]),
      ("Only one result goes", ["export", "v.pawl", "--vectors", "-", "--ids", "i", "--json"]),
    ]
    for (message, arguments) in cases {
      let result = try pawl.run(arguments)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.error.contains(message), "\(arguments): \(result.error)")
    }
    #expect(!FileManager.default.fileExists(atPath: pawl.folder.path + "/w"))
    let over = try pawl.run(
      "export", "v.pawl", "--vectors", "v.pawl/data.mdb", "--ids", "i", "--quiet")
    #expect(over.status == 64)
    #expect(over.error.contains("this would be written over the store"))
    let absent = try pawl.run(
      "export", "v.pawl", "--vectors", "x", "--ids", "i", "--version", "v9", "--quiet")
    #expect(absent.status == 1 && absent.error.contains("no version v9. There is: v1."))
  }

  @Test("the help pages show how vectors come in and go out")
  func help() throws {
    for (command, example) in [
      ("init", "pawl init vectors.pawl --dimension 768"),
      ("ingest", "pawl ingest vectors.pawl --vectors X.npy --ids ids.txt"),
      ("search", "row numbers from 0"),
      ("export", "pawl export demo.pawl --vectors X.npy --ids ids.txt"),
    ] {
      let page = try pawl.run("help", command).output.replacing("\n", with: " ")
      #expect(page.contains(example), "\(page)")
    }
  }
}
