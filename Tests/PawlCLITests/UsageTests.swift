import Foundation
import Testing

@Suite struct UsageTests {
  let pawl: CommandRunner
  let queries = CommandRunner.queries
  let qrels = CommandRunner.qrels

  init() throws {
    pawl = try CommandRunner()
    try pawl.succeed("init", "s.pawl")
  }

  private func ingestSample() throws {
    try pawl.succeed("ingest", "s.pawl", CommandRunner.sample, "--quiet")
  }

  @Test("a command that there is not is named, with the nearest one that there is")
  func unknownCommand() throws {
    for (arguments, message) in [
      (["banana", "s.pawl"], "pawl: there is no command \"banana\"; see pawl help\n"),
      (["help", "foo"], "pawl: there is no command \"foo\"; see pawl help\n"),
      (
        ["serch", "x"],
        "pawl: there is no command \"serch\"; did you mean \"search\"? See pawl help\n"
      ),
      (["hepl"], "pawl: there is no command \"hepl\"; did you mean \"help\"? See pawl help\n"),
    ] {
      let result = try pawl.run(arguments)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.error == message)
    }
    #expect(try pawl.run("help").status == 0)
    #expect(try pawl.run("--version").output == "0.1.0\n")
  }

  @Test("negative numbers reach the option that they belong to, which says its bounds")
  func negativeNumbers() throws {
    for (message, arguments) in [
      (
        "--min-grade must be at least 0.",
        ["evaluate", "s.pawl", "--set", "x", "--min-grade", "-5"]
      ),
      ("-k must be at least 1.", ["query", "s.pawl", "x", "-k", "-1"]),
      ("-k must be at least 1.", ["shell", "s.pawl", "-k", "-1"]),
      ("-k must be at least 1.", ["search", "s.pawl", "--queries", "q", "--run", "r", "-k", "-1"]),
      ("--limit must be at least 1.", ["ingest", "s.pawl", "c.tsv", "--limit", "-1"]),
      ("--max-length must be at least 3", ["init", "t.pawl", "--max-length", "-3"]),
      ("--wait is 0 to 86400 seconds.", ["compact", "s.pawl", "--wait", "-1"]),
      ("-M must be at least 1.", ["metrics", "--qrels", "q", "--run", "r", "-M", "-3"]),
      ("-l must be at least 0.", ["metrics", "--qrels", "q", "--run", "r", "-l", "-3"]),
      ("-N must be at least 0.", ["metrics", "--qrels", "q", "--run", "r", "-N", "-3"]),
    ] {
      let result = try pawl.run(arguments)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.error.contains(message), "\(arguments): \(result.error)")
    }
  }

  @Test("ids that begin with - are passed behind --, and are no letters of options")
  func dashedIDs() throws {
    let file = try pawl.write("c.tsv", "-dash\ta text\n")
    try pawl.run("ingest", "s.pawl", file, "--quiet")
    for command in ["get", "delete"] {
      let wrong = try pawl.run(command, "s.pawl", "-dash")
      #expect(wrong.status == 64 && wrong.output == "")
      #expect(wrong.error.contains("pawl \(command) STORE -- -dash"), "\(wrong.error)")
      #expect(try pawl.run("help", command).output.contains("-- -an-id"))
    }
    #expect(try pawl.run("get", "s.pawl", "--", "-dash").output == "-dash\ta text\n")
    #expect(try pawl.run("delete", "s.pawl", "--", "-dash").output == "s.pawl: 1 deleted\n")
    #expect(try pawl.run("get", "-h").status == 0)
  }

  @Test("a result that a closed stdout cannot take is an I/O error")
  func closedOutput() throws {
    try ingestSample()
    for command in ["stats s.pawl", "get s.pawl p001", "query s.pawl x --json", "check s.pawl"] {
      let shell = pawl.shell("\"$PAWL\" \(command) >&- 2> said")
      try shell.run()
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 74, "\(command)")
      let said = try String(contentsOfFile: pawl.folder.path + "/said", encoding: .utf8)
      #expect(said.contains("cannot write the result: stdout is closed"), "\(said)")
    }
  }

  @Test("a store without name and a file in its place get advice")
  func storeNames() throws {
    for arguments in [["stats", ""], ["restore", "", "t.pawl"], ["query", "", "x"]] {
      let result = try pawl.run(arguments)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.error.contains("needs a name."))
    }
    let file = try pawl.run("stats", queries)
    #expect(file.status == 65)
    #expect(file.error.contains("A store is a folder that pawl init or pawl restore makes."))
  }

  @Test("what has nothing to do says so, and one of a thing is no plural")
  func words() throws {
    let file = try pawl.write("c.tsv", "a\tone\nno tab\n")
    let added = try pawl.run("ingest", "s.pawl", file, "--skip-malformed", "--quiet")
    #expect(added.error.contains("c.tsv:2: expected \"pid<TAB>passage\", found no tab.\n"))
    #expect(!added.error.contains("--skip-malformed"))
    #expect(try pawl.run("gc", "s.pawl").output == "s.pawl: nothing to remove\n")
    #expect(try pawl.run("compact", "s.pawl", "--quiet").output.hasPrefix("s.pawl: 1 passage, "))
    #expect(
      try pawl.run("check", "s.pawl").output.hasPrefix("s.pawl: 1 passage, 1 code, 0 pending"))
    let query = try pawl.write("q.tsv", "1\tone\n")
    let run = try pawl.run("search", "s.pawl", "--queries", query, "--run", "r", "--quiet")
    #expect(run.error.hasPrefix("r: 1 query, 1 hit by v1 among 1 passage; "), "\(run.error)")
    let gone = try pawl.run("delete", "s.pawl", "x", "y", "x")
    #expect(gone.error == "2 were not there: x, y\n")
  }

  @Test("damage met by a backup is exit 2 with the store's name and the command that lists it")
  func damagedBackup() throws {
    try ingestSample()
    let data = URL(filePath: pawl.folder.path + "/s.pawl/data.mdb")
    let whole = try Data(contentsOf: data)
    var found = 0
    for start in stride(from: 8_192, to: whole.count - 4_096, by: 3 * 4_096) {
      var bytes = whole
      bytes[start + 3_000] ^= 0x55
      try bytes.write(to: data)
      let result = try pawl.run("backup", "s.pawl", "b.pawl", "--verify", "--quiet")
      if result.status == 0 {
        // A byte that is in no use is no damage.
        try FileManager.default.removeItem(atPath: pawl.folder.path + "/b.pawl")
        continue
      }
      found += 1
      #expect(result.status == 2, "page at \(start): \(result.error)")
      #expect(result.error.hasPrefix("pawl: s.pawl: "), "\(result.error)")
      #expect(result.error.hasSuffix("pawl check s.pawl\n"), "\(result.error)")
      #expect(try pawl.run("check", "s.pawl").status == 2)
    }
    #expect(found > 3)
    try Data().write(to: data)
    let empty = try pawl.run("backup", "s.pawl", "b.pawl")
    #expect(empty.status == 2)
    #expect(empty.error.hasPrefix("pawl: s.pawl: data.mdb is empty. No copy was made."))
    let restored = try pawl.run("restore", "s.pawl", "t.pawl", "--quiet")
    #expect(restored.error.hasSuffix("data.mdb: it is empty. Restore a backup.\n"))
  }
}
