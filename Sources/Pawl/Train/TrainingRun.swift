internal import Corpus
internal import Encoding
internal import FoundationEssentials
internal import Glibc
internal import LMDB
internal import Training

/// A run's folder in the store, `runs/<version>/`: its plan, its state, its log.
struct TrainingRun {
  /// What decides the run, fixed when it begins.
  struct Plan: Codable, Equatable {
    let version: String
    let parent: String
    let recipe: Recipe
    let seed: UInt64
    let maxLength: Int
    let stepCount: Int
    /// Of all that the run's result depends on, the step count left out.
    let fingerprint: String
  }

  let path: String

  init(of version: String, inStoreAt store: String) {
    path = "\(store)/runs/\(version)"
  }

  /// The plan of a run that began before; nil where there is none that can be read.
  func plan() -> Plan? {
    guard let content = try? Data(contentsOf: URL(filePath: path + "/plan.json")) else {
      return nil
    }
    return try? JSONDecoder().decode(Plan.self, from: content)
  }

  /// Makes the folder anew.
  func begin(_ plan: Plan) throws {
    try Files.makeFolder(
      path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex).description)
    Files.removeTree(path)
    try Files.makeFolder(path)
    var file = try OutputFile(path: path + "/plan.json")
    let bytes = try Table.encode(plan)
    try file.write(bytes.span)
    try file.commit()
  }

  /// Adds a line to log.jsonl; what a stopped run wrote behind its state stays, and is written again.
  func log(_ entry: some Encodable) throws {
    var line = try Table.encode(entry)
    line.append(UInt8(ascii: "\n"))
    let descriptor = unsafe open(
      path + "/log.jsonl", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Files.failure(path + "/log.jsonl", "open it") }
    defer { close(descriptor) }
    guard unsafe write(descriptor, line, line.count) == line.count else {
      throw Files.failure(path + "/log.jsonl", "write to it")
    }
  }

  /// Removes what only a run that is not over needs.
  func removeState() {
    // state.json, the last by name, first: without it the blocks are nothing.
    for name in Files.names(in: path).reversed() where name.hasPrefix("state") {
      Files.remove("\(path)/\(name)")
    }
  }
}
