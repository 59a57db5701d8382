internal import Dispatch
internal import Synchronization

/// Work on 0 ..< count by several workers at once, a stretch at a time.
///
/// - Parameters:
///   - size: numbers of a stretch; the last one may be shorter. Which stretches there are does not depend
///     on the number of workers, only who takes them.
///   - worker: runs once for each worker; takes stretches from `next` until there are no more.
func inStretches(
  of count: Int, size: Int, workerCount: Int,
  _ worker: @Sendable (_ next: () -> Range<Int>?) -> Void
) {
  precondition(size >= 1 && workerCount >= 1, "stretches of \(size) for \(workerCount) workers")
  let stretchCount = (count + size - 1) / size
  guard stretchCount > 0 else { return }
  let taken = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: min(workerCount, stretchCount)) { _ in
    worker {
      let stretch = taken.add(1, ordering: .relaxed).oldValue
      guard stretch < stretchCount else { return nil }
      return stretch * size..<min((stretch + 1) * size, count)
    }
  }
}
