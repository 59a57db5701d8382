internal import Dispatch
internal import Synchronization

/// Threads that share a list of items; whoever is free takes the next.
///
/// What an item computes may depend on the item alone, never on the worker: then results are the same for any
/// number of workers.
struct Workers: Sendable {
  let count: Int

  init(count: Int) { self.count = max(1, count) }

  /// - Parameter work: called once for each item below `itemCount`, with a worker's number below `count`;
  ///   no two calls with one worker's number run at a time.
  func forEach(_ itemCount: Int, _ work: @Sendable (_ item: Int, _ worker: Int) -> Void) {
    let used = min(count, itemCount)
    if used <= 1 {
      for item in 0..<itemCount { work(item, 0) }
      return
    }
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: used) { worker in
      while true {
        let item = next.add(1, ordering: .relaxed).oldValue
        if item >= itemCount { return }
        work(item, worker)
      }
    }
  }
}
