internal import LMDB
internal import Synchronization

/// Snapshots of one commit, one for each of several threads: a snapshot is one thread's at a time.
final class HeldSnapshots: Sendable {
  /// A snapshot that can be kept in an array.
  final class Held: @unchecked Sendable {
    // Sendable: `take` gives it to one thread at a time.
    let snapshot: Snapshot

    init(_ snapshot: consuming Snapshot) { self.snapshot = snapshot }
  }

  let count: Int
  private let free: Mutex<[Held]>

  init(_ environment: Environment, count: Int) throws {
    var held = [Held(try environment.snapshot())]
    while held.count < count {
      let next = Held(try environment.snapshot())
      // A commit came between: what shows the one before it is let go.
      if next.snapshot.number != held[0].snapshot.number { held.removeAll() }
      held.append(next)
    }
    self.count = held.count
    free = Mutex(held)
  }

  /// One for this thread alone, until it is given back; nil where all are taken.
  func take() -> Held? { free.withLock { $0.popLast() } }

  func giveBack(_ held: Held) { free.withLock { $0.append(held) } }
}
