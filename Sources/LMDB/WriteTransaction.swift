/// The one writer of the moment. What it writes is seen by others when it commits, or never.
///
/// It belongs to the thread that began it. Out of scope without `commit()` it is aborted.
// Safe, because nobody else has the handle, and it is used only while it lives.
@safe package struct WriteTransaction: ~Copyable, Transaction {
  private let handle: OpaquePointer
  private var isLive = true
  package let environment: Environment
  // Let go after `deinit` has ended LMDB's transaction.
  private let lock: WriterLock

  init(handle: OpaquePointer, environment: Environment, lock: consuming WriterLock) {
    unsafe self.handle = handle
    self.environment = environment
    self.lock = lock
  }

  deinit {
    if isLive { unsafe environment.abort(handle) }
  }

  package var context: TransactionContext {
    unsafe TransactionContext(handle: handle, environment: environment, mayBeDirty: true)
  }

  /// Makes everything durable and visible; on the disk when this returns.
  ///
  /// - Throws: `.diskFull`, `.inputOutput`, `.mapFull`, `.transactionBroken`: nothing was kept.
  @available(*, noasync)
  package consuming func commit() throws(LMDBError) {
    // A failed commit frees the handle too, so deinit must not abort it.
    isLive = false
    unsafe try environment.commit(handle)
  }

  /// Forgets everything that was written.
  @available(*, noasync)
  package consuming func abort() {}
}
