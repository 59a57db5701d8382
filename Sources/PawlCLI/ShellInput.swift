internal import Glibc
internal import Pawl

/// Lines of a pipe, a file or a terminal without cursor, answered one by one as they come.
enum ShellInput {
  /// Answers all lines of stdin.
  ///
  /// - Returns: how many could not be done.
  /// - Throws: where stdin cannot be read.
  static func answerAll(_ session: inout ShellSession) throws -> Int {
    var faultCount = 0
    var number = 0
    var lines = StandardInputLines()
    let prompt = Terminal.inputIsTerminal ? "pawl> " : ""
    while true {
      Terminal.errorRaw(prompt)
      guard let line = try lines.next() else { break }
      number += 1
      let reply =
        line.text.map { session.evaluate($0, on: AnswerText()) }
        ?? ShellReply(fault: "\(ShellFault.notUTF8)")
      if !reply.lines.isEmpty { Output.line(reply.lines.joined(separator: "\n")) }
      for notice in reply.notices { Terminal.error(notice) }
      if let fault = reply.fault {
        Terminal.error("line \(number): \(fault)")
        faultCount += 1
      }
      if reply.isEnd { break }
    }
    if !prompt.isEmpty { Terminal.error("") }
    return faultCount
  }
}

/// The lines of stdin, each handed over as soon as it is whole.
@safe private struct StandardInputLines: ~Copyable {
  struct Line {
    /// Nil where it is not UTF-8.
    let text: String?
  }

  private var pending: [UInt8] = []
  private var isAtEnd = false

  mutating func next() throws(StoreError) -> Line? {
    var searched = 0
    while true {
      if let end = pending[searched...].firstIndex(of: 0x0A) {
        defer { pending.removeSubrange(...end) }
        return Line(text: Self.text(pending[..<end]))
      }
      searched = pending.count
      if isAtEnd {
        defer { pending = [] }
        return pending.isEmpty ? nil : Line(text: Self.text(pending[...]))
      }
      try fill()
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
    String(validating: bytes.last == 0x0D ? bytes.dropLast() : bytes, as: UTF8.self)
  }

  private mutating func fill() throws(StoreError) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe read(STDIN_FILENO, $0.baseAddress, $0.count)
    }
    if count < 0, errno != EINTR {
      throw .fileSystem(
        path: "stdin", operation: "read it", code: errno,
        reason: unsafe String(cString: strerror(errno)))
    }
    isAtEnd = count == 0
    pending += buffer.prefix(max(0, count))
  }
}
