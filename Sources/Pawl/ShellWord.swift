extension String {
  private static let plainMarks: Set<Character> = [
    "@", "%", "+", "=", ":", ",", ".", "/", "_", "-",
  ]

  /// As a POSIX shell takes it for one word: for commands that people copy.
  package var quotedForShell: String {
    let isPlain =
      !isEmpty && allSatisfy { $0.isLetter || $0.isNumber || Self.plainMarks.contains($0) }
    return isPlain ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
