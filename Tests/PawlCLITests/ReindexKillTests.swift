import Foundation
import Testing

/// `kill -9` at moments spread over a whole clustering, and over ingests that merge.
@Suite struct ReindexKillTests {
  let pawl: CommandRunner
  private let width = 24
  private let moments = 16

  init() throws {
    pawl = try CommandRunner()
    try succeed("init", "first.pawl", "--dimension", "\(width)", "--codec", "binary")
    try ingest("first.pawl", 0..<6_000)
    try succeed("delete", "first.pawl", "p7", "p8", "p2000", "--quiet")
    let queries = (0..<40).map { vector($0, seed: 77) }
    _ = try pawl.write("q.npy", npy(queries))
  }

  private func succeed(_ arguments: String...) throws {
    let result = try pawl.run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.error)")
  }

  /// Floats that look random, around one of 50 directions.
  private func vector(_ number: Int, seed: UInt64) -> [Float] {
    var state = seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15
    return (0..<width).map { dimension in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let noise = Float(state >> 40) / 8_388_608 - 1
      return noise + Float((number % 50) * (dimension + 3) % 11) / 5 - 1
    }
  }

  private func npy(_ vectors: [[Float]]) -> [UInt8] {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(vectors.count), \(width)), }"
    let header = Array(text.utf8) + [UInt8](repeating: 0x20, count: 117 - text.utf8.count) + [0x0A]
    var bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + header
    for value in vectors.joined() {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }
    return bytes
  }

  private func ingest(_ store: String, _ range: Range<Int>) throws {
    _ = try pawl.write("x.npy", npy(range.map { vector($0, seed: 1) }))
    _ = try pawl.write("x.txt", range.map { "p\($0)\n" }.joined())
    try succeed("ingest", store, "--vectors", "x.npy", "--ids", "x.txt", "--quiet")
  }

  private func path(_ name: String) -> String { pawl.folder.path + "/" + name }

  private func reset(_ name: String, from source: String = "first.pawl") throws {
    try? FileManager.default.removeItem(atPath: path(name))
    try FileManager.default.copyItem(atPath: path(source), toPath: path(name))
  }

  /// The answers of exact search.
  private func answers(_ store: String) throws -> String {
    try succeed(
      "search", store, "--vectors", "q.npy", "-k", "30", "--exact", "--run", "o.trec", "--quiet")
    return try String(contentsOfFile: path("o.trec"), encoding: .utf8)
  }

  /// Neither what exact search reads nor what only search through lists does is damaged.
  private func expectWhole(_ store: String, _ comment: Comment) throws {
    let check = try pawl.run(["check", store])
    #expect(check.status == 0, "\(comment): \(check.output) \(check.error)")
    let command = ["search", store, "--vectors", "q.npy", "-k", "30", "--run", "l.trec", "--quiet"]
    let result = try pawl.run(command + ["--probes", "70"])
    #expect(result.status == 0, "\(comment): \(result.error)")
    // All lists: what 1-bit codes miss aside, those of exact search.
    let exact = Set(try lines("o.trec"))
    let found = try lines("l.trec").filter { exact.contains($0) }.count
    #expect(found * 100 > exact.count * 98, "\(comment): \(found) of \(exact.count)")
  }

  /// Query and passage of each hit.
  private func lines(_ run: String) throws -> [String] {
    try String(contentsOfFile: path(run), encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: " ").prefix(3).joined(separator: " ")
    }
  }

  /// - Returns: whether it was killed before its end.
  private func kill(_ arguments: [String], after seconds: Double) throws -> Bool {
    let process = pawl.process(arguments)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    usleep(UInt32(seconds * 1_000_000))
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal
  }

  private func duration(_ arguments: [String]) throws -> Double {
    let start = ContinuousClock.now
    let result = try pawl.run(arguments)
    #expect(result.status == 0, "\(result.error)")
    return (ContinuousClock.now - start) / .seconds(1)
  }

  @Test("a killed reindex leaves the old index or the new one, and the next one cleans up")
  func reindex() throws {
    let command = ["reindex", "s.pawl", "--lists", "70", "--quiet"]
    let expected = try answers("first.pawl")
    try reset("s.pawl")
    let seconds = try duration(command)
    let clean = try size("s.pawl")
    try reset("s.pawl")
    var killed = 0
    for moment in 0..<moments {
      // One store all the time: what earlier kills left is there, too.
      let after = seconds * 1.1 * (Double(moment) + .random(in: 0..<1)) / Double(moments)
      killed += try kill(command, after: after) ? 1 : 0
      let when = "killed after \(after) s"
      #expect(try answers("s.pawl") == expected, "\(when)")
      try expectWhole("s.pawl", "\(when)")
      let id = 100_000 + moment
      try ingest("s.pawl", id..<id + 1)
      try succeed("delete", "s.pawl", "p\(id)", "--quiet")
      #expect(try answers("s.pawl") == expected, "\(when), ingested and deleted")
    }
    #expect(killed > moments / 4)
    try succeed("reindex", "s.pawl", "--lists", "70", "--quiet")
    #expect(try answers("s.pawl") == expected)
    #expect(try pawl.run("gc", "s.pawl").status == 0)
    // What dead builds left was removed and used again.
    #expect(try size("s.pawl") < 3 * clean)
  }

  @Test("a killed ingest that merges loses no code, and the same ingest goes on")
  func merge() throws {
    try reset("base.pawl")
    try succeed("reindex", "base.pawl", "--lists", "70", "--quiet")
    let range = 10_000..<18_000
    _ = try pawl.write("m.npy", npy(range.map { vector($0, seed: 1) }))
    _ = try pawl.write("m.txt", range.map { "p\($0)\n" }.joined())
    let command = ["ingest", "s.pawl", "--vectors", "m.npy", "--ids", "m.txt", "--quiet"]
    try reset("s.pawl", from: "base.pawl")
    let seconds = try duration(command)
    let expected = try answers("s.pawl")
    var killed = 0
    for moment in 0..<moments {
      try reset("s.pawl", from: "base.pawl")
      let after = seconds * 1.1 * (Double(moment) + .random(in: 0..<1)) / Double(moments)
      killed += try kill(command, after: after) ? 1 : 0
      let result = try pawl.run(command)
      #expect(result.status == 0, "killed after \(after) s: \(result.error)")
      #expect(try answers("s.pawl") == expected, "killed after \(after) s")
      try expectWhole("s.pawl", "killed after \(after) s")
    }
    #expect(killed > moments / 4)
  }

  private func size(_ store: String) throws -> Int {
    let facts = try FileManager.default.attributesOfItem(atPath: path(store + "/data.mdb"))
    return try #require(facts[.size] as? Int)
  }
}
