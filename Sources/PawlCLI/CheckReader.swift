internal import ArgumentParser
internal import Glibc
internal import Pawl

/// Follows a child that reads a store, and makes a report even where the child does not live to make it.
struct CheckReader: ~Copyable {
  private var line: ProgressLine
  private let stallLimit: Double
  private let stopped: String
  private var progress: CheckProgress?
  /// What was found so far, for the case that the child ends early.
  private var found = CheckReport()
  private var final: CheckReport?

  static let usualStallLimit = 120.0

  /// - Parameters:
  ///   - stallLimit: seconds without any progress that no disk needs.
  ///   - stopped: what is to be said when it was asked to stop.
  init(stallLimit: Double = Self.usualStallLimit, isQuiet: Bool, stopped: String) {
    line = ProgressLine(unit: "values", isQuiet: isQuiet)
    self.stallLimit = stallLimit
    self.stopped = stopped
  }

  /// - Throws: `ExitCode` where the child failed and said why, or was asked to stop.
  mutating func read(storeAt path: String) throws -> CheckReport {
    Interrupt.watchQuietly()
    let child: ChildProcess
    do throws(ChildProcess.NotStarted) {
      child = try ChildProcess(["check", path, "--in-this-process"])
    } catch {
      Terminal.error("pawl: cannot start the process that reads the store: \(error)")
      throw ExitStatus.failed.code
    }
    let end = follow(child)
    line.finish()
    if let final { return final }
    switch end {
    case .exited(let status):
      // It has said why; nobody may take a child without a report for a store in order.
      throw status == 0 ? ExitStatus.failed.code : ExitCode(status)
    case .ended(let signal) where [SIGINT, SIGTERM, SIGKILL, SIGHUP].contains(signal):
      Terminal.error(stopped)
      throw ExitStatus.failed.code
    case .ended(let signal): reportCrash("crashed (signal \(signal))")
    case .stalled: reportCrash("took more than \(stallLimit) s")
    }
    return found
  }

  private mutating func reportCrash(_ what: String) {
    let object = progress.map {
      "reading \($0.object) (\(Figures.grouped($0.done)) values were read before)"
    }
    found.report(
      CheckProblem(
        .crash, "data.mdb",
        "\(object ?? "opening it") \(what): pages of it are damaged or missing"))
  }

  /// Takes messages until the child ends.
  private mutating func follow(_ child: borrowing ChildProcess) -> ChildProcess.End {
    let pause = Duration.milliseconds(200)
    var lines: [UInt8] = []
    // Counted and not read from a clock, which goes on while both of us are stopped.
    var silence = Duration.zero
    while true {
      if Interrupt.isAsked { return child.kill() }
      switch child.read(into: &lines, waitingAtMost: pause) {
      case .nothing:
        silence += pause
        if silence / .seconds(1) < stallLimit { continue }
        _ = child.kill()
        return .stalled
      case .some:
        silence = .zero
        takeLines(&lines)
      case .end: return child.wait()
      }
    }
  }

  private mutating func takeLines(_ bytes: inout [UInt8]) {
    var start = 0
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      switch CheckMessage(line: bytes[start..<end]) {
      case .progress(let new):
        progress = new
        line.update("checking", done: new.done, total: new.total)
      case .problem(let problem): found.report(problem)
      case .report(let report): final = report
      case nil: break
      }
      start = end + 1
    }
    bytes.removeFirst(start)
  }
}
