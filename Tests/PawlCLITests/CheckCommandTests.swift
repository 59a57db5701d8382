import Foundation
import LMDB
import Testing

@testable import Pawl

@Suite struct CheckCommandTests {
  let pawl: CommandRunner
  init() throws { pawl = try .withSample() }

  @Test("check says nothing on stderr and one line on stdout where all is in order")
  func silence() throws {
    let check = try pawl.run("check", "s.pawl")
    #expect(check.status == 0)
    #expect(check.error == "")
    #expect(
      check.output.hasPrefix("s.pawl: 309 passages, 309 codes, 0 pending, ")
        && check.output.hasSuffix(" values read: all in order\n"))
    #expect(check.output.split(separator: "\n").count == 1)
  }

  @Test("a problem is a sentence and, in JSON, a kind, an object and what is wrong with it")
  func problem() throws {
    do {
      let store = try Store(path: pawl.folder.path + "/s.pawl")
      var write = try store.environment.beginWrite()
      try store.tables.ids.remove("p001", in: &write)
      try write.commit()
    }
    let text = try pawl.run("check", "s.pawl")
    #expect(text.status == 2)
    #expect(text.output.hasPrefix("problem: row 0 (p001): its id points at nothing\n"))
    #expect(text.output.contains("s.pawl: 1 problem. Restore a backup"))
    let json = try pawl.run("check", "s.pawl", "--json")
    #expect(json.status == 2)
    #expect(
      json.output.contains(
        #"{"kind":"row-without-id","object":"row 0 (p001)","problem":"its id points at nothing"}"#))
    #expect(json.output.contains(#""problems":["row 0 (p001): its id points at nothing"]"#))
    #expect(json.output.contains(#""problemCount":1"#))
  }

  /// Keeps whoever opens the store waiting, until the descriptor is closed.
  private func holdLock() throws -> Int32 {
    let lock = open(pawl.folder.path + "/s.pawl/lock.mdb", O_RDWR)
    var range = flock()
    range.l_type = Int16(F_WRLCK)
    range.l_whence = Int16(SEEK_SET)
    #expect(fcntl(lock, F_SETLK, &range) == 0)
    return lock
  }

  @Test("a child that comes to a stand is ended, and that is a finding")
  func stall() throws {
    let lock = try holdLock()
    defer { close(lock) }
    let check = try pawl.run("check", "s.pawl", "--stall-limit", "0.5")
    #expect(check.status == 2)
    #expect(check.output.hasPrefix("problem: data.mdb: opening it took more than 0.5 s"))
  }

  @Test("a store that is being written is in order at every moment")
  func duringIngest() throws {
    let lines = (0..<12_000).map { "q\($0)\tpassage \($0 / 2)\n" }.joined()
    let writer = pawl.process(["ingest", "s.pawl", try pawl.write("c.tsv", lines), "--quiet"])
    writer.standardOutput = FileHandle.nullDevice
    try writer.run()
    var count = 0
    while writer.isRunning || count == 0 {
      let check = try pawl.run("check", "s.pawl")
      #expect(check.status == 0, "\(check.output)\(check.error)")
      count += 1
    }
    writer.waitUntilExit()
    #expect(writer.terminationStatus == 0)
  }

  @Test("what is no store is bad input, for check as for every command")
  func noStore() throws {
    let check = try pawl.run("check", "none.pawl")
    #expect(check.status == 65)
    #expect(check.error == "pawl: none.pawl: no Pawl store. Make one with: pawl init none.pawl\n")
    #expect(check.output == "")
  }

  @Test("Ctrl-C ends a check at once, with status 1 and without a word about damage")
  func interrupt() throws {
    let process = pawl.process(["check", "s.pawl"])
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    let lock = try holdLock()
    defer { close(lock) }
    try process.run()
    usleep(300_000)
    kill(process.processIdentifier, SIGINT)
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 1, "\(text)")
  }
}
