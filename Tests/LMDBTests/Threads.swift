import Glibc
import Synchronization

/// Runs each body on a thread of its own, since a body may block the others' way to a shared one, and
/// throws the first error once all are done.
func onThreads(_ bodies: [@Sendable () throws -> Void]) throws {
  let threads = bodies.map { body in
    let errand = Errand(body)
    var thread = pthread_t()
    unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Errand>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(errand).toOpaque())
    return (thread, errand)
  }
  for (thread, _) in threads { pthread_join(thread, nil) }
  for (_, errand) in threads { try errand.result.withLock { $0 }?.get() }
}

private final class Errand: Sendable {
  private let body: @Sendable () throws -> Void
  let result = Mutex<Result<Void, any Error>?>(nil)

  init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }

  func run() {
    let outcome = Result { try body() }
    result.withLock { $0 = outcome }
  }
}
