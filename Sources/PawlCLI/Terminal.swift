internal import Glibc

/// Results go to stdout, talk and progress to stderr; colour and redrawing only on a terminal.
enum Terminal {
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Colour is for people at a terminal who have not asked to do without (no-color.org).
  static var outputHasColour: Bool {
    guard isatty(STDOUT_FILENO) == 1, unsafe getenv("NO_COLOR") == nil else { return false }
    guard let name = unsafe getenv("TERM") else { return false }
    return unsafe strcmp(name, "dumb") != 0
  }

  /// Columns of the terminal on stdout; 80 where there is none.
  static var width: Int {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else {
      return 80
    }
    return Int(size.ws_col)
  }

  static func error(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  /// Writes without a newline, to redraw a line.
  static func errorRaw(_ text: String) { write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in _ = unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
  }
}

/// A text with the codes that make it bold, dim or coloured, if the terminal wants that.
struct Style {
  let isOn: Bool

  func bold(_ text: String) -> String { wrap(text, "1") }
  func dim(_ text: String) -> String { wrap(text, "2") }
  func green(_ text: String) -> String { wrap(text, "32") }

  private func wrap(_ text: String, _ code: String) -> String {
    isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
