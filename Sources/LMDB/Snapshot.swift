internal import CLMDB
internal import Synchronization

/// The database as one commit left it, whatever is committed meanwhile. Ends when it goes out of scope.
///
/// One thread at a time may use it (it need not be the one that began it). The bytes that it hands out
/// never change while it lives, so their addresses may be read by several threads at once.
// Safe, because nobody else has the handle, and it is used only while it lives.
@safe package struct Snapshot: ~Copyable, Transaction {
  private let handle: OpaquePointer
  private var isLive = true
  package let environment: Environment

  init(handle: OpaquePointer, environment: Environment) {
    unsafe self.handle = handle
    self.environment = environment
  }

  deinit {
    if isLive { unsafe environment.abort(handle) }
  }

  package var context: TransactionContext {
    unsafe TransactionContext(handle: handle, environment: environment, mayBeDirty: false)
  }

  /// The number of the commit that it shows: two snapshots with one number show the same.
  package var number: Int { unsafe mdb_txn_id(handle) }

  /// Which bytes it sees, and where.
  package var view: View {
    View(
      environment: environment.number, commit: number,
      mapSizeInBytes: environment.state.withLock { $0.mapSizeInBytes })
  }

  /// Addresses that were found in one snapshot hold in every other one of an equal view: it shows the same
  /// commit through the same map, which only moves when it grows, and not while a snapshot lives.
  package struct View: Equatable, Sendable {
    let environment: Int
    let commit: Int
    let mapSizeInBytes: Int
  }

  /// Ends it so that the tables opened in it stay open.
  consuming func keepTables() throws(LMDBError) {
    isLive = false
    unsafe try environment.commit(handle)
  }
}
