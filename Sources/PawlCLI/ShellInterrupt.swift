internal import Glibc
internal import Synchronization

/// Ctrl-C while the shell answers: the answer is dropped. A second one before that ends the shell.
///
/// While a line is edited Ctrl-C is a key, and a SIGINT from elsewhere means nothing.
enum ShellInterrupt {
  private static let isAnswering = Atomic(false)
  private static let wasAsked = Atomic(false)

  /// From now on SIGINT only asks.
  static func watch() {
    // A parent may have started us from a thread that blocks signals, and masks are inherited.
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGINT)
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    signal(SIGINT) { number in
      guard ShellInterrupt.isAnswering.load(ordering: .relaxed) else { return }
      if ShellInterrupt.wasAsked.exchange(true, ordering: .relaxed) {
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// - Returns: nil where it was asked meanwhile to drop the answer.
  static func answering<Answer>(_ work: () -> Answer) -> Answer? {
    wasAsked.store(false, ordering: .relaxed)
    isAnswering.store(true, ordering: .relaxed)
    let answer = work()
    isAnswering.store(false, ordering: .relaxed)
    return wasAsked.load(ordering: .relaxed) ? nil : answer
  }
}
