internal import Glibc
internal import Synchronization

/// Ctrl-C asks a long command to stop at its next batch; a second one ends it at once.
enum Interrupt {
  private static let wasAsked = Atomic(false)

  static var isAsked: Bool { wasAsked.load(ordering: .relaxed) }

  /// From now on the first SIGINT or SIGTERM only asks.
  static func watch() {
    watch(SIGINT)
    watch(SIGTERM)
  }

  private static func watch(_ number: Int32) {
    // A parent may have started us from a thread that blocks signals, and masks are inherited.
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    let before = signal(number) { number in
      Interrupt.wasAsked.store(true, ordering: .relaxed)
      // Back to the default, so that the second one ends the process.
      signal(number, SIG_DFL)
      let note: StaticString = "\nstopping after this batch; once more stops at once\n"
      // write is one of the few calls that a signal handler may make.
      _ = unsafe write(STDERR_FILENO, note.utf8Start, note.utf8CodeUnitCount)
    }
    // Whoever started us in the background wants it ignored.
    if unsafe unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
      signal(number, SIG_IGN)
    }
  }
}
