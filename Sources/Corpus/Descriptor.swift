internal import Glibc

/// An open file of the operating system, closed when it goes away.
struct Descriptor: ~Copyable {
  let number: Int32
  /// The path as messages name it.
  let path: String

  /// Takes over an open descriptor.
  init(owning number: Int32, path: String) {
    self.number = number
    self.path = path
  }

  /// Opens a path with `flags` (close-on-exec is added) and, where it is made, `mode`.
  init(
    path: String, flags: Int32, mode: mode_t = 0, action: FileAction = .open
  ) throws(CorpusError) {
    var number: Int32
    repeat {
      number = unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
    } while number < 0 && errno == EINTR
    guard number >= 0 else { throw .system(path: path, action: action, code: errno) }
    self.number = number
    self.path = path
  }

  /// A second descriptor of an open file: they share one offset.
  init(duplicating original: Int32, path: String) throws(CorpusError) {
    let number = fcntl(original, F_DUPFD_CLOEXEC, 3)
    guard number >= 0 else { throw .system(path: path, action: .open, code: errno) }
    self.number = number
    self.path = path
  }

  deinit {
    // What must last was synchronised before; a close that fails has nothing to add.
    _ = Glibc.close(number)
  }
}

extension Descriptor {
  func state() throws(CorpusError) -> FileState {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw failure(.read) }
    return FileState(status)
  }

  /// Reads up to `buffer.count` bytes from `offset` on; 0 means the end.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(CorpusError) -> Int {
    while true {
      let count = unsafe pread(number, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      guard errno == EINTR else { throw failure(.read) }
    }
  }

  /// Reads up to `buffer.count` bytes from where the last reading ended; 0 means the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    while true {
      let count = unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw failure(.read) }
    }
  }

  /// Writes all of `bytes`.
  func write(_ bytes: UnsafeRawBufferPointer) throws(CorpusError) {
    var done = 0
    while done < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = unsafe Glibc.write(number, rest.baseAddress, rest.count)
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        throw failure(.write)
      }
    }
  }

  /// Waits until the file is on the disk.
  func synchronise() throws(CorpusError) {
    // Never repeated: after a failed fsync Linux may have dropped the pages that it failed to write.
    guard fsync(number) == 0 else { throw failure(.synchronise) }
  }

  private func failure(_ action: FileAction) -> CorpusError {
    .system(path: path, action: action, code: errno)
  }
}

/// What the system says about a file, as far as it matters here.
struct FileState: Equatable {
  enum Kind { case regular, directory, other }

  let kind: Kind
  let sizeInBytes: Int64
  let permissions: mode_t
  private let seconds: Int
  private let nanoseconds: Int

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      default: .other
      }
    sizeInBytes = Int64(status.st_size)
    permissions = status.st_mode & 0o777
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
  }

  /// The state of what `path` leads to; nil where nothing is there.
  static func of(path: String) throws(CorpusError) -> FileState? {
    var status = stat()
    if unsafe stat(path, &status) == 0 { return FileState(status) }
    if errno == ENOENT { return nil }
    throw .system(path: path, action: .open, code: errno)
  }
}
