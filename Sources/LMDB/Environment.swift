internal import CLMDB
internal import Glibc
internal import Synchronization

/// An open LMDB database: the folder of a store, its memory map and its locks.
///
/// Snapshots may begin on any thread at any time and never wait. Write transactions take turns, one
/// at a time among all processes. Close it with `close()`, or let the last reference go.
///
/// It must not be used after fork(): every use is refused in the child, and the child's copy is
/// leaked rather than closed, because closing would free the parent's places in the lock file.
///
/// Unchecked Sendable, because: `handle` and everything else that is stored is immutable or locked;
/// LMDB locks what several threads may do with an environment (begin, copy, reader check); what they
/// may not (set the map's size, close) happens under `state`'s lock and only while `running` is 0;
/// opening tables happens under `tables`' lock. Safe, because `enter` refuses a closed environment
/// before its handle is used.
@safe package final class Environment: @unchecked Sendable {
  /// What may be done with the database, and whether it must exist.
  package enum Mode: Sendable {
    /// Reading and writing; the folder and the database are made where they are absent.
    case create
    /// Reading and writing an existing database.
    case readWrite
    /// Reading an existing database. Readers, too, write into `lock.mdb`: a writer would otherwise
    /// reuse pages under them. So a folder without write permission is refused; on a read-only
    /// *file system*, where nobody can write, LMDB itself goes without locks.
    case readOnly
  }

  /// 1 TiB of addresses (not of memory or disk), so that the map practically never has to grow.
  package static let defaultMapSizeInBytes = 1 << 40
  /// LMDB's default of 126 is few for a server; a place costs 64 bytes of lock.mdb.
  static let maximumReaders = 1024

  /// The store's folder, as it was given.
  package let path: String
  package let mode: Mode
  package let pageSizeInBytes: Int

  /// Whether a page of the map begins at a multiple of its size. Not so where the database was made on
  /// a machine with larger pages than this one's.
  let hasAlignedPages: Bool
  let handle: OpaquePointer
  let maximumTables: Int
  /// Distinguishes environments, so that a table is not used with another one's transaction.
  let number: Int
  /// A descriptor of the folder, which holds the `OpenLock`: stays right where the folder is renamed.
  let folder: Int32
  let checkedValues = CheckedValues()
  let tables = Mutex<[String: UInt32]>([:])
  let state: Mutex<State>
  private let file: FileIdentity
  private let ownerProcess = getpid()

  /// What changes while the environment is open.
  struct State {
    /// Transactions (and other uses of the map) of this process.
    var running = 0
    /// Threads that wait for `running` to become 0, to move the map.
    var resizers = 0
    var mapSizeInBytes: Int
    var isClosed = false
    /// LMDB gave up the old map and did not get the new one.
    var isMapLost = false
  }

  private static let opened = Atomic(0)

  init(
    handle: OpaquePointer, folder: Int32, file: FileIdentity, path: String, mode: Mode,
    maximumTables: Int
  ) {
    var facts = MDB_stat()
    var info = unsafe MDB_envinfo()
    unsafe mdb_env_stat(handle, &facts)
    unsafe mdb_env_info(handle, &info)
    unsafe self.handle = handle
    self.folder = folder
    self.file = file
    self.path = path
    self.mode = mode
    self.maximumTables = maximumTables
    pageSizeInBytes = Int(facts.ms_psize)
    hasAlignedPages = Int(facts.ms_psize) <= Int(getpagesize())
    state = Mutex(State(mapSizeInBytes: unsafe info.me_mapsize))
    number = Self.opened.add(1, ordering: .relaxed).newValue
  }

  deinit {
    // Transactions hold a reference, so none is running.
    guard getpid() == ownerProcess, !state.withLock({ $0.isClosed }) else { return }
    release()
  }

  /// Closes the database. Nothing can be done with it afterwards; closing again does nothing.
  ///
  /// - Throws: `.transactionsRunning` while snapshots or a write transaction live.
  package func close() throws(LMDBError) {
    try requireOwner()
    let (running, wasClosed) = state.withLock { state in
      defer { if state.running == 0 { state.isClosed = true } }
      return (state.running, state.isClosed)
    }
    guard running == 0 else { throw .transactionsRunning(path: path, count: running) }
    if !wasClosed { release() }
  }

  private func release() {
    OpenEnvironments.release(file) { unsafe mdb_env_close(handle) }
    OpenLock.release(folder)
  }

  /// Throws in a process forked from the one that opened the database.
  func requireOwner(process: Int32 = getpid()) throws(LMDBError) {
    guard process == ownerProcess else {
      throw .usedAfterFork(path: path, openedBy: ownerProcess)
    }
  }

  /// Whether this process is the one that opened the database.
  var isOwner: Bool { getpid() == ownerProcess }
}
