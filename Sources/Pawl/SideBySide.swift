internal import Dispatch
internal import Synchronization

/// Results for 0 ..< count in order: each worker makes those of one stretch, all at the same time.
///
/// - Parameter work: given a stretch, which may be empty; makes one result for each number of it.
func sideBySide<Result: Sendable>(
  _ count: Int, workerCount: Int = Process.processorCount,
  _ work: @Sendable (Range<Int>) -> [Result]
) -> [Result] {
  let chunk = (count + workerCount - 1) / workerCount
  let parts = Mutex<[Int: [Result]]>([:])
  DispatchQueue.concurrentPerform(iterations: workerCount) { worker in
    let part = work(min(worker * chunk, count)..<min((worker + 1) * chunk, count))
    parts.withLock { $0[worker] = part }
  }
  return parts.withLock { parts in (0..<workerCount).flatMap { parts[$0] ?? [] } }
}
