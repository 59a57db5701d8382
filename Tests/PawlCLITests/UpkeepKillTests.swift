import Foundation
import Testing

/// `kill -9` at moments spread over the whole run of a command.
@Suite struct UpkeepKillTests {
  let pawl: CommandRunner
  private let moments = 24

  init() throws {
    pawl = try CommandRunner()
    try pawl.run("init", "first.pawl")
    try ingest("first.pawl", 0..<3_000) { "passage \($0) speaks of \($0 * 7 % 1_000) things" }
    try ingest("first.pawl", 500..<1_500) { "changed \($0)" }
    try pawl.run("delete", "first.pawl", "p7", "p8", "p2000", "--quiet")
    try ingest("first.pawl", 2_400..<2_600, "--text-only") { "waits \($0)" }
  }

  private func ingest(
    _ store: String, _ range: Range<Int>, _ options: String..., text: (Int) -> String
  ) throws {
    let file = try pawl.write("in.tsv", range.map { "p\($0)\t\(text($0))\n" }.joined())
    let result = try pawl.run(["ingest", store, file, "--quiet"] + options)
    #expect(result.status == 0, "\(result.error)")
  }

  private func names(_ prefix: String, in folder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: pawl.path(folder))
      .filter { $0.hasPrefix(prefix) }.sorted()
  }

  /// The store's check, which must be clean, and its answer to a question, as one text.
  private func state(_ store: String, _ when: String) throws -> String {
    let check = try pawl.run("check", store, "--json")
    #expect(check.status == 0, "\(when): \(check.output) \(check.error)")
    let answer = try pawl.run("query", store, "speaks of changed things", "-k", "50", "--json")
    let hits = answer.output.range(of: "\"hits\":").flatMap { start in
      answer.output.range(of: "\"milliseconds\"").map {
        answer.output[start.lowerBound..<$0.lowerBound]
      }
    }
    // A compaction changes how many values there are, but nothing that is counted of them.
    let counts = try check.object()
    let figures = ["passageCount", "codeCount", "pendingCount"].map { "\(counts[$0] ?? "none")" }
    return "\(figures) \(hits ?? "no answer")"
  }

  private func runAgain(_ arguments: [String], _ when: String) throws {
    let result = try pawl.run(arguments)
    #expect(result.status == 0, "\(when): \(result.error)")
  }

  @Test("a killed backup leaves no half copy under its name, and the next one cleans up")
  func backup() throws {
    let command = ["backup", "first.pawl", "b.pawl", "--verify", "--quiet"]
    let expected = try state("first.pawl", "before")
    var killed = 0
    for moment in try pawl.moments(moments, of: command) {
      try? FileManager.default.removeItem(atPath: pawl.path("b.pawl"))
      killed += try pawl.kill(command, after: moment) ? 1 : 0
      let when = "killed after \(moment) s"
      #expect(try state("first.pawl", when) == expected)
      if try names("b.pawl").contains("b.pawl") {
        #expect(try state("b.pawl", when) == expected)
        try FileManager.default.removeItem(atPath: pawl.path("b.pawl"))
      }
      try runAgain(command, when)
      #expect(try names("b.pawl") == ["b.pawl"], "\(when)")
      #expect(try state("b.pawl", when) == expected)
    }
    #expect(killed > moments / 4)
    // A last one that nobody repeats: gc finds what it left by its job.
    try FileManager.default.removeItem(atPath: pawl.path("b.pawl"))
    for moment in stride(from: 0.01, to: 0.2, by: 0.02) {
      _ = try pawl.kill(["backup", "first.pawl", "c\(moment).pawl"], after: moment)
    }
    #expect(try pawl.run("gc", "first.pawl").status == 0)
    #expect(try names("c").allSatisfy { $0.hasSuffix(".pawl") })
  }

  @Test("a killed restore --replace leaves the old store or the new one, and never loses the old")
  func restore() throws {
    try pawl.copy("first.pawl", to: "new.pawl")
    try ingest("new.pawl", 5_000..<5_100) { "only in the new one \($0)" }
    try runAgain(["backup", "new.pawl", "b.pawl", "--quiet"], "before")
    let (old, new) = (try state("first.pawl", "before"), try state("b.pawl", "before"))
    #expect(old != new)
    let command = ["restore", "b.pawl", "s.pawl", "--replace", "--quiet"]
    try pawl.copy("first.pawl", to: "s.pawl")
    var (killed, replaced) = (0, 0)
    for moment in try pawl.moments(moments, of: command) {
      for name in try names("s.pawl") {
        try FileManager.default.removeItem(atPath: pawl.path(name))
      }
      try pawl.copy("first.pawl", to: "s.pawl")
      killed += try pawl.kill(command, after: moment) ? 1 : 0
      let when = "killed after \(moment) s"
      let found = try state("s.pawl", when)
      #expect(found == old || found == new, "\(when)")
      if found == new {
        replaced += 1
        #expect(try state("s.pawl.replaced", when) == old)
      }
      try runAgain(command, when)
      #expect(try state("s.pawl", when) == new)
      let kept = try names("s.pawl.replaced").map { try state($0, when) }
      #expect(kept.contains(old), "\(when)")
      #expect(try names("s.pawl.partial") == [], "\(when)")
    }
    #expect(killed > moments / 4)
  }

  @Test("a killed compact leaves the old database or the new one", arguments: [[], ["--retrain"]])
  func compact(options: [String]) throws {
    let command = ["compact", "s.pawl", "--quiet"] + options
    let expected = try state("first.pawl", "before")
    try pawl.copy("first.pawl", to: "s.pawl")
    var killed = 0
    for moment in try pawl.moments(moments, of: command) {
      try pawl.copy("first.pawl", to: "s.pawl")
      killed += try pawl.kill(command, after: moment) ? 1 : 0
      let when = "killed after \(moment) s"
      #expect(try state("s.pawl", when) == expected)
      #expect(try pawl.run("gc", "s.pawl").status == 0)
      #expect(try names(".", in: "s.pawl") == [], "\(when)")
      try runAgain(command, when)
      #expect(try state("s.pawl", when) == expected)
    }
    #expect(killed > moments / 4)
    let (before, after) = (try pawl.size("first.pawl"), try pawl.size("s.pawl"))
    #expect(after < before)
  }
}
