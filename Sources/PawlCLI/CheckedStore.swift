internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Pawl

/// The whole check of a store by this program once more: damaged pages may crash the process that reads.
enum CheckedStore {
  /// What `pawl check --json` says about the store at `path`.
  ///
  /// - Throws: the child's own status where it could not even begin; it has said why.
  static func check(_ path: String, _ progress: UpkeepProgress) throws -> CheckFigures {
    progress.say("checking \(path)")
    switch ChildProcess.output(of: ["check", path, "--json"]) {
    case .notStarted: return try Store.checkHere(path)
    case .ended(let status, let output):
      if let figures = try? JSONDecoder().decode(CheckFigures.self, from: Data(output)) {
        return figures
      }
      // Pages so damaged that the check could not begin: a finding as well.
      let isFinding = status == ExitStatus.failed.rawValue || status == 0
      throw ExitCode(isFinding ? ExitStatus.refused.rawValue : status)
    }
  }
}

extension ChildProcess {
  enum Answer {
    case ended(status: Int32, output: [UInt8])
    case notStarted
  }

  /// Runs this program with these arguments and reads what it writes to stdout.
  static func output(of arguments: [String]) -> Answer {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return .notStarted }
    defer { close(ends[0]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    var pointers = unsafe (["pawl"] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    var process: pid_t = 0
    let code = unsafe posix_spawn(&process, "/proc/self/exe", &actions, nil, &pointers, environ)
    close(ends[1])
    guard code == 0 else { return .notStarted }
    let output = readAll(ends[0])
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    // The low seven bits are the signal, the next byte the exit status (wait(2)).
    let signal = status & 0x7f
    return .ended(status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: output)
  }

  private static func readAll(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: buffer[..<count])
    }
  }
}
