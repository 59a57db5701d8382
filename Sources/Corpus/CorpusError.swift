internal import Glibc

/// Everything that can go wrong while a file of the corpus is read or written.
package enum CorpusError: Error, Equatable, Sendable {
  /// A system call failed with `code` (an errno).
  case system(path: String, action: FileAction, code: Int32)
  case isDirectory(path: String)
  /// The file is not what it was when it was opened.
  case changedWhileRead(path: String, sizeAtOpen: Int64, sizeNow: Int64)
  /// Compressed data that ends in the middle.
  case truncated(path: String, compression: Compression)
  /// Compressed data that does not decompress; `reason` is the library's.
  case damaged(path: String, compression: Compression, reason: String)
  /// Carriage returns and not a single line feed.
  case oldMacLineEnds(path: String)
  /// A byte order mark of UTF-16.
  case utf16(path: String)
  case line(path: String, line: Int, kind: FileKind, fault: LineFault)
  case vectors(path: String, fault: VectorFault)
  /// Something that the format could not give back.
  case unwritable(path: String, fault: WriteFault)
}

/// What was being done with a file when the system refused.
package enum FileAction: String, Sendable {
  case open, read, create, write
  case synchronise = "write to disk"
  case rename = "put in place"
}

/// Which kind of failure an error is, for the exit status of a command.
package enum CorpusErrorCategory: Sendable {
  case badData, inputOutput, diskFull
}

extension CorpusError {
  package var category: CorpusErrorCategory {
    switch self {
    case .system(_, _, let code): isDiskFull(code) ? .diskFull : .inputOutput
    case .isDirectory, .changedWhileRead: .inputOutput
    case .truncated, .damaged, .oldMacLineEnds, .utf16, .line, .vectors, .unwritable: .badData
    }
  }
}

extension CorpusError: CustomStringConvertible {
  /// What happened and where, without advice where a line is to blame.
  package var fact: String {
    guard case .line(let path, let line, let kind, let fault) = self else { return description }
    return "\(path):\(line): \(fault.sentence(kind: kind))"
  }

  /// What happened, where, and what to do.
  package var description: String {
    switch self {
    case .system(let path, let action, let code):
      "\(path): cannot \(action.rawValue): \(systemMessage(code)). \(advice(code))"
    case .isDirectory(let path): "\(path): is a directory. Give the name of a file."
    case .changedWhileRead(let path, let before, let now):
      """
      \(path): the file changed while it was read (\(before) bytes at the start, \(now) bytes now). \
      Wait until it is complete, then run the command again.
      """
    case .truncated(let path, let compression):
      "\(path): the \(compression.rawValue) data ends too early. Fetch or make the file again."
    case .damaged(let path, let compression, let reason):
      """
      \(path): the \(compression.rawValue) data is damaged (\(reason)). \
      Fetch or make the file again.
      """
    case .oldMacLineEnds(let path):
      """
      \(path): the file has carriage returns and no line feed (old Mac line ends). \
      Convert it first: tr '\\r' '\\n' < \(path) > converted
      """
    case .utf16(let path):
      """
      \(path): the file is UTF-16, expected UTF-8. \
      Convert it first: iconv -f UTF-16 -t UTF-8 \(path) > converted
      """
    case .line(let path, let line, let kind, let fault):
      "\(path):\(line): \(fault.sentence(kind: kind)) \(kind.advice)"
    case .vectors(let path, let fault): "\(path): \(fault.sentence)"
    case .unwritable(let path, let fault): "\(path): \(fault.sentence)"
    }
  }
}

private func isDiskFull(_ code: Int32) -> Bool {
  code == ENOSPC || code == EDQUOT || code == EFBIG
}

private func systemMessage(_ code: Int32) -> String {
  // glibc answers known numbers with constant strings and unknown ones with a thread's own buffer.
  guard let text = unsafe strerror(code) else { return "error \(code)" }
  return unsafe String(cString: text)
}

private func advice(_ code: Int32) -> String {
  switch code {
  case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP: "Check the path."
  case EACCES, EPERM, EROFS: "Check the permissions."
  case EIO: "The disk failed: check it before you try again."
  case _ where isDiskFull(code): "Free some space, then run the command again."
  default: "Run the command again once the cause is gone."
  }
}
