internal import Glibc
internal import Pawl

/// The shell at a terminal: prompt, history and completion around a session.
struct ShellTerminal: ~Copyable {
  private let editor: LineEditor
  private var history: ShellHistory?
  /// Of what is said on stderr.
  private let errorStyle = Style(isOn: Terminal.errorHasColour)
  private let promptStyle: Style

  /// - Returns: nil where nothing shows what is typed: neither stdout nor stderr is a terminal that can
  ///   redraw a line.
  init?(_ store: Store) throws {
    let isShownOnError = !Terminal.outputIsTerminal
    guard !Terminal.isDumb, !isShownOnError || Terminal.errorIsTerminal else { return nil }
    let completer = ShellCompleter(store: store)
    guard
      let editor = LineEditor(
        onError: isShownOnError, historyLimit: ShellHistory.entryLimit,
        complete: { completer.complete($0) })
    else { return nil }
    self.editor = editor
    promptStyle = isShownOnError ? errorStyle : Style(isOn: Terminal.outputHasColour)
    history = ShellHistory { name in
      unsafe getenv(name).map { unsafe String(cString: $0) }
    }
    recall()
    Terminal.error(try Self.banner(store))
  }

  private static func banner(_ store: Store) throws -> String {
    let versions = try store.versions()
    let active = versions.first(where: \.isActive)
    let count = (active?.embeddedCount ?? 0) + (active?.pendingCount ?? 0)
    let name = active.map { ", version \($0.name), \($0.width) dimensions as \($0.codec)" } ?? ""
    return "\(store.path): \(Figures.count(count, "passage"))\(name)\n"
      + "Ask away; .help lists the commands, Ctrl-D leaves."
  }

  /// Reads and answers lines until the end.
  mutating func run(_ session: inout ShellSession) {
    ShellInterrupt.watch()
    while true {
      switch editor.readLine(prompt: prompt(session.settings)) {
      case .end: return
      case .cancelled: continue
      case .notUTF8: Terminal.error("\(ShellFault.notUTF8)")
      case .text(let line):
        remember(line)
        let page = AnswerText()
        guard let reply = ShellInterrupt.answering({ session.evaluate(line, on: page) }) else {
          continue
        }
        show(reply, page)
        if reply.isEnd { return }
      }
    }
  }

  private func show(_ reply: ShellReply, _ page: AnswerText) {
    if !reply.lines.isEmpty { Output.line(reply.lines.joined(separator: "\n")) }
    for line in reply.notices.flatMap(page.paragraph) { Terminal.error(errorStyle.dim(line)) }
    if let fault = reply.fault {
      for line in page.paragraph(fault) { Terminal.error(errorStyle.red(line)) }
    }
  }

  /// Says which versions answer, where that is a choice.
  private func prompt(_ settings: ShellSettings) -> String {
    var text = "pawl"
    if let comparison = settings.comparison {
      text += " \(settings.version ?? "active")|\(comparison)"
    } else if let version = settings.version {
      text += " \(version)"
    }
    guard promptStyle.isOn else { return text + "> " }
    let escape = "\u{1}"
    return "\(escape)\u{1B}[1m\(escape)\(text)>\(escape)\u{1B}[0m\(escape) "
  }

  // MARK: History

  private mutating func recall() {
    do throws(ShellFault) {
      for line in try history?.entries() ?? [] { editor.remember(line) }
    } catch {
      forgo(error)
    }
  }

  private mutating func remember(_ line: String) {
    if line.allSatisfy(\.isWhitespace) { return }
    editor.remember(line)
    do throws(ShellFault) { try history?.append(line) } catch { forgo(error) }
  }

  /// One warning is enough: without its file, the history lasts as long as the shell.
  private mutating func forgo(_ fault: ShellFault) {
    Terminal.error(errorStyle.dim("\(fault)"))
    history = nil
  }
}
