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
  mutating func update(_ newTitle: String, done: Int, total: Int) {
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
    let text = line(done: done, total: total, seconds: (now - started) / .seconds(1))
    if isTerminal {
      Terminal.errorRaw("\r\u{1B}[K" + text)
      hasLine = true
    } else {
      Terminal.error(text)
    }
  }

  private func line(done: Int, total: Int, seconds: Double) -> String {
    let share = total > 0 ? Double(done) / Double(total) : 0
    var text = title
    if isTerminal {
      let full = min(Self.barWidth, Int(share * Double(Self.barWidth)))
      text +=
        " ▕" + String(repeating: "█", count: full)
        + String(repeating: " ", count: Self.barWidth - full) + "▏"
    }
    text +=
      " \(Figures.fixed(100 * share, 0)) %  \(Figures.grouped(done))/\(Figures.grouped(total)) \(unit)"
    let rate = Double(done - startedAt) / max(seconds, 1e-9)
    if seconds > 0.5, rate > 0 {
      text += "  \(Figures.grouped(Int(rate)))/s"
      if done < total { text += "  \(Figures.duration(Double(total - done) / rate)) left" }
    }
    return text
  }

  /// Removes the line, so that results stand alone.
  mutating func finish() {
    if hasLine { Terminal.errorRaw("\r\u{1B}[K") }
    hasLine = false
  }
}
