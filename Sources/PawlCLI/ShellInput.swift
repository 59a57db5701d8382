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
        switch line {
        case .text(let text): session.evaluate(text, on: AnswerText())
        case .fault(let fault): ShellReply(fault: "\(fault)")
        }
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
  enum Line {
    case text(String)
    case fault(ShellFault)
  }

  /// No question is that long, and without a limit one line could take all memory.
  private static let longestLineInBytes = 1 << 20

  private var pending: [UInt8] = []
  private var isAtEnd = false

  mutating func next() throws(StoreError) -> Line? {
    var searched = 0
    var isTooLong = false
    while true {
      if let end = pending[searched...].firstIndex(of: 0x0A) {
        defer { pending.removeSubrange(...end) }
        return isTooLong ? .fault(.lineTooLong) : Self.line(pending[..<end])
      }
      if pending.count > Self.longestLineInBytes {
        isTooLong = true
        pending.removeAll(keepingCapacity: true)
      }
      searched = pending.count
      if isAtEnd {
        defer { pending = [] }
        if isTooLong { return .fault(.lineTooLong) }
        return pending.isEmpty ? nil : Self.line(pending[...])
      }
      try fill()
    }
  }

  private static func line(_ bytes: ArraySlice<UInt8>) -> Line {
    let bytes = bytes.last == 0x0D ? bytes.dropLast() : bytes
    return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .fault(.notUTF8)
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
