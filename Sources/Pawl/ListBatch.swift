internal import IVF
internal import LMDB
internal import Synchronization

/// Searches through the lists of one index for many queries side by side, a searcher and a snapshot a
/// worker, all of one commit.
struct ListBatch {
  let store: Store
  let indexID: UInt32
  let snapshots: HeldSnapshots

  /// A result for each of `count` queries, in order, and what they took together.
  ///
  /// - Parameter body: the results of some of the queries, in order, given their numbers and what to search
  ///   with.
  /// - Throws: what the body throws, damage of lists named.
  func search<Result: Sendable>(
    _ count: Int,
    _ body:
      @Sendable (Range<Int>, ListSearcher, inout ListWork, borrowing Snapshot) throws
      -> [Result]
  ) throws -> (results: [Result], work: ListWork) {
    let total = Mutex(ListWork())
    let workerCount = snapshots.count
    let parts = sideBySide(count, workerCount: workerCount) { range in
      do {
        let (results, work) = try search(range, body)
        total.withLock { $0.add(work) }
        return results.map { Swift.Result<Result, any Error>.success($0) }
      } catch { return [Swift.Result<Result, any Error>.failure(error)] }
    }
    return (try parts.map { try $0.get() }, total.withLock { $0 })
  }

  /// One worker's part.
  private func search<Result>(
    _ range: Range<Int>,
    _ body: (Range<Int>, ListSearcher, inout ListWork, borrowing Snapshot) throws -> [Result]
  ) throws -> ([Result], ListWork) {
    var work = ListWork()
    guard !range.isEmpty, let held = snapshots.take() else { return ([], work) }
    defer { snapshots.giveBack(held) }
    let searcher = try store.searcher(of: indexID, in: held.snapshot)
    defer { store.cache.giveBack(searcher) }
    do {
      let results = try body(range, searcher, &work, held.snapshot)
      return (results, work)
    } catch { throw store.named(error, index: indexID) }
  }
}

extension Store {
  /// What is wrong with codes or lists, as damage of their index; other errors as they are.
  func named(_ error: any Error, index id: UInt32) -> any Error {
    switch error {
    case let error as CodeBlockError: damaged("index \(id)", "\(error)")
    case let error as ListError: damaged("index \(id)", "\(error)")
    default: error
    }
  }
}
