internal import Encoding
internal import Glibc
internal import LMDB
internal import Synchronization

/// A Pawl store: passages, their compressed embeddings for each encoder version, and the history of
/// which version served when.
///
/// Threads may share a store. Reading never waits; writing takes turns, among processes too.
public final class Store: Sendable {
  /// The store's folder, as it was given.
  public let path: String

  let environment: Environment
  let tables: StoreTables
  /// Encoders that were loaded, by checkpoint and maximum length.
  private let encoders = Mutex(RecentValues<TextEncoder>(capacity: Store.mostEncoders))
  /// Of the version that serves, the one before, a candidate and its parent: some dozens of megabytes each.
  private static let mostEncoders = 4
  /// Adapters of queries that were read, by digest.
  let adapters = Mutex(RecentValues<QueryAdapter>(capacity: Store.mostAdapters))
  private static let mostAdapters = 16
  let cache = IndexCache()
  /// Numbers of jobs that only one process may do, which this one is doing.
  let ownJobs = Mutex<Set<UInt64>>([])
  private let dictionaryCache = Mutex<[UInt8: TextDictionary]>([:])

  /// The format that this Pawl writes, and the newest that it reads.
  static let format = 7

  /// What may be done with a store once it is open.
  public enum Access: Sendable {
    case reading, writing
    /// Writing while nobody else has it open.
    case alone
  }

  /// Opens the store at `path`.
  ///
  /// - Parameter patience: how long to wait for a process that has it alone, or, to have it alone, for
  ///   all others; nil for the usual 30 s.
  /// - Throws: `StoreError.notAStore`, `.newerFormat`, or what the disk says.
  public init(
    path: String, access: Access = .writing, waitingAtMost patience: Duration? = nil
  ) throws {
    try Self.requireDatabase(in: path)
    // A reader's lock is a place in lock.mdb, so a folder that cannot be written to is an error of
    // its own; LMDB's message says it.
    let mode: Environment.Mode = access == .reading ? .readOnly : .readWrite
    let kind: OpenLock.Kind = access == .alone ? .alone : .shared
    let limit = patience ?? Environment.writerPatience
    var environment = try Environment.open(path: path, mode: mode, kind, waitingAtMost: limit)
    let found = try Self.formatVersion(of: environment)
    guard found <= Self.format else {
      throw StoreError.newerFormat(path: path, found: found, known: Self.format)
    }
    if found < Self.format {
      try environment.close()
      try Self.upgrade(path)
      environment = try Environment.open(path: path, mode: mode, kind, waitingAtMost: limit)
    }
    self.environment = environment
    self.path = path
    tables = try Self.tables(of: environment)
  }

  static func tables(of environment: Environment) throws -> StoreTables {
    do throws(LMDBError) {
      return try StoreTables { name throws(LMDBError) in try environment.table(named: name) }
    } catch .noTable(_, let name) {
      throw incomplete(environment.path, "table \(name)")
    }
  }

  static func formatVersion(of environment: Environment) throws -> Int {
    let meta: Table
    do throws(LMDBError) { meta = try environment.table(named: "meta") } catch .noTable(_, let name)
    {
      throw incomplete(environment.path, "table \(name)")
    }
    guard
      let record = try meta.record(FormatRecord.self, at: "store", in: environment.snapshot())
    else { throw incomplete(environment.path, "store record") }
    return record.format
  }

  /// Tells what is not there from what is no store and from what may not be looked at.
  static func requireDatabase(in path: String) throws(StoreError) {
    for name in [path, path + "/data.mdb"] {
      if unsafe access(name, F_OK) == 0 { continue }
      switch errno {
      case ENOENT where name == path: throw halfRestored(path) ?? .notAStore(path: path)
      case ENOENT, ENOTDIR: throw .foreign(path: path)
      default:
        throw .fileSystem(
          path: name, operation: "look at it", code: errno,
          reason: unsafe String(cString: strerror(errno)))
      }
    }
  }

  func storeRecord<T: Transaction & ~Copyable>(in transaction: borrowing T) throws -> StoreRecord {
    guard let record = try tables.meta.record(StoreRecord.self, at: "store", in: transaction)
    else { throw Self.incomplete(path, "store record") }
    return record
  }

  /// Damaged pages can hide a table as well as spoil it, so its absence is no proof of another owner.
  static func incomplete(_ path: String, _ what: String) -> StoreError {
    .damaged(
      path: path, object: "data.mdb",
      problem: "it has no \(what): pages are lost, or it is another program's database")
  }

  func damaged(_ object: String, _ problem: String) -> StoreError {
    .damaged(path: path, object: object, problem: problem)
  }

  // MARK: Versions

  /// The version of that name, or the active one.
  ///
  /// - Throws: `StoreError.noVersion`, `.collected` for one of which only the record is left.
  func version<T: Transaction & ~Copyable>(
    _ name: String?, in transaction: borrowing T
  ) throws -> VersionRecord {
    let wanted = try name ?? activeVersion(in: transaction)
    if let record = try tables.versions.record(
      VersionRecord.self, at: Key(wanted), in: transaction)
    {
      if record.isCollected { throw StoreError.collected(path: path, version: wanted) }
      return record
    }
    throw StoreError.noVersion(
      path: path, name: wanted, known: try versionRecords(in: transaction).map(\.name))
  }

