internal import CLMDB
internal import Glibc
internal import Synchronization

extension Environment {
  /// How long a command waits for another writer: longer than any one batch takes to commit.
  package static let writerPatience = Duration.seconds(30)

  /// A view of the database as the last commit left it; it stays so until the snapshot ends.
  ///
  /// While it lives, pages freed by later commits are not reused: keep it short.
  ///
  /// - Throws: `.readersFull`, `.closed`, `.usedAfterFork`, or what the disk says.
  /// - Complexity: O(tables); about a microsecond. Never waits for a writer.
  package func snapshot() throws(LMDBError) -> Snapshot {
    unsafe Snapshot(handle: try begin(UInt32(MDB_RDONLY)), environment: self)
  }

  /// Begins to write, after waiting for other writers of all processes.
  ///
  /// The transaction belongs to the thread that began it: it must commit, abort or be let go there,
  /// since LMDB's own lock is the thread's. Hence not from async code, which changes threads.
  ///
  /// - Throws: `.busy` after `limit`, `.readOnly`, `.closed`, `.usedAfterFork`, or what the disk says.
  @available(*, noasync)
  package func beginWrite(
    waitingAtMost limit: Duration = writerPatience
  ) throws(LMDBError) -> WriteTransaction {
    try requireOwner()
    guard mode != .readOnly else { throw .readOnly(path: path) }
    let lock = try lockForWriting(waitingAtMost: limit)
    return unsafe WriteTransaction(handle: try begin(0), environment: self, lock: lock)
  }

  /// The right to do the work of a number; nil where another thread or process has it.
  package func workLock(_ number: UInt32) throws(LMDBError) -> WorkLock? {
    try enter()
    defer { leave() }
    return try WorkLock(number, file: WriterLock.open(folder: folder, path: path), path: path)
  }

  func lockForWriting(waitingAtMost limit: Duration) throws(LMDBError) -> WriterLock {
    let lock = try writerLock()
    try lock.acquire(waitingAtMost: limit)
    return lock
  }

  private func writerLock() throws(LMDBError) -> WriterLock {
    // `folder` is closed with the environment.
    try enter()
    defer { leave() }
    return try WriterLock(folder: folder, path: path)
  }

  /// Begins a transaction; `end` must follow.
  private func begin(_ flags: UInt32) throws(LMDBError) -> OpaquePointer {
    var hasCheckedReaders = false
    // A process that grows the map faster than this one can follow would need eight commits in
    // microseconds.
    var resizesLeft = 8
    while true {
      try enter()
      var transaction: OpaquePointer?
      let code = unsafe mdb_txn_begin(handle, nil, flags, &transaction)
      if code == 0, let transaction = unsafe transaction { return unsafe transaction }
      leave()
      switch code {
      case MDB_MAP_RESIZED where resizesLeft > 0:
        resizesLeft -= 1
        try resize(waitingAtMost: Self.writerPatience)
      case MDB_READERS_FULL where !hasCheckedReaders:
        hasCheckedReaders = true
        _ = try removeDeadReaders()
      default: throw error(code, "begin")
      }
    }
  }

  /// Aborts a transaction. In a forked child it is leaked: its place in the lock file is the parent's.
  func abort(_ transaction: OpaquePointer) {
    guard isOwner else { return }
    unsafe mdb_txn_abort(transaction)
    leave()
  }

  /// Commits a transaction and frees it, whatever the result.
  func commit(_ transaction: OpaquePointer) throws(LMDBError) {
    try requireOwner()
    let code = unsafe mdb_txn_commit(transaction)
    leave()
    guard code == 0 else { throw error(code, "commit") }
  }

  /// Counts a use of the map; `leave` must follow.
  ///
  /// Threads that want to move the map are let go first, but for a second at most: the caller may
  /// itself hold the snapshot that they wait for.
  func enter() throws(LMDBError) {
    try requireOwner()
    var courtesy = Patience(.seconds(1))
    var isPatient = true
    while true {
      enum Answer { case entered, closed, lost, wait }
      let answer: Answer = state.withLock { state in
        if state.isClosed { return .closed }
        if state.isMapLost { return .lost }
        if state.resizers > 0, isPatient { return .wait }
        state.running += 1
        return .entered
      }
      switch answer {
      case .entered: return
      case .closed: throw .closed(path: path)
      case .lost: throw .panicked(path: path)
      case .wait: isPatient = courtesy.waitABit()
      }
    }
  }

  func leave() {
    state.withLock { $0.running -= 1 }
  }

  /// The error for LMDB's or the system's code.
  func error(_ code: Int32, _ operation: String) -> LMDBError {
    // LMDB calls a write that a full disk cut short an input/output error.
    let isDiskFull = code == EIO && FileSystem.isFull(path: path)
    return LMDBError(
      code: isDiskFull ? ENOSPC : code, path: path, operation: operation,
      mapSizeInBytes: state.withLock { $0.mapSizeInBytes })
  }
}
