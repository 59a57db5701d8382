internal import LMDB

/// What a whole check of a store found, as far as a copy is judged by it.
///
/// Its keys are those of `pawl check --json`, so that the check may be another process's: damaged pages
/// can end the process that reads them.
public struct CheckFigures: Sendable, Equatable, Decodable {
  public let passageCount: Int
  public let codeCount: Int
  public let problemCount: Int
  /// The first of them.
  public let problems: [String]

  public init(_ report: CheckReport) {
    passageCount = report.passageCount
    codeCount = report.codeCount
    problemCount = report.problemCount
    problems = report.problems
  }
}

/// Runs the whole check of the store at a path.
public typealias StoreChecker = (_ path: String) throws -> CheckFigures

extension Store {
  /// The check in this process.
  public static func checkHere(_ path: String) throws -> CheckFigures {
    let store = try Store(path: path, access: .reading)
    let report = try store.check()
    try store.environment.close()
    return CheckFigures(report)
  }
}

extension CheckFigures {
  /// - Throws: `StoreError.checkFailed` where there are problems.
  func requireClean(_ path: String) throws(StoreError) {
    if problemCount > 0 {
      throw .checkFailed(path: path, problems: problems, count: problemCount)
    }
  }
}
