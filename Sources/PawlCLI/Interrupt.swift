internal import Glibc
internal import Synchronization

/// Ctrl-C asks a long command to stop at its next batch; a second one ends it at once.
enum Interrupt {
  private static let wasAsked = Atomic(false)

  static var isAsked: Bool { wasAsked.load(ordering: .relaxed) }

  /// From now on the first SIGINT or SIGTERM only asks.
  static func watch() {
    // On a terminal the cursor is behind a line of progress.
    if Terminal.errorIsTerminal {
      watch { Interrupt.ask($0, "\nstopping after this batch; once more stops at once\n") }
    } else {
      watch { Interrupt.ask($0, "stopping after this batch; once more stops at once\n") }
    }
  }

  /// The same for a command that stops in a moment and so has nothing to say.
  static func watchQuietly() { watch { Interrupt.ask($0, "") } }

  private static func ask(_ number: Int32, _ note: StaticString) {
    // write is one of the few calls that a signal handler may make.
    _ = unsafe write(STDERR_FILENO, note.utf8Start, note.utf8CodeUnitCount)
    wasAsked.store(true, ordering: .relaxed)
    // Back to the default, so that the second one ends the process.
    signal(number, SIG_DFL)
  }

  private static func watch(_ handler: @convention(c) (Int32) -> Void) {
    for number in [SIGINT, SIGTERM] {
      // A parent may have started us from a thread that blocks signals, and masks are inherited.
      var set = sigset_t()
      unsafe sigemptyset(&set)
      unsafe sigaddset(&set, number)
      unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
      let before = signal(number, handler)
      // Whoever started us in the background wants it ignored.
      if unsafe unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      }
    }
  }
}
