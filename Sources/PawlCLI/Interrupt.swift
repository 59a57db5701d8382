internal import Glibc
internal import Synchronization

/// Ctrl-C asks a long command to stop at its next batch; a second one ends it at once.
enum Interrupt {
  private static let wasAsked = Atomic(false)

  static var isAsked: Bool { wasAsked.load(ordering: .relaxed) }

  /// From now on the first SIGINT or SIGTERM only asks.
  static func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interrupt.wasAsked.store(true, ordering: .relaxed)
        // Back to the default, so that the second one ends the process.
        signal(number, SIG_DFL)
      }
    }
  }
}
