internal import Glibc
internal import Synchronization

/// Ctrl-C while the shell answers: the answer is dropped. A second one before that ends the shell.
enum ShellInterrupt {
  private static let wasAsked = Atomic(false)

  /// From now on SIGINT only asks.
  static func watch() {
    // A parent may have started us from a thread that blocks signals, and masks are inherited.
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGINT)
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    wasAsked.store(false, ordering: .relaxed)
    signal(SIGINT) { number in
      if ShellInterrupt.wasAsked.exchange(true, ordering: .relaxed) {
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// Whether it was asked since the last time.
  static func take() -> Bool { wasAsked.exchange(false, ordering: .relaxed) }
}
