internal import Glibc

/// The lines that were typed into shells, in a file that all shells of a user share.
///
/// One line an entry, the oldest first. A shell adds each line as it is typed, under a lock, so that two
/// shells at once keep each other's lines; a file of too many lines is replaced by one that is whole.
struct ShellHistory {
  static let entryLimit = 1_000
  /// What is longer was no question, and would make every start slow.
  private static let longestEntryInBytes = 16 << 10
  private static let largestFileInBytes = 64 << 20
  /// A lock is held for a millisecond; who waits longer waits for something that has stopped.
  private static let lockAttempts = 50
  private static let lockPauseInMicroseconds: UInt32 = 10_000

  let path: String

  init(path: String) { self.path = path }

  /// The user's: $XDG_STATE_HOME/pawl/history, else ~/.local/state/pawl/history; nil for a user
  /// without a home.
  ///
  /// Source: XDG Base Directory Specification 0.8, which has relative paths ignored.
  init?(environment variable: (String) -> String?) {
    if let state = variable("XDG_STATE_HOME"), state.hasPrefix("/") {
      path = state + "/pawl/history"
    } else if let home = variable("HOME"), home.hasPrefix("/") {
      path = home + "/.local/state/pawl/history"
    } else {
      return nil
    }
  }

  /// The entries, oldest first; none where there is no file yet.
  func entries() throws(ShellFault) -> [String] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if file < 0, errno == ENOENT { return [] }
    guard file >= 0 else { throw fault("read") }
    defer { close(file) }
    return Self.lines(try content(of: file))
  }

  /// Adds a line, unless it is the last one already.
  func append(_ line: String) throws(ShellFault) {
    guard line.utf8.count <= Self.longestEntryInBytes, !line.utf8.contains(0x0A) else { return }
    try makeFolder()
    let file = try openLocked()
    // Closing gives the lock back.
    defer { close(file) }
    let content = try content(of: file)
    var entries = Self.lines(content)
    if entries.last == line { return }
    entries.append(line)
    if entries.count > Self.entryLimit || Self.isBroken(content) {
      try replace(with: entries.suffix(Self.entryLimit).joined(separator: "\n") + "\n")
    } else {
      try write(line + "\n", to: file)
    }
  }

  // MARK: The file

  private static func lines(_ content: [UInt8]) -> [String] {
    content.split(separator: 0x0A).suffix(entryLimit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the last line has no end, as after a crash: what is appended would become part of it.
  private static func isBroken(_ content: [UInt8]) -> Bool {
    content.last.map { $0 != 0x0A } ?? false
  }

  /// Makes the folders that are missing, for this user alone.
  private func makeFolder() throws(ShellFault) {
    var folder = ""
    for part in path.split(separator: "/").dropLast() {
      folder += "/\(part)"
      if unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST { continue }
      // A folder above may be closed to us, and yet what lies in it be ours.
      guard unsafe access(folder, F_OK) == 0 else { throw fault("write") }
    }
  }

  /// Opens the file that the path leads to once the lock is ours.
  private func openLocked() throws(ShellFault) -> Int32 {
    for _ in 0..<Self.lockAttempts {
      let file = unsafe open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
      guard file >= 0 else { throw fault("write") }
      if flock(file, LOCK_EX | LOCK_NB) == 0 {
        if isCurrent(file) { return file }
        // It was replaced while we waited: what we wrote would be lost with the old file.
      } else if errno == EWOULDBLOCK {
        usleep(Self.lockPauseInMicroseconds)
      } else {
        let fault = fault("lock")
        close(file)
        throw fault
      }
      close(file)
    }
    throw .history(path: path, operation: "lock", reason: "another process holds it")
  }

  private func isCurrent(_ file: Int32) -> Bool {
    var opened = stat()
    var named = stat()
    return unsafe fstat(file, &opened) == 0 && stat(path, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  private func content(of file: Int32) throws(ShellFault) -> [UInt8] {
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else { throw fault("read") }
    // A link to /dev/null is how some ask for no history.
    guard status.st_mode & S_IFMT == S_IFREG else { return [] }
    guard status.st_size <= Self.largestFileInBytes else {
      throw .history(path: path, operation: "read", reason: "it has \(status.st_size) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeMutableBytes { bytes in
        unsafe pread(file, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done, done)
      }
      if count == 0 { break }
      guard count > 0 || errno == EINTR else { throw fault("read") }
      done += max(0, count)
    }
    return Array(bytes.prefix(done))
  }

  /// Puts a new file in the place of the old one, so that a crash leaves one or the other.
  private func replace(with text: String) throws(ShellFault) {
    guard let target = unsafe realpath(path, nil) else { throw fault("write") }
    defer { unsafe free(target) }
    let temporary = unsafe String(cString: target) + ".\(getpid())"
    let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw fault("write") }
    defer { close(file) }
    do throws(ShellFault) {
      try write(text, to: file)
      guard unsafe rename(temporary, target) == 0 else { throw fault("replace") }
    } catch {
      unsafe unlink(temporary)
      throw error
    }
  }

  private func write(_ text: String, to file: Int32) throws(ShellFault) {
    // One call for one line: it is there as a whole or not.
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Glibc.write(file, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      }
      guard count >= 0 || errno == EINTR else { throw fault("write") }
      done += max(0, count)
    }
  }

  private func fault(_ operation: String) -> ShellFault {
    .history(path: path, operation: operation, reason: unsafe String(cString: strerror(errno)))
  }
}