  func activeVersion<T: Transaction & ~Copyable>(in transaction: borrowing T) throws -> String {
    guard
      let pointer = try tables.pointer.record(PointerRecord.self, at: "active", in: transaction)
    else { throw damaged("the pointer to the active version", "it is missing") }
    return pointer.version
  }

  func versionRecords<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> [VersionRecord] {
    try Self.versionRecords(tables, in: transaction)
  }

  /// In the order in which they were made.
  static func versionRecords<T: Transaction & ~Copyable>(
    _ tables: StoreTables, in transaction: borrowing T
  ) throws -> [VersionRecord] {
    var records: [VersionRecord] = []
    var cursor = try tables.versions.cursor(in: transaction)
    while try cursor.next() {
      records.append(try Table.decode(VersionRecord.self, cursor.value, table: "versions"))
    }
    // v2 before v10.
    return records.sorted { ($0.name.utf8.count, $0.name) < ($1.name.utf8.count, $1.name) }
  }

  func space<T: Transaction & ~Copyable>(
    _ id: String, in transaction: borrowing T
  ) throws -> SpaceRecord {
    guard let record = try tables.spaces.record(SpaceRecord.self, at: Key(id), in: transaction)
    else { throw damaged("space \(id)", "its record is missing") }
    return record
  }

  func index<T: Transaction & ~Copyable>(
    _ id: UInt32, in transaction: borrowing T
  ) throws -> IndexRecord {
    guard let record = try tables.indexes.record(IndexRecord.self, at: Key(id), in: transaction)
    else { throw damaged("index \(id)", "its record is missing") }
    guard record.count >= 0, record.count <= Int(record.nextRow) else {
      throw damaged("index \(id)", "\(record.count) codes below row \(record.nextRow)")
    }
    if let fault = record.clustering?.fault(below: record.nextRow) {
      throw damaged("index \(id)", fault)
    }
    return record
  }

  // MARK: What is loaded once

  func checkpointPath(_ digest: String) -> String { "\(path)/checkpoints/\(digest)" }

  /// The passage encoder of a space, its files compared with their checksums when it is first loaded.
  ///
  /// - Throws: `StoreError.noEncoder` where its vectors are made elsewhere.
  func encoder(for space: SpaceRecord) throws -> TextEncoder {
    guard let checkpoint = space.checkpoint else { throw StoreError.noEncoder(path: path) }
    let key = "\(checkpoint) \(space.maxLength) \(space.numericPath?.rawValue ?? "")"
    let file = PackedFile(of: checkpoint, inStoreAt: path)
    let (encoder, packed): (TextEncoder, PackedWeights?) = try encoders.withLock { encoders in
      if let encoder = encoders.value(named: key) { return (encoder, nil) }
      try Checkpoint.verify(space.files, of: checkpoint, inStoreAt: path)
      let loaded = try load(checkpoint, space, packedIn: file)
      encoders.keep(loaded.encoder, named: key)
      return loaded
    }
    // Not while others wait for the encoder.
    if let packed { file.write(packed) }
    // Batches of vectors are cut by the record's width.
    guard encoder.width == space.width else {
      throw damaged(
        "space \(space.id)",
        "its record says \(space.width) dimensions, its model has \(encoder.width)")
    }
    return encoder
  }

  /// - Returns: beside the encoder its packed weights where they were not in the file.
  private func load(
    _ checkpoint: String, _ space: SpaceRecord, packedIn file: PackedFile
  ) throws -> (encoder: TextEncoder, packed: PackedWeights?) {
    let model = try ModelDirectory(path: checkpointPath(checkpoint))
    let numericPath = space.numericPath ?? .float32
    let packed = numericPath == .int12 ? file.read(model.configuration) : nil
    let encoder = try TextEncoder(
      model, maxLength: space.maxLength, numericPath: numericPath, packed: packed,
      environment: Process.environment)
    return (encoder, packed == nil ? encoder.packedWeights : nil)
  }

  /// All dictionaries that texts are compressed with.
  func dictionaries<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> [UInt8: TextDictionary] {
    var known = dictionaryCache.withLock { $0 }
    if try tables.dictionaries.count(in: transaction) == known.count { return known }
    var cursor = try tables.dictionaries.cursor(in: transaction)
    while try cursor.next() {
      let id = cursor.key[0]
      if known[id] != nil { continue }
      let content = try cursor.value
      guard
        let dictionary = unsafe content.withUnsafeBufferPointer({
          unsafe TextDictionary(id: id, content: Array($0))
        })
      else { throw damaged("dictionary \(id)", "zstd does not accept it") }
      known[id] = dictionary
    }
    let loaded = known
    dictionaryCache.withLock { $0 = loaded }
    return loaded
  }
}
