import Foundation
import LMDB
import Testing

@testable import Pawl

@Suite struct UpkeepCommandTests {
  let pawl: CommandRunner
  init() throws { pawl = try .withSample() }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: pawl.folder.path)
      .filter { !$0.hasPrefix(".") && !$0.hasSuffix(".tsv") }.sorted()
  }

  private func hits(_ store: String) throws -> String {
    let answer = try pawl.run("query", store, "bread that does not rise", "-k", "20", "--json")
    #expect(answer.status == 0, "\(answer.error)")
    let value = try answer.object()
    let hits = try #require(value["hits"] as? [[String: Any]])
    return hits.map { "\($0["pid"] ?? "") \($0["score"] ?? "")" }.joined(separator: "\n")
  }

  @Test("backup, restore, compact and gc one after another keep every answer")
  func roundTrip() throws {
    let before = try hits("s.pawl")
    let backup = try pawl.run("backup", "s.pawl", "b.pawl", "--verify", "--quiet")
    #expect(backup.status == 0)
    #expect(backup.output.hasPrefix("s.pawl → b.pawl: 309 passages, 309 codes, 1 version, "))
    #expect(backup.output.hasSuffix("the copy was checked: all in order\n"))
    #expect(try hits("b.pawl") == before)
    #expect(try pawl.run("delete", "s.pawl", "p001", "p002", "--quiet").status == 0)
    let restored = try pawl.run("restore", "b.pawl", "s.pawl", "--replace", "--quiet")
    #expect(restored.status == 0, "\(restored.error)")
    #expect(restored.error.contains("s.pawl.replaced now"))
    #expect(try hits("s.pawl") == before)
    let compacted = try pawl.run("compact", "s.pawl", "--quiet")
    #expect(compacted.status == 0)
    #expect(compacted.output.hasPrefix("s.pawl: 309 passages, "))
    #expect(try hits("s.pawl") == before)
    let collected = try pawl.run("gc", "s.pawl")
    #expect(collected.status == 0)
    #expect(collected.output.contains("s.pawl.replaced: a restore kept it"))
    #expect(collected.output.hasSuffix("s.pawl: nothing to remove\n"))
    for store in ["s.pawl", "b.pawl", "s.pawl.replaced"] {
      #expect(try pawl.run("check", store).status == 0)
    }
    #expect(try names() == ["b.pawl", "s.pawl", "s.pawl.replaced"])
  }

  @Test("--json is one object with the documented keys")
  func json() throws {
    let backup = try pawl.run("backup", "s.pawl", "b.pawl", "--verify", "--json").object()
    #expect(backup["passages"] as? Int == 309 && backup["verified"] as? Bool == true)
    #expect(
      Set(backup.keys)
        == ["passages", "codes", "versions", "checkpoints", "bytes", "verified", "seconds"])
    let restored = try pawl.run("restore", "b.pawl", "s.pawl", "--replace", "--json").object()
    #expect((restored["replaced"] as? String)?.hasSuffix("/s.pawl.replaced") == true)
    let compacted = try pawl.run("compact", "s.pawl", "--json").object()
    #expect(
      Set(compacted.keys) == [
        "rows", "rowNumbersBefore", "bytesBefore", "bytesAfter", "retrained", "seconds",
        "rowsPerSecond",
      ])
    let collected = try pawl.run("gc", "s.pawl", "--dry-run", "--json").object()
    #expect(Set(collected.keys) == ["dryRun", "freedBytes", "removed", "left"])
  }

  @Test("every help has an example")
  func help() throws {
    for command in ["backup", "restore", "compact", "gc"] {
      let help = try pawl.run("help", command)
      #expect(help.status == 0 && help.output.contains("Example:"), "\(command)")
      #expect(help.output.contains("pawl \(command) "), "\(command)")
    }
  }

  @Test("what cannot be asked for is refused with its status, and nothing changes")
  func refused() throws {
    #expect(try pawl.run("backup", "s.pawl", "b.pawl").status == 0)
    let before = try names()
    for (status, message, arguments) in [
      (1, "there is something already", ["backup", "s.pawl", "b.pawl"]),
      (1, "lies within", ["backup", "s.pawl", "s.pawl/b.pawl"]),
      (65, "no Pawl store", ["backup", "none.pawl", "c.pawl"]),
      (74, "cannot find the folder", ["backup", "s.pawl", "no/where/b.pawl"]),
      (64, "needs a name", ["backup", "s.pawl", ""]),
      (1, "pass --replace", ["restore", "b.pawl", "s.pawl"]),
      (1, "lies within", ["restore", "b.pawl", "b.pawl/x"]),
      (65, "no data.mdb", ["restore", ".", "c.pawl"]),
      (65, "no data.mdb", ["restore", "b.pawl", "s.pawl/checkpoints", "--replace"]),
      (65, "no Pawl store", ["compact", "none.pawl"]),
      (64, "--wait", ["compact", "s.pawl", "--wait", "nan"]),
      (65, "no Pawl store", ["gc", "none.pawl"]),
    ] as [(Int32, String, [String])] {
      let result = try pawl.run(arguments)
      #expect(result.status == status, "\(arguments): \(result.error)")
      #expect(result.error.contains(message), "\(arguments): \(result.error)")
      #expect(result.output == "")
    }
    #expect(try names() == before)
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("a backup with damaged pages or a damaged model is refused with exit 2 by what is wrong")
  func damagedSource() throws {
    #expect(try pawl.run("backup", "s.pawl", "b.pawl").status == 0)
    let data = URL(filePath: pawl.path("b.pawl/data.mdb"))
    let whole = try Data(contentsOf: data)
    for start in stride(from: 8_192, to: whole.count - 4_096, by: 20_480) {
      var bytes = whole
      for index in start..<start + 4_096 { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
      try bytes.write(to: data)
      // A page that is in no use is no damage.
      if try pawl.run("check", "b.pawl").status == 0 { continue }
      let result = try pawl.run("restore", "b.pawl", "s.pawl", "--replace")
      #expect(result.status == 2, "page at \(start): \(result.error)")
      #expect(!result.error.isEmpty)
    }
    try whole.prefix(whole.count - 8_192).write(to: data)
    let cut = try pawl.run("restore", "b.pawl", "s.pawl", "--replace")
    #expect(cut.status == 2, "\(cut.error)")
    try whole.write(to: data)
    let digest = try #require(
      try FileManager.default.contentsOfDirectory(atPath: pawl.path("b.pawl/checkpoints")).min())
    try Data("{}".utf8).write(
      to: URL(filePath: pawl.path("b.pawl/checkpoints/\(digest)/tokenizer_config.json")))
    let model = try pawl.run("restore", "b.pawl", "s.pawl", "--replace")
    #expect(model.status == 2)
    #expect(model.error.contains("tokenizer_config.json"), "\(model.error)")
    #expect(try names() == ["b.pawl", "s.pawl"])
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("a copy that does not pass its check gets no name, and the exit status is 2")
  func failedVerification() throws {
    let store = try Store(path: pawl.path("s.pawl"))
    var write = try store.environment.beginWrite()
    // Whole values that contradict each other: only a check of the whole sees it.
    try store.tables.ids.put(RowNumber.encode(3).span, at: "p001", in: &write)
    try write.commit()
    try store.environment.close()
    let result = try pawl.run("backup", "s.pawl", "b.pawl", "--verify", "--quiet")
    #expect(result.status == 2)
    #expect(result.error.contains("p001"), "\(result.error)")
    #expect(result.output == "")
    #expect(try names() == ["s.pawl"])
    #expect(try pawl.run("backup", "s.pawl", "b.pawl", "--quiet").status == 0)
    #expect(try pawl.run("restore", "b.pawl", "t.pawl", "--quiet").status == 2)
    #expect(try names() == ["b.pawl", "s.pawl"])
  }

  @Test("a process that has the store open is named, and compact and restore exit 75 in time")
  func inUse() throws {
    try pawl.run("backup", "s.pawl", "b.pawl")
    let store = try Store(path: pawl.path("s.pawl"), access: .reading)
    let start = ContinuousClock.now
    for arguments in [
      ["compact", "s.pawl", "--wait", "0.1"],
      ["restore", "b.pawl", "s.pawl", "--replace", "--wait", "0.1"],
    ] {
      let result = try pawl.run(arguments)
      #expect(result.status == 75, "\(result.error)")
      #expect(result.error.contains("needs the store alone"), "\(result.error)")
      #expect(result.error.contains("\(getpid())"), "\(result.error)")
    }
    #expect(ContinuousClock.now - start < .seconds(20))
    try store.environment.close()
    #expect(try pawl.run("compact", "s.pawl", "--wait", "0.1").status == 0)
  }

  @Test("a command that comes while another has the store alone waits and then goes on")
  func waits() throws {
    let lock = try OpenLock(path: pawl.path("s.pawl"), kind: .alone, waitingAtMost: .zero)
    let query = pawl.process(["query", "s.pawl", "bread"])
    query.standardOutput = FileHandle.nullDevice
    try query.run()
    usleep(300_000)
    #expect(query.isRunning)
    _ = consume lock
    query.waitUntilExit()
    #expect(query.terminationStatus == 0)
  }

  @Test("backups taken while another process ingests are whole, each a moment of it")
  func backupDuringIngest() throws {
    let file = try pawl.write(
      "c.tsv", (0..<20_000).map { "q\($0)\tpassage \($0) speaks of \($0 % 777)\n" }.joined())
    let writer = pawl.process(["ingest", "s.pawl", file, "--quiet"])
    writer.standardOutput = FileHandle.nullDevice
    try writer.run()
    var counts: [Int] = []
    while writer.isRunning || counts.isEmpty {
      let name = "b\(counts.count).pawl"
      let backup = try pawl.run("backup", "s.pawl", name, "--verify", "--json", "--quiet")
      #expect(backup.status == 0, "\(backup.error)")
      counts.append(try #require(backup.object()["passages"] as? Int))
      #expect(try pawl.run("check", name).status == 0)
    }
    #expect(writer.terminationStatus == 0)
    #expect(counts == counts.sorted() && counts.allSatisfy { (309...20_309).contains($0) })
    #expect(try pawl.run("check", "s.pawl", "--json").output.contains("\"passageCount\":20309"))
  }

  @Test("a full disk is said, exit 75, leaves nothing, and with space the same command succeeds")
  func diskFull() throws {
    let file = try pawl.write(
      "c.tsv", (0..<3_000).map { "q\($0)\tpassage \($0) speaks of \($0 % 777)\n" }.joined())
    #expect(try pawl.run("ingest", "s.pawl", file, "--quiet").status == 0)
    try pawl.run("backup", "s.pawl", "src.pawl")
    let before = try hits("s.pawl")
    for command in [
      "backup s.pawl b.pawl", "restore src.pawl r.pawl", "restore src.pawl s.pawl --replace",
      "compact s.pawl", "compact s.pawl --retrain",
    ] {
      // In blocks of 512 bytes, as POSIX has it.
      for limit in [64, 200, 400, 800, 1_600] {
        let shell = pawl.shell("ulimit -f \(limit); exec \"$PAWL\" \(command) 2> errors")
        try shell.run()
        shell.waitUntilExit()
        let errors = try String(contentsOfFile: pawl.path("errors"), encoding: .utf8)
        let status = shell.terminationStatus
        #expect(shell.terminationReason == .exit && (status == 75 || status == 0), "\(errors)")
        if status == 75 { #expect(errors.contains("full"), "\(command): \(errors)") }
        #expect(status == 75 || limit > 64, "\(command) needs more than that")
        #expect(try pawl.run("check", "s.pawl").status == 0)
        #expect(try hits("s.pawl") == before)
        for name in ["b.pawl", "r.pawl", "s.pawl.replaced"] {
          try? FileManager.default.removeItem(atPath: pawl.path(name))
        }
        #expect(try names() == ["errors", "s.pawl", "src.pawl"], "\(command) at \(limit)")
      }
      #expect(try pawl.run(command.split(separator: " ").map(String.init)).status == 0)
      for name in ["b.pawl", "r.pawl", "s.pawl.replaced"] {
        try? FileManager.default.removeItem(atPath: pawl.path(name))
      }
    }
  }

  @Test("gc says what it would remove, then removes it")
  func garbage() throws {
    let left = pawl.path("s.pawl.partial-999999999/checkpoints")
    try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
    let dry = try pawl.run("gc", "s.pawl", "--dry-run")
    #expect(dry.output.contains("would remove") && dry.output.contains(".partial-999999999"))
    #expect(try names().count == 2)
    let collected = try pawl.run("gc", "s.pawl")
    #expect(collected.output.contains("removed ") && collected.status == 0)
    #expect(try names() == ["s.pawl"])
  }
}
