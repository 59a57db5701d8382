import Foundation
import Glibc

/// A program at a terminal that the test holds the other end of. Every wait has a limit.
final class PseudoTerminal {
  private let master: Int32
  private let process: pid_t
  /// All that was shown so far.
  private(set) var shown = ""
  private var bytes: [UInt8] = []
  /// Where the next `expect` begins to look.
  private var seen = 0
  private var end: Int32?

  /// A slow machine needs a second for what takes a millisecond here; a hang is longer.
  private static let limitInSeconds = 30.0

  // Swift sees neither posix_openpt and its kin nor these numbers, which are Linux's.
  /// TIOCSPTLCK, TIOCGPTN and POSIX_SPAWN_SETSID.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430
  private static let newSession: Int32 = 0x80

  struct Failure: Error, CustomStringConvertible { let description: String }

  /// Starts a program as the session leader of a terminal of that size.
  init(
    _ path: String, _ arguments: [String], environment: [String: String], columns: Int
  ) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var lock: Int32 = 0
    var number: Int32 = 0
    guard master >= 0, ioctl(master, Self.setLock, &lock) == 0,
      ioctl(master, Self.getNumber, &number) == 0
    else { throw Failure(description: "no pseudo-terminal: \(errno)") }
    let terminal = "/dev/pts/\(number)"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that a session leader opens becomes its own.
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, terminal, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let flags = Self.newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in words + variables { free(word) } }
    var size = winsize(ws_row: 50, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    var process: pid_t = 0
    let code = posix_spawn(&process, path, &actions, &attributes, &words, &variables)
    self.process = process
    guard code == 0 else { throw Failure(description: "cannot start \(path): \(code)") }
  }

  deinit {
    // 0, where nothing was started, would be this process and its group.
    if end == nil, process > 0 {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    close(master)
  }

  func resize(columns: Int) {
    var size = winsize(ws_row: 50, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  func send(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(master, $0.baseAddress, $0.count) }
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// Waits until a text is shown after the last one expected, and returns what came before it.
  @discardableResult
  func expect(_ text: String) throws -> String {
    let limit = Date().addingTimeInterval(Self.limitInSeconds)
    while true {
      let rest = String(decoding: bytes[seen...], as: UTF8.self)
      if let found = rest.range(of: text) {
        let before = String(rest[..<found.lowerBound])
        seen += rest[..<found.upperBound].utf8.count
        return before
      }
      guard Date() < limit, read(until: limit) else {
        throw Failure(description: "\"\(text)\" was not shown, but: \(rest.debugDescription)")
      }
    }
  }

  /// Waits for the end: the exit status, or 128 and the signal.
  func waitForEnd() throws -> Int32 {
    let limit = Date().addingTimeInterval(Self.limitInSeconds)
    while Date() < limit {
      _ = read(until: Date().addingTimeInterval(0.05))
      var status: Int32 = 0
      if waitpid(process, &status, WNOHANG) == process {
        let result = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
        end = result
        return result
      }
    }
    throw Failure(description: "it does not end; shown: \(shown.debugDescription)")
  }

  /// False at the end, or where nothing came in time.
  private func read(until limit: Date) -> Bool {
    var descriptor = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(max(0, limit.timeIntervalSinceNow * 1_000))
    guard poll(&descriptor, 1, milliseconds) > 0 else { return false }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = Glibc.read(master, &buffer, buffer.count)
    guard count > 0 else { return false }
    bytes += buffer.prefix(count)
    shown = String(decoding: bytes, as: UTF8.self)
    return true
  }
}

extension CommandRunner {
  /// `pawl shell` at a terminal, with a home of its own.
  func terminal(
    _ arguments: String..., columns: Int = 80, environment: [String: String] = [:]
  ) throws -> PseudoTerminal {
    try PseudoTerminal(
      Self.executable.path, ["shell", folder.path + "/s.pawl"] + arguments,
      environment: variables(environment), columns: columns)
  }

  /// A shell command at a terminal, with job control, in which $PAWL is the binary.
  func terminal(shell command: String) throws -> PseudoTerminal {
    try PseudoTerminal(
      "/bin/sh", ["-mc", "cd '\(folder.path)' && { \(command); }"],
      environment: variables(["PAWL": Self.executable.path]), columns: 80)
  }

  private func variables(_ own: [String: String]) -> [String: String] {
    let common = [
      "HOME": folder.path, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin",
    ]
    return common.merging(own) { _, new in new }
  }
}
