internal import Pawl
internal import Synchronization

/// The progress line of a command, whose stages count different things: passages, queries, bytes.
final class CommandProgress: Sendable {
  private let line: Mutex<ProgressLine>
  private let stage = Mutex<Progress.Stage?>(nil)
  private let isQuiet: Bool

  private init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    line = Mutex(ProgressLine(unit: "", isQuiet: isQuiet))
  }

  /// Does long work that Ctrl-C asks to stop, with a line that is gone before its result, or its error, is
  /// told.
  static func during<Result>(
    isQuiet: Bool, _ work: (CommandProgress) throws -> Result
  ) rethrows -> Result {
    Interrupt.watch()
    let line = CommandProgress(isQuiet: isQuiet)
    defer { line.finish() }
    return try work(line)
  }

  /// Shows it, and answers whether to go on.
  func show(_ progress: Progress) -> Bool {
    let isNew = stage.withLock { stage in
      defer { stage = progress.stage }
      return stage != progress.stage
    }
    let divisor = [.copying, .reading].contains(progress.stage) ? 1 << 20 : 1
    line.withLock { line in
      if isNew {
        line.finish()
        line = ProgressLine(unit: progress.stage.unit, isQuiet: isQuiet)
      }
      if progress.total > 0 {
        line.update(
          progress.stage.rawValue, done: progress.done / divisor,
          total: (progress.total + divisor - 1) / divisor)
      }
    }
    return !Interrupt.isAsked
  }

  /// Says what begins now and tells nothing until it ends.
  func say(_ text: String) {
    finish()
    if !isQuiet { Terminal.error(text) }
  }

  func finish() { line.withLock { $0.finish() } }
}

extension Progress.Stage {
  /// What it counts, as people read it.
  fileprivate var unit: String {
    switch self {
    case .storing, .embedding, .deleting, .exporting: "passages"
    case .searching: "queries"
    case .clustering: "passes"
    case .assigning, .writing, .merging: "vectors"
    case .calibrating: "curves"
    case .checking: "vectors"
    case .copying, .reading: "MiB"
    case .verifying, .compacting: "values"
    }
  }
}
