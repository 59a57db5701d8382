import Foundation
import Testing

@Suite struct BadInputTests {
  let pawl: CommandRunner
  init() throws { pawl = try .withSample() }

  /// The ingest is refused with that status and message, and the store is as it was.
  private func expectRefused(
    _ bytes: [UInt8], status: Int32 = 65, _ message: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let file = try pawl.write("bad.tsv", bytes)
    let result = try pawl.run("ingest", "s.pawl", file, "--quiet")
    #expect(result.status == status, sourceLocation: sourceLocation)
    #expect(result.error.contains(message), "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
    let check = try pawl.run("check", "s.pawl", "--json")
    #expect(check.output.contains("\"passageCount\":309"), sourceLocation: sourceLocation)
    #expect(check.status == 0, sourceLocation: sourceLocation)
  }

  @Test("hostile collections are refused by file and line, and nothing of them is stored")
  func hostileCollections() throws {
    try expectRefused(Array("x\tgood\nno tab\n".utf8), "bad.tsv:2:")
    try expectRefused(Array("x\tgood\n\tno id\n".utf8), "bad.tsv:2:")
    try expectRefused(Array("x\tgood\ny\t\n".utf8), "bad.tsv:2:")
    try expectRefused(Array("x\tgo\u{0}od\n".utf8), "bad.tsv:1:")
    try expectRefused(Array("x\tgood\ny\t".utf8) + [0xff, 0xfe, 0x0a], "bad.tsv:2:")
    try expectRefused(Array((String(repeating: "i", count: 512) + "\ttext\n").utf8), "bad.tsv:1:")
    try expectRefused(Array("x\ta\ry\tb\r".utf8), "bad.tsv")
    let long = Array("x\t".utf8) + [UInt8](repeating: 0x61, count: (16 << 20) + 1) + [0x0a]
    try expectRefused(long, "bad.tsv:1:")
  }

  @Test("a byte order mark, CRLF, C1 controls and quotes are no hindrance")
  func harmlessDirt() throws {
    let text = "\u{FEFF}x1\t\"quoted\" start\r\nx2\ta\u{85}b\u{2028}c\u{FEFF}\nx3\tlone\rcarriage\n"
    let file = try pawl.write("odd.tsv", text)
    #expect(try pawl.run("ingest", "s.pawl", file, "--quiet").status == 0)
    #expect(try pawl.run("get", "s.pawl", "x1").output == "x1\t\"quoted\" start\n")
    #expect(
      try pawl.run("get", "s.pawl", "x2").output == "x2\ta\u{85}b\u{2028}c\u{FEFF}\n")
    #expect(try pawl.run("get", "s.pawl", "x3").output == "x3\tlone\rcarriage\n")
  }

  @Test("files that cannot be read say why")
  func unreadableFiles() throws {
    let missing = try pawl.run("ingest", "s.pawl", "nowhere.tsv")
    #expect(missing.status == 74)
    #expect(missing.error.contains("nowhere.tsv"))
    let directory = try pawl.run("ingest", "s.pawl", ".")
    #expect(directory.status == 74)
    #expect(directory.error.contains("directory"))
  }

  @Test("what is no store is refused with the command that makes one")
  func notAStore() throws {
    let none = try pawl.run("query", "none.pawl", "x")
    #expect(none.status == 65)
    #expect(none.error.contains("Make one with: pawl init none.pawl"))
    let folder = try pawl.run("check", ".")
    #expect(folder.status == 65)
    #expect(folder.error.contains("no data.mdb"))
    let taken = try pawl.run("init", "s.pawl")
    #expect(taken.status == 1)
    #expect(taken.error.contains("there is something already"))
  }

  @Test("a missing model names what was looked for")
  func missingModel() throws {
    let result = try pawl.run("init", "t.pawl", "--model", "no/such/model")
    #expect(result.status == 65)
    #expect(result.error.contains("no/such/model"))
    #expect(!FileManager.default.fileExists(atPath: pawl.folder.path + "/t.pawl"))
  }

  @Test("wrong usage exits with 64")
  func usage() throws {
    #expect(try pawl.run("query", "s.pawl").status == 64)
    #expect(try pawl.run("query", "s.pawl", "x", "-k", "0").status == 64)
    #expect(try pawl.run("query", "s.pawl", " ").status == 64)
    #expect(try pawl.run("init", "").status == 64)
    #expect(try pawl.run("init", "t.pawl", "--max-length", "2").status == 64)
    #expect(try pawl.run("frobnicate").status == 64)
    #expect(try pawl.run("init", "t.pawl", "--codec", "int4").status == 64)
    #expect(try pawl.run("init", "t.pawl", "--numeric", "int4").status == 64)
    #expect(try pawl.run("ingest", "s.pawl", CommandRunner.sample, "--limit", "0").status == 64)
  }

  @Test("an unknown kernel is refused by name")
  func unknownKernel() throws {
    let result = try pawl.run("query", "s.pawl", "x", environment: ["PAWL_KERNEL": "quantum"])
    #expect(result.status == 1)
    #expect(result.error.contains("PAWL_KERNEL=quantum"))
  }
}
