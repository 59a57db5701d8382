import Foundation
import Synchronization
import Testing

/// Runs the `pawl` binary that was built beside the tests.
struct CommandRunner {
  struct Result {
    let status: Int32
    let output: String
    let error: String

    /// The JSON object on stdout.
    func object() throws -> [String: Any] {
      let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
      return try #require(value as? [String: Any], "\(output) \(error)")
    }
  }

  /// A folder of its own, removed at the end.
  final class Folder {
    let path = NSTemporaryDirectory() + "pawl-cli-" + UUID().uuidString
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  let folder: Folder

  init() throws { folder = try Folder() }

  /// With the sample collection in s.pawl.
  static func withSample() throws -> CommandRunner {
    let runner = try CommandRunner()
    try runner.succeed("init", "s.pawl")
    try runner.succeed("ingest", "s.pawl", sample, "--quiet")
    return runner
  }

  func path(_ name: String) -> String { folder.path + "/" + name }

  static var root: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  static var tinyModel: String {
    root.appending(path: "Tests/EncodingTests/Goldens/encoder/plain").path
  }

  /// The sample collection, and queries with judgments of it.
  static var sample: String { root.appending(path: "data/sample/collection.tsv").path }
  static var queries: String { root.appending(path: "data/sample/queries.tsv").path }
  static var qrels: String { root.appending(path: "data/sample/qrels.tsv").path }

  static var executable: URL {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appending(path: "pawl")
  }

  /// A process that is set up but not started.
  func process(_ arguments: [String], environment: [String: String] = [:]) -> Process {
    let process = Process()
    process.executableURL = Self.executable
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder.path)
    var variables = ProcessInfo.processInfo.environment
    variables["PAWL_MODEL"] = Self.tinyModel
    variables.merge(environment) { _, new in new }
    process.environment = variables
    process.standardInput = FileHandle.nullDevice
    return process
  }

  /// A shell command, set up but not started, in which $PAWL is the binary.
  func shell(_ command: String) -> Process {
    let process = process(["-c", command])
    process.executableURL = URL(filePath: "/bin/sh")
    process.environment?["PAWL"] = Self.executable.path
    process.standardOutput = FileHandle.nullDevice
    return process
  }

  /// Runs to the end.
  @discardableResult
  func run(
    _ arguments: String..., environment: [String: String] = [:], input: String? = nil
  ) throws -> Result {
    try run(arguments, environment: environment, input: input)
  }

  /// Runs to the end, which has to be a good one.
  @discardableResult
  func succeed(
    _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Result {
    let result = try run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.error)", sourceLocation: sourceLocation)
    return result
  }

  /// Runs to the end.
  @discardableResult
  func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil
  ) throws -> Result {
    let process = process(arguments, environment: environment)
    let files = ["out", "err"].map { "\(folder.path)/.\(UUID().uuidString).\($0)" }
    for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: files[0])
    process.standardError = FileHandle(forWritingAtPath: files[1])
    if let input {
      let pipe = Pipe()
      process.standardInput = pipe
      try process.run()
      pipe.fileHandleForWriting.write(Data(input.utf8))
      try pipe.fileHandleForWriting.close()
    } else {
      try process.run()
    }
    process.waitUntilExit()
    let status =
      process.terminationReason == .exit
      ? process.terminationStatus : 128 + process.terminationStatus
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    return Result(
      status: status, output: try String(contentsOfFile: files[0], encoding: .utf8),
      error: try String(contentsOfFile: files[1], encoding: .utf8))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = folder.path + "/" + name
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
}
