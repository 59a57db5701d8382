internal import Corpus
internal import Encoding
internal import FoundationEssentials
internal import Glibc
internal import LMDB
internal import Training

/// A run's folder in the store, `runs/<version>/`: its plan, its state, its negatives, its log and curves.
struct TrainingRun {
  /// What decides the run, fixed when it begins.
  struct Plan: Codable, Equatable {
    let version: String
    let parent: String
    let recipe: Recipe
    let seed: UInt64
    let maxLength: Int
    /// Of all that decides the result, but what the run itself chose first: looks, negatives, steps for minutes.
    let fingerprint: String
    /// Nil until it is known: minutes are turned into steps once.
    var stepCount: Int?
    /// Looks at the queries kept back.
    var validationCount: Int?
  }

  let version: String
  let path: String

  init(of version: String, inStoreAt store: String) {
    self.version = version
    path = "\(store)/runs/\(version)"
  }

  /// The run of that fingerprint that has begun and not ended; nil where there is none.
  init?<T: Transaction & ~Copyable>(
    unfinished fingerprint: String, in store: Store, _ transaction: borrowing T
  ) throws {
    for run in try Self.unfinished(in: store, transaction)
    where run.plan()?.fingerprint == fingerprint {
      self = run
      return
    }
    return nil
  }

  /// Runs of which no version came yet.
  static func unfinished<T: Transaction & ~Copyable>(
    in store: Store, _ transaction: borrowing T
  ) throws -> [TrainingRun] {
    let known = Set(try store.versionRecords(in: transaction).map(\.name))
    return names(inStoreAt: store.path).filter { !known.contains($0) }.map {
      TrainingRun(of: $0, inStoreAt: store.path)
    }
  }

  /// The versions of all runs.
  static func names(inStoreAt store: String) -> [String] {
    Files.names(in: store + "/runs").filter { $0.first == "v" && Int($0.dropFirst()) != nil }
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
    try write(plan)
  }

  func write(_ plan: Plan) throws {
    var file = try OutputFile(path: path + "/plan.json")
    let bytes = try Table.encode(plan)
    try file.write(bytes.span)
    try file.commit()
  }

  // MARK: What was chosen first

  /// Something that a run chooses once and keeps for when it goes on after a stop.
  struct Choice<Value: Codable> {
    fileprivate let file: String
  }

  /// Of each example the places of its negatives.
  static var negatives: Choice<[[Int]]> { Choice(file: "state-negatives.json") }
  static var looks: Choice<TrainingLooks> { Choice(file: "state-looks.json") }

  func keep<Value: Codable>(_ value: Value, as choice: Choice<Value>) throws {
    var file = try OutputFile(path: "\(path)/\(choice.file)")
    let bytes = try Table.encode(value)
    try file.write(bytes.span)
    try file.commit()
  }

  /// Nil where nothing was chosen yet.
  func kept<Value: Codable>(_ choice: Choice<Value>) throws -> Value? {
    let file = "\(path)/\(choice.file)"
    guard Files.exists(file) else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(filePath: file)))
    } catch {
      throw TrainingError.state(folder: path, problem: "\(choice.file) is damaged")
    }
  }

  // MARK: The log

  private var logPath: String { path + "/log.jsonl" }

  /// Adds a line to log.jsonl.
  func log(_ entry: RunEntry) throws {
    var line = try Table.encode(entry)
    line.append(UInt8(ascii: "\n"))
    let descriptor = unsafe open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Files.failure(logPath, "open it") }
    defer { close(descriptor) }
    guard unsafe Glibc.write(descriptor, line, line.count) == line.count else {
      throw Files.failure(logPath, "write to it")
    }
  }

  /// Leaves of the log what lies before the state that a run goes on from.
  ///
  /// - Parameter stepCount: steps that the state has; nil: there is none.
  func keepLog(below stepCount: Int?) throws {
    guard Files.exists(logPath) else { return }
    guard let stepCount else { return Files.remove(logPath) }
    let kept = entries().filter {
      $0.step < stepCount || ($0.step == stepCount && $0.reciprocalRank != nil)
    }
    var file = try OutputFile(path: logPath)
    for entry in kept {
      let line = try Table.encode(entry) + [UInt8(ascii: "\n")]
      try file.write(line.span)
    }
    try file.commit()
  }

  /// Whole lines of the log; a kill may have cut the last.
  func entries() -> [RunEntry] {
    guard let content = try? Data(contentsOf: URL(filePath: logPath)) else { return [] }
    let decoder = JSONDecoder()
    return content.split(separator: UInt8(ascii: "\n")).compactMap {
      try? decoder.decode(RunEntry.self, from: Data($0))
    }
  }

  /// Draws the log: `curves.svg`.
  func plot(recipe: String) throws {
    var file = try OutputFile(path: path + "/curves.svg")
    try file.write(RunCurves(entries(), title: "\(version), \(recipe)").svg)
    try file.commit()
  }

  /// Where the encoder is written before it becomes a checkpoint.
  var modelPath: String { path + "/model" }

  /// What only a run that is not over needs.
  var work: [String] {
    // state.json, the last of its kind by name, first: without it the blocks are nothing.
    Files.names(in: path).sorted().reversed().filter { $0.hasPrefix("state") || $0 == "model" }
      .map { "\(path)/\($0)" }
  }

  func removeWork() { work.forEach(Files.remove) }
}

/// A line of log.jsonl: a step, with its loss, or a validation before a step, with its metric.
struct RunEntry: Codable, Equatable {
  let step: Int
  var loss: Double?
  var rate: Double?
  var gradientNorm: Double?
  var tokens: Int?
  var isSkipped: Bool?
  var reciprocalRank: Double?
  var effectiveRank: Double?
  var meanCosine: Double?

  init(_ step: Trainer.Step) {
    self.step = step.number
    // A number that is not finite has no place in JSON.
    loss = step.isSkipped ? nil : step.loss
    rate = step.rate
    gradientNorm = step.isSkipped ? nil : step.gradientNorm
    tokens = step.tokenCount
    isSkipped = step.isSkipped ? true : nil
  }

  init(_ result: Validation.Result, step: Int) {
    self.step = step
    reciprocalRank = result.reciprocalRank
    effectiveRank = result.effectiveRank
    meanCosine = result.meanCosine
  }
}
