internal import Glibc

/// The right to begin a write transaction, among all threads of all processes.
///
/// LMDB's own lock waits without limit. So writers first take this one, a file of its own in the
/// store's folder, which is polled and can give up. It is two byte ranges of `writer.lock`:
///
///     0…11   the holder's process id as text: a hint for the message, nothing depends on it
///     queue  held while waiting for `writer`
///     writer held while writing
///
/// The queue keeps writers taking turns: who has just committed cannot come back before the one that
/// waits at the head of the queue has had its turn. Every attempt opens the file anew, because these
/// locks (`F_OFD_SETLK`) belong to the open file: so threads exclude each other as processes do, and
/// a process that dies lets go.
struct WriterLock: ~Copyable {
  /// Beyond anything that is written into the file.
  static let queue = 1 << 20
  private static let writer = queue + 1
  private static let noteLength = 12
  /// linux/fcntl.h; Glibc shows it only to programs that define _GNU_SOURCE.
  private static let setLock: Int32 = 37

  private let file: Int32
  private let path: String
  private let ownerProcess: Int32

  /// Opens the lock file, without locking anything yet.
  ///
  /// - Parameters:
  ///   - folder: a descriptor of the store's folder.
  ///   - path: the store, for messages.
  init(folder: Int32, path: String) throws(LMDBError) {
    // A failure must leave nothing half-made: the file comes first.
    let file = try Self.open(folder: folder, path: path)
    self.file = file
    self.path = path
    ownerProcess = getpid()
  }

  static func open(folder: Int32, path: String) throws(LMDBError) -> Int32 {
    let file = unsafe openat(folder, "writer.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LMDBError(code: errno, path: path, operation: "open writer.lock") }
    return file
  }

  deinit {
    guard file >= 0 else { return }
    // Closing would do, but a child may hold a copy of the descriptor for the moment between its
    // fork and its exec. In such a child the lock is the parent's.
    if getpid() == ownerProcess {
      _ = Self.set(F_UNLCK, at: Self.writer, of: file)
      // Whoever gave up while waiting has still this one.
      _ = Self.set(F_UNLCK, at: Self.queue, of: file)
    }
    close(file)
  }

  /// Waits for the turn.
  ///
  /// - Throws: `.busy` with the holder's process id if it is known, or what the file system says.
  func acquire(waitingAtMost limit: Duration) throws(LMDBError) {
    var patience = Patience(limit)
    // Written out, not as a loop over the two: Swift 6.3.1's optimizer drops that loop's body when the
    // whole package is built, and with it the locking (WriterLockTests notices).
    try take(Self.queue, &patience, limit)
    try take(Self.writer, &patience, limit)
    _ = Self.set(F_UNLCK, at: Self.queue, of: file)
    Self.note(in: file)
  }

  /// Locks one byte, trying again as long as there is patience.
  private func take(
    _ offset: Int, _ patience: inout Patience, _ limit: Duration
  ) throws(LMDBError) {
    while true {
      let code = Self.set(F_WRLCK, at: offset, of: file)
      if code == 0 { return }
      guard Self.isTaken(code) else {
        throw LMDBError(code: code, path: path, operation: "lock writer.lock")
      }
      guard patience.waitABit() else {
        throw .busy(path: path, holder: Self.holder(noteIn: file), waited: limit)
      }
    }
  }

  /// Locks or unlocks one byte; 0 or the error.
  static func set(_ type: Int32, at offset: Int, of file: Int32) -> Int32 {
    var range = Glibc.flock()
    range.l_type = Int16(type)
    range.l_whence = Int16(SEEK_SET)
    range.l_start = offset
    range.l_len = 1
    return unsafe fcntl(file, setLock, &range) == 0 ? 0 : errno
  }

  /// Whether the error says that another has the byte, or that it has to be asked again.
  static func isTaken(_ code: Int32) -> Bool {
    code == EAGAIN || code == EACCES || code == EINTR
  }

  private static func note(in file: Int32) {
    let digits = Array(String(getpid()).utf8)
    var text = digits + Array(repeating: UInt8(ascii: " "), count: noteLength - digits.count)
    text[noteLength - 1] = UInt8(ascii: "\n")
    // Without it (on a full disk, say) the next one in line does not learn whom it waits for.
    _ = unsafe pwrite(file, text, noteLength, 0)
  }

  /// The process id in the file if such a process lives.
  private static func holder(noteIn file: Int32) -> Int32? {
    var text = [UInt8](repeating: 0, count: noteLength)
    guard unsafe pread(file, &text, noteLength, 0) == noteLength else { return nil }
    let digits = text.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard let process = Int32(String(decoding: digits, as: UTF8.self)), process > 0 else {
      return nil
    }
    return kill(process, 0) == 0 || errno == EPERM ? process : nil
  }
}
