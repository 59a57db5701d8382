internal import Glibc

/// This program once more, for work that damaged pages may crash. Its stdout comes here, its stdin and
/// stderr are ours. `wait` or `kill` must follow; let go, only the pipe is closed.
struct ChildProcess: ~Copyable {
  enum End: Equatable {
    case exited(Int32)
    /// By this signal.
    case ended(Int32)
    case stalled
  }

  enum Answer { case nothing, some, end }

  struct NotStarted: Error, CustomStringConvertible {
    let code: Int32
    var description: String { unsafe String(cString: strerror(code)) }
  }

  private let process: pid_t
  /// The end of a pipe from which its stdout is read.
  private let output: Int32

  init(_ arguments: [String]) throws(NotStarted) {
    var pipe: [Int32] = [-1, -1]
    guard unsafe Glibc.pipe(&pipe) == 0 else { throw NotStarted(code: errno) }
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // A crash is expected where pages are damaged: its report would bury ours.
    unsafe setenv("SWIFT_BACKTRACE", "enable=no", 1)
    var pointers = unsafe (["pawl"] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)
    var process: pid_t = 0
    let code = unsafe posix_spawn(&process, "/proc/self/exe", &actions, nil, &pointers, environ)
    close(pipe[1])
    guard code == 0 else {
      close(pipe[0])
      throw NotStarted(code: code)
    }
    self.process = process
    output = pipe[0]
  }

  deinit { close(output) }

  /// Appends what the child has written since.
  func read(into bytes: inout [UInt8], waitingAtMost limit: Duration) -> Answer {
    var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(limit / .milliseconds(1))
    guard unsafe poll(&descriptor, 1, milliseconds) > 0 else { return .nothing }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe Glibc.read(output, &buffer, buffer.count)
    if count < 0 { return errno == EINTR ? .nothing : .end }
    bytes.append(contentsOf: buffer[..<count])
    return count == 0 ? .end : .some
  }

  /// Waits for the end. To be called once, by whichever of the two.
  func wait() -> End {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return .exited(ExitStatus.failed.rawValue) }
    }
    // The low seven bits are the signal, the next byte the exit status (wait(2)).
    let signal = status & 0x7f
    return signal == 0 ? .exited(status >> 8 & 0xff) : .ended(signal)
  }

  func kill() -> End {
    _ = Glibc.kill(process, SIGKILL)
    return wait()
  }
}
