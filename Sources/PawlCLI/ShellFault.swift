/// What can be wrong with a line of the shell, or with its history.
enum ShellFault: Error, Equatable, CustomStringConvertible {
  case unknownCommand(name: String, nearest: String?)
  /// What came after a command is not what it takes.
  case wrongArgument(command: ShellCommandName, given: String)
  case nothingToExplain
  case noSuchRank(rank: Int, count: Int)
  case noVersion(name: String, known: [String])
  /// A version cannot be compared with itself.
  case sameVersion(name: String)
  case notUTF8
  case lineTooLong
  /// `code` is the system's error number.
  case history(path: String, operation: String, reason: String)

  var description: String {
    switch self {
    case .unknownCommand(let name, let nearest):
      "there is no command \(name); "
        + (nearest.map { "did you mean \($0)?" } ?? ".help shows those that there are.")
        + " A query that begins with a point needs a blank before it."
    case .wrongArgument(let command, ""):
      "\(command.rawValue) needs something after it: \(command.usage), as in \(command.example)."
    case .wrongArgument(let command, let given):
      "\(command.rawValue) cannot take \"\(given)\": write \(command.usage), "
        + "as in \(command.example)."
    case .nothingToExplain: "there is no answer to explain yet: ask something first."
    case .noSuchRank(let rank, let count):
      "the last answer has no hit \(rank), only 1 to \(count)."
    case .noVersion(let name, let known):
      "there is no version \(name); there is: \(known.joined(separator: ", "))."
    case .sameVersion(let name):
      "\(name) is the version that answers already; compare it with another one."
    case .notUTF8: "this line is not UTF-8. Convert it first, with iconv for example."
    case .lineTooLong: "this line is longer than 1 MiB, and no query is. Break it into lines."
    case .history(let path, let operation, let reason):
      "\(path): cannot \(operation) the history: \(reason). The shell goes on without."
    }
  }
}
