internal import Pawl

/// What a started word can become.
struct ShellCompletion: Equatable {
  /// The part of the line that is being completed.
  let stem: String
  let candidates: [String]

  /// What all candidates have in common after the stem.
  var continuation: String {
    guard var common = candidates.first else { return "" }
    for candidate in candidates.dropFirst() {
      let length = zip(common.unicodeScalars, candidate.unicodeScalars).prefix { $0 == $1 }.count
      common = String(String.UnicodeScalarView(common.unicodeScalars.prefix(length)))
    }
    return String(
      String.UnicodeScalarView(common.unicodeScalars.dropFirst(stem.unicodeScalars.count)))
  }
}

/// Completes commands, and what comes after them: names of versions, switches, ids.
struct ShellCompleter {
  let store: Store

  /// More would fill the screen.
  static let candidateLimit = 100

  /// - Parameter text: the line up to the cursor.
  func complete(_ text: String) -> ShellCompletion? {
    guard text.first == "." else { return nil }
    guard let blank = text.firstIndex(where: \.isWhitespace) else {
      return choice(text, of: ShellCommandName.allCases.map(\.rawValue))
    }
    guard let command = ShellCommandName(rawValue: String(text[..<blank])) else { return nil }
    let stem = String(text[blank...].drop(while: \.isWhitespace))
    switch command {
    case .version: return choice(stem, of: ["active"] + versions())
    case .compare: return choice(stem, of: ["off"] + versions())
    case .exact, .json, .timing: return choice(stem, of: ["on", "off"])
    case .get: return ids(stem)
    case .help, .k, .recall, .probes, .explain, .quit: return nil
    }
  }

  private func choice(_ stem: String, of words: [String]) -> ShellCompletion {
    ShellCompletion(stem: stem, candidates: words.filter { $0.hasPrefix(stem) })
  }

  // A completion that cannot be had is none: nobody has asked anything yet.
  private func versions() -> [String] {
    do { return try store.versions().map(\.name) } catch { return [] }
  }

  private func ids(_ stem: String) -> ShellCompletion? {
    do {
      let ids = try store.passageIDs(startingWith: stem, limit: Self.candidateLimit)
      return ShellCompletion(stem: stem, candidates: ids)
    } catch {
      return nil
    }
  }
}
