internal import Glibc

/// One line that says how far a command is: redrawn on a terminal, a line every few seconds elsewhere.
struct ProgressLine: ~Copyable {
  private let unit: String
  private let isQuiet: Bool
  private let isTerminal = Terminal.errorIsTerminal
  private let clock = ContinuousClock()
  private var title = ""
  private var started: ContinuousClock.Instant
  private var startedAt = 0
  private var drawn: ContinuousClock.Instant?
  private var hasLine = false

  private static let barWidth = 24

  init(unit: String, isQuiet: Bool) {
    self.unit = unit
    self.isQuiet = isQuiet
    started = clock.now
  }

  /// Shows that `done` of `total` are done; a new title starts the clock anew.
  ///
  /// - Parameter note: what else there is to tell, at the end of the line.
  mutating func update(_ newTitle: String, done: Int, total: Int, note: String = "") {
    if isQuiet { return }
    let now = clock.now
    if newTitle != title {
      title = newTitle
      started = now
      startedAt = done
      drawn = isTerminal ? nil : now
    }
    let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
    if let drawn, now - drawn < pause, done < total || !isTerminal { return }
    drawn = now
    let text = line(
      done: done, total: total, seconds: (now - started) / .seconds(1), note: note)
    if isTerminal {
      Terminal.errorRaw("\r\u{1B}[K" + text)
      hasLine = true
    } else {
      Terminal.error(text)
    }
  }

  /// As much as fits: first the time left goes, then the rate, then the bar.
  private func line(done: Int, total: Int, seconds: Double, note: String) -> String {
    let share = total > 0 ? Double(done) / Double(total) : 0
    let figures =
      " \(Figures.fixed(100 * share, 0)) %  \(Figures.grouped(done))/"
      + "\(Figures.grouped(total)) \(unit)"
    var extras: [String] = []
    let rate = Double(done - startedAt) / max(seconds, 1e-9)
    if !note.isEmpty { extras.append("  " + note) }
    if seconds > 0.5, rate > 0 {
      extras.append(
        rate >= 1 ? "  \(Figures.grouped(Int(rate)))/s" : "  \(Figures.fixed(1 / rate, 1)) s each")
      if done < total { extras.append("  \(Figures.duration(Double(total - done) / rate)) left") }
    }
    guard isTerminal else { return title + figures + extras.joined() }
    let room = Terminal.width(of: STDERR_FILENO) - 1 - title.count - figures.count
    while extras.joined().count > room, !extras.isEmpty { extras.removeLast() }
    let barWidth = min(Self.barWidth, room - extras.joined().count - 3)
    return title + (barWidth >= 5 ? bar(share, width: barWidth) : "") + figures + extras.joined()
  }

  private func bar(_ share: Double, width: Int) -> String {
    let full = min(width, Int(share * Double(width)))
    return " ▕" + String(repeating: "█", count: full)
      + String(repeating: " ", count: width - full) + "▏"
  }

  /// Removes the line, so that results stand alone.
  mutating func finish() {
    if hasLine { Terminal.errorRaw("\r\u{1B}[K") }
    hasLine = false
  }
}
