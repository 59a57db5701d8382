/// Something that a check found wrong.
public struct CheckProblem: Sendable, Equatable, Codable, CustomStringConvertible {
  public let kind: CheckProblemKind
  /// What it is wrong with, as people call it: "row 17", "version v2".
  public let object: String
  public let problem: String

  public var description: String { "\(object): \(problem)" }

  public init(_ kind: CheckProblemKind, _ object: String, _ problem: String) {
    (self.kind, self.object, self.problem) = (kind, object, problem)
  }
}

/// What a check looked at and what it found wrong.
public struct CheckReport: Sendable, Equatable, Codable {
  public internal(set) var valueCount = 0
  public internal(set) var passageCount = 0
  /// Codes of the active version's index, and rows that have none yet.
  public internal(set) var codeCount = 0
  public internal(set) var pendingCount = 0
  /// The first problems, `problemLimit` at most, as sentences and in parts.
  public private(set) var problems: [String] = []
  public private(set) var findings: [CheckProblem] = []
  public private(set) var problemCount = 0
  /// What is untidy but no damage.
  public internal(set) var notes: [String] = []

  public static let problemLimit = 100

  public init() {}

  public mutating func report(_ problem: CheckProblem) {
    problemCount += 1
    guard problems.count < Self.problemLimit else { return }
    problems.append("\(problem)")
    findings.append(problem)
  }
}

/// How far a check is.
public struct CheckProgress: Sendable, Equatable, Codable {
  /// What it reads just now.
  public let object: String
  /// Values read, and values that there are.
  public let done: Int
  public let total: Int

  public init(object: String, done: Int, total: Int) {
    (self.object, self.done, self.total) = (object, done, total)
  }
}

/// What a check tells while it runs.
public enum CheckEvent: Sendable {
  /// Several times a second, and at each new object.
  case progress(CheckProgress)
  /// At once, so that it is known even where what follows ends the process.
  case problem(CheckProblem)
}
