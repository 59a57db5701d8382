import Foundation
import Testing

/// `kill -9` of a training, again and again until it comes to its end.
@Suite struct TrainKillTests {
  let pawl: CommandRunner
  private static let arguments = [
    "--queries", CommandRunner.queries, "--qrels", CommandRunner.qrels, "--quiet",
    "--batch-size", "16",
  ]

  init() throws { pawl = try .withSample() }

  /// The checkpoint or adapter of v2.
  private func digest(_ store: String) throws -> [String: String] {
    let versions = try pawl.run("versions", store, "--json")
    #expect(versions.status == 0, "\(versions.error)")
    let folder = pawl.path(store + "/checkpoints")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { !$0.hasPrefix(".") && !$0.contains("packed") }
    return ["checkpoints": names.sorted().joined(separator: " ")]
  }

  @Test(
    "a training that is killed at 20 moments ends with the same checkpoint",
    arguments: [
      ["--recipe", "paper-random-full", "--learning-rate", "3e-4", "--steps", "500"],
      [
        "--recipe", "mined", "--learning-rate", "3e-3", "--no-margin", "--steps", "300",
        "--seed", "3",
      ],
    ])
  func kills(recipe: [String]) throws {
    try pawl.copy("s.pawl", to: "whole.pawl")
    let command = Self.arguments + recipe
    let seconds = try pawl.duration(["train", "whole.pawl"] + command)
    let expected = try digest("whole.pawl")
    #expect(expected["checkpoints"]?.contains(" ") == true, "the version is its parent's copy")
    var kills = 0
    var attempts = 0
    while kills < 20, attempts < 60 {
      try pawl.copy("s.pawl", to: "k.pawl")
      // Each run gets as many kills as it takes; the last is left to its end.
      for _ in 0..<4 {
        attempts += 1
        let isKilled = try pawl.kill(
          ["train", "k.pawl"] + command, after: .random(in: 0.02...seconds * 0.7))
        if !isKilled { break }
        kills += 1
        #expect(try pawl.run("check", "k.pawl").status == 0)
      }
      let last = try pawl.run(["train", "k.pawl"] + command)
      // Where a kill came behind the end, the same command makes another version.
      #expect(last.status == 0, "\(last.error)")
      let names = try digest("k.pawl")["checkpoints"]?.split(separator: " ").map(String.init) ?? []
      let wanted = expected["checkpoints"]?.split(separator: " ").map(String.init) ?? []
      #expect(Set(names).isSuperset(of: wanted), "after \(kills) kills: \(names)")
    }
    #expect(kills >= 20)
  }
}
