import Foundation
import LMDB
import Testing

@testable import Pawl

@Suite struct FaultTests {
  let pawl: CommandRunner
  init() throws {
    pawl = try CommandRunner()
    try pawl.run("init", "s.pawl")
  }

  private func collection(_ count: Int) throws -> String {
    try pawl.write(
      "c.tsv",
      (0..<count).map { "p\($0)\tpassage \($0) speaks of \($0 * 7 % 1_000) things\n" }.joined())
  }

  @Test("killed at random moments, the same ingest ends with everything and nothing twice")
  func kills() throws {
    // Too few to be clustered: that alone takes longer than a life here (ReindexKillTests kills it).
    let file = try collection(9_000)
    var finished = false
    for _ in 0..<200 where !finished {
      finished = try !pawl.kill(
        ["ingest", "s.pawl", file, "--quiet"], after: .random(in: 0.005...0.4))
      let check = try pawl.run("check", "s.pawl")
      #expect(check.status == 0, "\(check.output)")
    }
    let last = try pawl.run("ingest", "s.pawl", file, "--quiet")
    #expect(last.status == 0)
    let check = try pawl.run("check", "s.pawl", "--json")
    #expect(check.output.contains("\"passageCount\":9000"))
    #expect(check.output.contains("\"codeCount\":9000"))
  }

  @Test("killed while it is being made, a store is there whole or not at all")
  func killedInit() throws {
    for delay in stride(from: 0.001, to: 0.06, by: 0.003) {
      _ = try pawl.kill(["init", "t.pawl"], after: delay)
      if FileManager.default.fileExists(atPath: pawl.folder.path + "/t.pawl") {
        #expect(try pawl.run("check", "t.pawl").status == 0)
        try FileManager.default.removeItem(atPath: pawl.folder.path + "/t.pawl")
      }
    }
    #expect(try pawl.run("init", "t.pawl").status == 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: pawl.folder.path)
      .filter { $0.hasPrefix("t.pawl.partial") }
    #expect(left == [], "the next init removes what killed ones left")
  }

