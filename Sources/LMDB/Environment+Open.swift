internal import CLMDB
internal import Glibc

extension Environment {
  /// Opens the database in the folder `path`, and frees the places of readers that died.
  ///
  /// Commits are synchronous and pages are written by system calls, never through the map.
  ///
  /// - Parameters:
  ///   - path: the store's folder. Its parent must exist.
  ///   - mapSize: addresses to reserve, in bytes; less is taken where the system refuses, and then
  ///     `grow` is needed on `.mapFull`.
  ///   - maxTables: how many tables can be used; each costs a few words for every transaction.
  ///   - kind: beside others, or alone.
  ///   - limit: how long to wait for others that exclude `kind`.
  /// - Throws: `.missing`, `.alreadyOpen` (in this process), `.inUse`, `.networkFileSystem`,
  ///   `.notADatabase`, `.versionMismatch`, `.permissionDenied`, or what the disk says.
  package static func open(
    path: String, mode: Mode, mapSize: Int = defaultMapSizeInBytes, maxTables: Int = 64,
    _ kind: OpenLock.Kind = .shared, waitingAtMost limit: Duration = writerPatience
  ) throws(LMDBError) -> Environment {
    if mode == .create { try FileSystem.makeFolder(path: path) }
    if kind == .alone { try refuseOwn(path: path) }
    let folder = try OpenLock(path: path, kind: kind, waitingAtMost: limit).descriptor()
    do throws(LMDBError) {
      try FileSystem.refuseNetwork(path: path, type: FileSystem.type(path: path))
      let file = try dataFile(of: path, mode: mode)
      guard OpenEnvironments.claim(file) else { throw LMDBError.alreadyOpen(path: path) }
      do throws(LMDBError) {
        try FileSystem.reserve(file: path + "/lock.mdb", bytes: lockFileSizeInBytes)
        let handle = unsafe try openHandle(
          path: path, mode: mode, mapSize: mapSize, maxTables: maxTables)
        return unsafe Environment(
          handle: handle, folder: folder, file: file, path: path, mode: mode,
          maximumTables: maxTables)
      } catch {
        OpenEnvironments.release(file)
        throw error
      }
    } catch {
      OpenLock.release(folder)
      throw error
    }
  }

  /// Who has the database open himself would wait for himself in vain.
  private static func refuseOwn(path: String) throws(LMDBError) {
    if OpenEnvironments.contains(try FileSystem.identify(path: path + "/data.mdb").file) {
      throw .alreadyOpen(path: path)
    }
  }

  /// Which file data.mdb is; made empty first in mode `.create`, so that it can be claimed before
  /// LMDB touches it.
  private static func dataFile(of path: String, mode: Mode) throws(LMDBError) -> FileIdentity {
    let data = path + "/data.mdb"
    if mode == .create, try FileSystem.makeFile(path: data) {
      // LMDB syncs the file but never its name.
      try FileSystem.sync(folder: path)
    }
    do throws(LMDBError) {
      let (file, bytes) = try FileSystem.identify(path: data)
      guard bytes > 0 || mode == .create else { throw LMDBError.missing(path: path) }
      return file
    } catch .missing {
      throw .missing(path: path)
    }
  }

  /// What LMDB makes lock.mdb: 64 bytes a reader but one, and its own 192.
  private static let lockFileSizeInBytes = (maximumReaders - 1) * 64 + 192

  /// The map sizes to try, greatest first.
  ///
  /// Where addresses are limited (`ulimit -v`), a quarter of them at most: the rest of the process
  /// needs some, too. Then halves, down to 16 MiB or the file's own size, which LMDB sees to.
  ///
  /// - Parameter addressLimit: RLIMIT_AS, nil for none.
  static func mapSizesToTry(requested: Int, addressLimit: Int?) -> [Int] {
    let page = Int(getpagesize())
    let wanted = min(requested, addressLimit.map { $0 / 4 } ?? requested)
    var size = max(wanted, page * 16)
    let smallest = min(size, 16 << 20)
    var sizes: [Int] = []
    while size >= smallest {
      sizes.append((size + page - 1) / page * page)
      size /= 2
    }
    return sizes
  }

  private static var addressLimit: Int? {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
    return Int(exactly: limit.rlim_cur)
  }

  private static func openHandle(
    path: String, mode: Mode, mapSize: Int, maxTables: Int
  ) throws(LMDBError) -> OpaquePointer {
    // Somebody may be closing the database just now, which makes an open fail for a moment.
    var patience = Patience(.seconds(1))
    var sizes = mapSizesToTry(requested: mapSize, addressLimit: addressLimit)[...]
    while let size = sizes.first {
      var handle: OpaquePointer?
      guard unsafe mdb_env_create(&handle) == 0, let handle = unsafe handle else { break }
      let code = unsafe configureAndOpen(handle, path, mode, size, maxTables)
      if code == 0 {
        var dead: Int32 = 0
        unsafe mdb_reader_check(handle, &dead)
        if let fault = unsafe truncation(of: handle, path: path) {
          unsafe mdb_env_close(handle)
          throw fault
        }
        return unsafe handle
      }
      unsafe mdb_env_close(handle)
      switch code {
      case ENOMEM: sizes.removeFirst()
      case EAGAIN, EBUSY, EINTR:
        if patience.waitABit() { continue }
        fallthrough
      default: throw LMDBError(code: code, path: path, operation: "open")
      }
    }
    throw .noAddressSpace(path: path, triedBytes: min(mapSize, 16 << 20))
  }

  private static func configureAndOpen(
    _ handle: OpaquePointer, _ path: String, _ mode: Mode, _ mapSize: Int, _ maxTables: Int
  ) -> Int32 {
    // MDB_NOTLS: a reader's place belongs to the transaction, not to the thread. No other flag:
    // MDB_WRITEMAP would let stray writes into the map, MDB_NOMEMINIT leftovers of the heap onto disk.
    let flags = MDB_NOTLS | (mode == .readOnly ? MDB_RDONLY : 0)
    var code = unsafe mdb_env_set_mapsize(handle, mapSize)
    if code == 0 { code = unsafe mdb_env_set_maxreaders(handle, UInt32(maximumReaders)) }
    if code == 0 { code = unsafe mdb_env_set_maxdbs(handle, UInt32(maxTables)) }
    if code == 0 { code = unsafe mdb_env_open(handle, path, UInt32(flags), 0o600) }
    return code
  }
}
