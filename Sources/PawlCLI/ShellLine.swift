/// One line that was typed into the shell.
enum ShellLine: Equatable {
  case blank
  case query(String)
  case command(ShellInstruction)

  /// - Throws: `ShellFault` for a command that does not exist or cannot take its arguments.
  init(_ line: String) throws(ShellFault) {
    let text = line.trimmed
    if text.isEmpty {
      self = .blank
    } else if line.first == "." {
      self = .command(try ShellInstruction(text))
    } else {
      // So a blank before it makes a query of ".NET".
      self = .query(text)
    }
  }
}

/// What a command asks for.
enum ShellInstruction: Equatable {
  case help
  case k(Int)
  case exact(Bool)
  case recall(Double)
  case probes(Int)
  case listVersions
  /// Nil: the active one, whichever that is.
  case version(String?)
  /// Nil: no more comparing.
  case compare(String?)
  /// Nil: the answer as a whole.
  case explain(rank: Int?)
  case get(String)
  case json(Bool)
  case timing(Bool)
  case quit

  init(_ text: String) throws(ShellFault) {
    let end = text.firstIndex(where: \.isWhitespace) ?? text.endIndex
    let name = String(text[..<end])
    guard let command = ShellCommandName(rawValue: name) else {
      throw .unknownCommand(
        name: name, nearest: ShellCommandName.nearest(to: name)?.rawValue)
    }
    let argument = String(text[end...]).trimmed
    guard let instruction = Self.read(command, argument) else {
      throw .wrongArgument(command: command, given: argument)
    }
    self = instruction
  }

  /// Nil where the argument does not fit.
  private static func read(
    _ command: ShellCommandName, _ argument: String
  ) -> ShellInstruction? {
    switch command {
    case .help: argument.isEmpty ? .help : nil
    case .quit: argument.isEmpty ? .quit : nil
    case .k: positive(argument).map { .k($0) }
    case .probes: positive(argument).map { .probes($0) }
    case .recall: share(argument).map { .recall($0) }
    case .exact: onOrOff(argument).map { .exact($0) }
    case .json: onOrOff(argument).map { .json($0) }
    case .timing: onOrOff(argument).map { .timing($0) }
    case .version where argument.isEmpty: .listVersions
    case .version: word(argument).map { .version($0 == "active" ? nil : $0) }
    case .compare: word(argument).map { .compare($0 == "off" ? nil : $0) }
    case .explain where argument.isEmpty: .explain(rank: nil)
    case .explain: positive(argument).map { .explain(rank: $0) }
    // An id may hold blanks.
    case .get: argument.isEmpty ? nil : .get(argument)
    }
  }

  private static func positive(_ text: String) -> Int? { Int(text).flatMap { $0 >= 1 ? $0 : nil } }

  private static func share(_ text: String) -> Double? {
    Double(text).flatMap { $0 > 0 && $0 <= 1 ? $0 : nil }
  }

  private static func onOrOff(_ text: String) -> Bool? { ["on": true, "off": false][text] }

  private static func word(_ text: String) -> String? {
    text.isEmpty || text.contains(where: \.isWhitespace) ? nil : text
  }
}

extension String {
  /// Without blanks at its ends.
  fileprivate var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
