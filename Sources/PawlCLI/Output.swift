internal import Glibc

/// Results on stdout. What cannot be written ends the command: nobody should take a part for the whole.
enum Output {
  static func line(_ text: String) { write(text + "\n") }

  static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in unsafe write(UnsafeRawBufferPointer(bytes)) }
  }

  static func write(_ bytes: UnsafeRawBufferPointer) {
    var done = 0
    while done < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = unsafe Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
      if count > 0 { done += count } else { recover(from: errno) }
    }
  }

  /// Waits where that helps; leaves where it does not.
  private static func recover(from code: Int32) {
    switch code {
    case EINTR: return
    case EAGAIN:
      var descriptor = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
      unsafe poll(&descriptor, 1, -1)
    case EPIPE:
      // The reader has seen enough: end as quietly as a tool that the signal had ended.
      exit(128 + SIGPIPE)
    case EBADF:
      Terminal.error(
        "pawl: cannot write the result: stdout is closed. Send it to a file or a pipe.")
      exit(ExitStatus.inputOutput.rawValue)
    default:
      Terminal.error("pawl: cannot write the result: \(unsafe String(cString: strerror(code))).")
      exit((code == ENOSPC ? ExitStatus.temporary : .inputOutput).rawValue)
    }
  }
}
