internal import FoundationEssentials
internal import Glibc

/// What the process is told by its surroundings.
package enum Process {
  /// Bytes of memory that this process had at most.
  package static var peakMemory: Int {
    var usage = rusage()
    _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1_024
  }

  static var environment: [String: String] {
    var variables: [String: String] = [:]
    var entry = unsafe environ
    while let pointer = unsafe entry.pointee {
      let text = unsafe String(cString: pointer)
      if let separator = text.firstIndex(of: "=") {
        variables[String(text[..<separator])] = String(text[text.index(after: separator)...])
      }
      unsafe entry += 1
    }
    return variables
  }

  /// Processors that this process may use.
  static var processorCount: Int {
    max(1, ProcessInfo.processInfo.activeProcessorCount)
  }

  /// The account that runs this process, for the history.
  static var user: String {
    let uid = getuid()
    guard let entry = unsafe getpwuid(uid) else { return "uid \(uid)" }
    return unsafe String(cString: entry.pointee.pw_name)
  }

  /// Whether there is a process of that number, whoever it is now.
  static func isAlive(_ process: Int32) -> Bool {
    // Signal 0 only asks.
    process > 0 && (kill(process, 0) == 0 || errno != ESRCH)
  }
}
