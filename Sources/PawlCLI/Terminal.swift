internal import Glibc

/// Results go to stdout, talk and progress to stderr; colour and redrawing only on a terminal.
enum Terminal {
  /// Whether a line on stderr can be redrawn.
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 && !isDumb }

  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  static var inputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// Whether it is a terminal that can only print one line below the other.
  static var isDumb: Bool {
    guard let name = unsafe getenv("TERM") else { return true }
    return unsafe strcmp(name, "dumb") == 0
  }

  /// Opens what the caller has closed of stdin, stdout and stderr, before the numbers go to a file of
  /// the store and talk is written into it.
  static func occupyStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one, since all below are open. Of what goes to a closed stdout
      // nobody may believe that it was written, so writing there fails.
      _ = unsafe open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_RDWR)
    }
  }

  /// Colour is for people at a terminal who have not asked to do without (no-color.org).
  static var outputHasColour: Bool {
    unsafe outputIsTerminal && getenv("NO_COLOR") == nil && !isDumb
  }

  static var errorHasColour: Bool { unsafe errorIsTerminal && getenv("NO_COLOR") == nil }

  /// Columns of the terminal behind a descriptor; 80 where there is none.
  static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else {
      return 80
    }
    return Int(size.ws_col)
  }

  /// A text from outside for stdout: as it is, but on a terminal without characters that steer it.
  static func shown(_ text: String) -> String {
    outputIsTerminal ? withoutControls(text) : text
  }

  /// A text with U+FFFD for each character that steers a terminal.
  static func withoutControls(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }

  /// A text from outside in a line of its own, on a terminal without what steers it.
  static func oneLine(_ text: String) -> String {
    shown(String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
  }

  static func columns(of text: String) -> Int {
    text.reduce(0) { $0 + columns(of: $1) }
  }

  /// Columns that a character takes: two for East Asian wide ones and emoji.
  ///
  /// Source: Unicode Standard Annex 11, the ranges that matter.
  static func columns(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  static func error(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  /// Writes without a newline, to redraw a line.
  static func errorRaw(_ text: String) { write(text, to: STDERR_FILENO) }

  static func write(_ text: String, to descriptor: Int32) {
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
  func red(_ text: String) -> String { wrap(text, "31") }
  /// For what was looked for.
  func marked(_ text: String) -> String { wrap(text, "1;4") }

  private func wrap(_ text: String, _ code: String) -> String {
    isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