  @Test(
    "Ctrl-C and SIGTERM stop after a whole batch and say how to go on",
    arguments: [SIGINT, SIGTERM])
  func interrupt(signal: Int32) throws {
    let file = try collection(300_000)
    let process = pawl.process(["ingest", "s.pawl", file])
    let errors = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    // By now it stores its first batches, and it is far from its last.
    while try pawl.run("stats", "s.pawl", "--json").output.contains("\"passageCount\":0") {}
    kill(process.processIdentifier, signal)
    let text = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.contains("stopping after this batch"))
    #expect(text.contains("the same command goes on from here"))
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("two ingests at once take turns and lose nothing")
  func twoWriters() throws {
    let lines = { (name: String) in
      (0..<6_000).map { "\(name)\($0)\ttext \($0) of \(name)\n" }.joined()
    }
    let files = try ["a", "b"].map { try pawl.write("\($0).tsv", lines($0)) }
    let processes = files.map { pawl.process(["ingest", "s.pawl", $0, "--quiet"]) }
    for process in processes {
      process.standardOutput = FileHandle.nullDevice
      try process.run()
    }
    for process in processes {
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
    let check = try pawl.run("check", "s.pawl", "--json")
    #expect(check.status == 0)
    #expect(check.output.contains("\"passageCount\":12000"))
    #expect(check.output.contains("\"pendingCount\":0"))
  }

  @Test("an update in one process does not disturb the embedding of an equal text in another")
  func updateBesideEqualTexts() throws {
    let lines = (0..<6_000).map { "p\($0)\ttext \($0 / 2)\n" }.joined()
    let file = try pawl.write("c.tsv", lines)
    let writer = pawl.process(["ingest", "s.pawl", file, "--quiet"])
    writer.standardOutput = FileHandle.nullDevice
    try writer.run()
    var number = 0
    while writer.isRunning, number < 200 {
      let update = (0..<30).map { "p\($0 * 200)\tchanged \(number) \($0)\n" }.joined()
      let result = try pawl.run(
        "ingest", "s.pawl", try pawl.write("u.tsv", update), "--text-only", "--quiet")
      #expect(result.status == 0, "\(result.error)")
      number += 1
    }
    writer.waitUntilExit()
    #expect(writer.terminationStatus == 0)
    #expect(try pawl.run("ingest", "s.pawl", file, "--quiet").status == 0)
    let check = try pawl.run("check", "s.pawl", "--json")
    #expect(check.status == 0, "\(check.output)")
    #expect(check.output.contains("\"passageCount\":6000"))
    #expect(check.output.contains("\"pendingCount\":0"))
  }

  @Test("check survives damaged and missing pages, and says so")
  func damagedPages() throws {
    try pawl.run("ingest", "s.pawl", try collection(5_000), "--quiet")
    let path = pawl.folder.path + "/s.pawl/data.mdb"
    let whole = try Data(contentsOf: URL(filePath: path))
    var random = SystemRandomNumberGenerator()
    func expectProblem(_ bytes: Data, _ what: String) throws {
      try bytes.write(to: URL(filePath: path))
      let check = try pawl.run("check", "s.pawl")
      #expect(check.status == 2 || check.status == 1, "\(what): \(check.status) \(check.output)")
      #expect(!(check.output + check.error).isEmpty, "\(what)")
    }
    try expectProblem(whole.prefix(whole.count - 4_096), "a page less")
    try expectProblem(whole.prefix(whole.count / 2), "half")
    // A quarter of the file cannot consist of unused pages only; the first two are LMDB's own.
    let length = whole.count / 4
    for _ in 0..<10 {
      var bytes = whole
      let start = Int.random(in: 8_192..<whole.count - length, using: &random)
      for index in start..<start + length {
        bytes[index] = UInt8.random(in: 0...255, using: &random)
      }
      try expectProblem(bytes, "noise from \(start)")
    }
    try whole.write(to: URL(filePath: path))
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("with stdin, stdout and stderr closed, no talk ends in a file of the store")
  func closedDescriptors() throws {
    for redirection in ["0<&-", "1>&-", "2>&-", "0<&- 2>&-", "0<&- 1>&- 2>&-"] {
      let shell = pawl.shell("\"$PAWL\" init t.pawl \(redirection)")
      try shell.run()
      shell.waitUntilExit()
      #expect(try pawl.run("check", "t.pawl").status == 0, "\(redirection)")
      try FileManager.default.removeItem(atPath: pawl.folder.path + "/t.pawl")
    }
  }

  @Test("a result that cannot be written is an error")
  func fullOutput() throws {
    try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--quiet")
    for command in [
      "query s.pawl bread", "get s.pawl p001", "stats s.pawl", "versions s.pawl",
      "check s.pawl", "tokenize \(CommandRunner.sample)",
    ] {
      let shell = pawl.shell("\"$PAWL\" \(command) > /dev/full")
      shell.standardError = FileHandle.nullDevice
      try shell.run()
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 75, "\(command)")
    }
  }

  @Test("queries answer while another process ingests")
  func readersDuringIngest() throws {
    try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--quiet")
    let writer = pawl.process(["ingest", "s.pawl", try collection(12_000), "--quiet"])
    writer.standardOutput = FileHandle.nullDevice
    try writer.run()
    for _ in 0..<20 {
      let answer = try pawl.run("query", "s.pawl", "bread", "-k", "5", "--json")
      #expect(answer.status == 0, "\(answer.error)")
    }
    writer.waitUntilExit()
    #expect(writer.terminationStatus == 0)
    #expect(try pawl.run("check", "s.pawl").status == 0)
  }

  @Test("a writer that keeps the store busy is named, and the answer is to try again later")
  func busyWriter() throws {
    let store = try Store(path: pawl.folder.path + "/s.pawl")
    let writing = try store.environment.beginWrite()
    let result = try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--quiet")
    #expect(result.status == 75)
    #expect(result.error.contains("\(getpid())"), "\(result.error)")
    writing.abort()
    #expect(try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--quiet").status == 0)
  }
}
