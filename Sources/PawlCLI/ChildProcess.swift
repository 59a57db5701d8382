internal import Glibc

/// This program once more, for work that damaged pages may crash.
enum ChildProcess {
  enum End {
    case exited(Int32)
    /// By this signal.
    case crashed(Int32)
    case notStarted(code: Int32)
  }

  /// Runs this program with these arguments and our stdin, stdout and stderr, to its end.
  static func run(_ arguments: [String]) -> End {
    let words = ["pawl"] + arguments
    // A crash is expected where pages are damaged: its report would bury ours.
    unsafe setenv("SWIFT_BACKTRACE", "enable=no", 1)
    var pointers = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    var process: pid_t = 0
    let code = unsafe posix_spawn(&process, "/proc/self/exe", nil, nil, &pointers, environ)
    guard code == 0 else { return .notStarted(code: code) }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    // The low seven bits are the signal, the next byte the exit status (wait(2)).
    let signal = status & 0x7f
    return signal == 0 ? .exited(status >> 8 & 0xff) : .crashed(signal)
  }
}
