import Foundation
import Testing

/// `kill -9` at moments spread over a whole clustering, and over ingests that merge.
@Suite struct ReindexKillTests {
  let pawl: CommandRunner
  private let width = 24
  private let moments = 16

  init() throws {
    pawl = try CommandRunner()
    try pawl.succeed("init", "first.pawl", "--dimension", "\(width)", "--codec", "binary")
    try ingest("first.pawl", 0..<3_900)
    try pawl.succeed("delete", "first.pawl", "p7", "p8", "p2000", "--quiet")
    let queries = (0..<40).map { vector($0, seed: 77) }
    _ = try pawl.write("q.npy", npy(queries))
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
    try pawl.succeed("ingest", store, "--vectors", "x.npy", "--ids", "x.txt", "--quiet")
  }

  /// The answers of exact search.
  private func answers(_ store: String) throws -> String {
    try pawl.succeed(
      "search", store, "--vectors", "q.npy", "-k", "30", "--exact", "--run", "o.trec", "--quiet")
    return try String(contentsOfFile: pawl.path("o.trec"), encoding: .utf8)
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
    try String(contentsOfFile: pawl.path(run), encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: " ").prefix(3).joined(separator: " ")
    }
  }

  @Test("a killed reindex leaves the old index or the new one, and the next one cleans up")
  func reindex() throws {
    let command = ["reindex", "s.pawl", "--lists", "70", "--quiet"]
    let expected = try answers("first.pawl")
    try pawl.copy("first.pawl", to: "s.pawl")
    let times = try pawl.moments(moments, of: command)
    let clean = try pawl.size("s.pawl")
    try pawl.copy("first.pawl", to: "s.pawl")
    var killed = 0
    for (number, after) in times.enumerated() {
      // One store all the time: what earlier kills left is there, too.
      killed += try pawl.kill(command, after: after) ? 1 : 0
      let when = "killed after \(after) s"
      #expect(try answers("s.pawl") == expected, "\(when)")
      try expectWhole("s.pawl", "\(when)")
      let id = 100_000 + number
      try ingest("s.pawl", id..<id + 1)
      try pawl.succeed("delete", "s.pawl", "p\(id)", "--quiet")
      #expect(try answers("s.pawl") == expected, "\(when), ingested and deleted")
    }
    #expect(killed > moments / 4)
    try pawl.succeed("reindex", "s.pawl", "--lists", "70", "--quiet")
    #expect(try answers("s.pawl") == expected)
    #expect(try pawl.run("gc", "s.pawl").status == 0)
    // What dead builds left was removed and used again.
    #expect(try pawl.size("s.pawl") < 3 * clean)
  }

  @Test("an ingest that is killed while it clusters loses nothing, and the same ingest clusters")
  func firstClustering() throws {
    try pawl.succeed("init", "base.pawl", "--dimension", "\(width)", "--codec", "binary")
    try ingest("base.pawl", 0..<9_990)
    let range = 10_000..<10_020
    _ = try pawl.write("m.npy", npy(range.map { vector($0, seed: 1) }))
    _ = try pawl.write("m.txt", range.map { "p\($0)\n" }.joined())
    let command = ["ingest", "s.pawl", "--vectors", "m.npy", "--ids", "m.txt", "--quiet"]
    try pawl.copy("base.pawl", to: "s.pawl")
    let times = try pawl.moments(4, of: command)
    let expected = try answers("s.pawl")
    var killed = 0
    for after in times {
      try pawl.copy("base.pawl", to: "s.pawl")
      killed += try pawl.kill(command, after: after) ? 1 : 0
      let check = try pawl.run("check", "s.pawl")
      #expect(check.status == 0, "killed after \(after) s: \(check.output)")
      #expect(try pawl.run(command).status == 0, "killed after \(after) s")
      #expect(try answers("s.pawl") == expected, "killed after \(after) s")
      try expectWhole("s.pawl", "killed after \(after) s")
    }
    #expect(killed > 1)
  }

  @Test("a killed ingest that merges loses no code, and the same ingest goes on")
  func merge() throws {
    try pawl.copy("first.pawl", to: "base.pawl")
    try pawl.succeed("reindex", "base.pawl", "--lists", "70", "--quiet")
    let range = 10_000..<18_000
    _ = try pawl.write("m.npy", npy(range.map { vector($0, seed: 1) }))
    _ = try pawl.write("m.txt", range.map { "p\($0)\n" }.joined())
    let command = ["ingest", "s.pawl", "--vectors", "m.npy", "--ids", "m.txt", "--quiet"]
    try pawl.copy("base.pawl", to: "s.pawl")
    let times = try pawl.moments(moments, of: command)
    let expected = try answers("s.pawl")
    var killed = 0
    for after in times {
      try pawl.copy("base.pawl", to: "s.pawl")
      killed += try pawl.kill(command, after: after) ? 1 : 0
      let result = try pawl.run(command)
      #expect(result.status == 0, "killed after \(after) s: \(result.error)")
      #expect(try answers("s.pawl") == expected, "killed after \(after) s")
      try expectWhole("s.pawl", "killed after \(after) s")
    }
    #expect(killed > moments / 4)
  }
}
