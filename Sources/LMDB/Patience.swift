internal import Glibc

/// A bounded wait: short pauses that grow, until a deadline.
struct Patience: ~Copyable {
  /// Long enough to cost no measurable processor time, short enough that a commit (about a
  /// millisecond of fsync) is not followed by a longer pause than itself.
  private static let longestPause = Duration.milliseconds(4)

  private let deadline: ContinuousClock.Instant
  private var pause = Duration.microseconds(50)

  init(_ limit: Duration) { deadline = .now + limit }

  /// Sleeps a little and returns true, or returns false where the time is over.
  mutating func waitABit() -> Bool {
    let left = ContinuousClock.Instant.now.duration(to: deadline)
    guard left > .zero else { return false }
    let parts = min(pause, left).components
    var time = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
    unsafe nanosleep(&time, nil)
    pause = min(pause * 2, Self.longestPause)
    return true
  }
}
