internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra
internal import Synchronization

/// A version about to be made, all but what answers its queries.
struct NewVersion {
  /// Nil: the next that is free.
  var name: String?
  /// Its record is read where the version is made: its index may be another by then.
  let parent: String
  let queryPrefix: String
  let origin: String
  var training: TrainingRecord?
  /// How it moves queries.
  var adapter: QueryAdapter?
  /// Whether it moves queries as its parent does.
  var keepsAdapter = false
  /// Queries that it must not be judged by.
  var used: UsedQueries?
}

extension Store {
  /// The name that the next version gets: no version's, and of no run that may still end.
  func nextVersionName<T: Transaction & ~Copyable>(in transaction: borrowing T) throws -> String {
    let names = try versionRecords(in: transaction).map(\.name) + TrainingRun.names(inStoreAt: path)
    return "v\((names.compactMap { Int($0.dropFirst()) }.max() ?? 0) + 1)"
  }

  /// Makes a version with an encoder of its own: its checkpoint on the disk, then the transaction that names it.
  ///
  /// One whose passages' vectors are those of another version shares its index. Else it is in the state `trained`,
  /// and its index has the parent's codec and no codes.
  ///
  /// - Returns: its name.
  @discardableResult
  func add(
    _ version: NewVersion, _ model: ModelDirectory, maxLength: Int, passagePrefix: String,
    numericPath: NumericPath?
  ) throws -> String {
    let digest = try model.digest()
    let files = try Checkpoint.publish(model, digest: digest, inStoreAt: path)
    let space = SpaceRecord(
      checkpoint: digest, width: model.configuration.width, maxLength: maxLength,
      passagePrefix: passagePrefix, numericPath: numericPath, files: files)
    return try growingMap {
      var write = try environment.beginWrite()
      let twin = try versionRecords(in: write).first {
        $0.space == space.id && !$0.isCollected
      }
      var index = twin?.index
      if index == nil {
        let codec = try self.index(self.version(version.parent, in: write).index, in: write).codec
        let id = try newIndexID(in: &write)
        try tables.spaces.put(record: space, at: Key(space.id), in: &write)
        try tables.indexes.put(
          record: IndexRecord(space: space.id, codec: codec, count: 0, nextRow: 0), at: Key(id),
          in: &write)
        index = id
      }
      let name = try put(version, in: &write) { record in
        record.checkpoint = digest
        record.space = space.id
        record.index = index ?? record.index
        record.state = twin?.state ?? "trained"
      }
      try write.commit()
      return name
    }
  }

  /// Makes a version that moves the queries of its parent's encoder, and shares its space and index: it can serve
  /// at once.
  ///
  /// - Returns: its name.
  @discardableResult
  func add(_ version: NewVersion) throws -> String {
    try growingMap {
      var write = try environment.beginWrite()
      let name = try put(version, in: &write) { _ in }
      try write.commit()
      return name
    }
  }

  /// Makes a version that asks the vectors of another with its parent's queries: it can serve at once.
  ///
  /// - Returns: its name.
  func add(_ version: NewVersion, _ bridge: BridgeRecord, to target: String) throws -> String {
    try growingMap {
      var write = try environment.beginWrite()
      // Its index may be another by now.
      let target = try self.version(target, in: write)
      let name = try put(version, in: &write) { record in
        record.bridge = bridge
        record.space = target.space
        record.index = target.index
        record.state = target.state
      }
      try write.commit()
      return name
    }
  }

  /// - Parameter complete: sets what differs from the parent.
  private func put(
    _ version: NewVersion, in write: inout WriteTransaction,
    _ complete: (inout VersionRecord) -> Void
  ) throws -> String {
    let name = try version.name ?? nextVersionName(in: write)
    guard try !tables.versions.contains(Key(name), in: write) else {
      throw StoreError.versionExists(path: path, name: name)
    }
    var record = try self.version(version.parent, in: write)
    record.name = name
    record.queryPrefix = version.queryPrefix
    record.parent = version.parent
    record.created = timestamp()
    record.origin = version.origin
    if let adapter = version.adapter {
      record.adapter = try StoredAdapter.put(adapter, tables, in: &write)
    } else if !version.keepsAdapter {
      record.adapter = nil
    }
    record.bridge = nil
    record.training = version.training
    complete(&record)
    try tables.versions.put(record: record, at: Key(name), in: &write)
    if let used = version.used {
      try tables.used.put(used.bytes.span, at: Key(name), in: &write)
    }
    return name
  }

  /// The encoder of a version's queries.
  ///
  /// - Parameters:
  ///   - space: the version's, which every query has read already; a bridge's other one is read here.
  ///   - load: nil: as `encoder(for:)`.
  func queryEncoder<T: Transaction & ~Copyable>(
    of version: VersionRecord, _ space: SpaceRecord, in transaction: borrowing T,
    _ load: ((SpaceRecord) throws -> TextEncoder)? = nil
  ) throws -> QueryEncoder {
    let querySpace = try version.bridge.map { try self.space($0.space, in: transaction) } ?? space
    let encoder = try load.map { try $0(querySpace) } ?? encoder(for: querySpace)
    let adapter = try version.adapter.map {
      try queryAdapter($0, width: space.width, in: transaction)
    }
    return QueryEncoder(encoder: encoder, prefix: version.queryPrefix, adapter: adapter)
  }

  func queryAdapter<T: Transaction & ~Copyable>(
    _ digest: String, width: Int, in transaction: borrowing T
  ) throws -> QueryAdapter {
    if let known = adapters.withLock({ $0.value(named: digest) }) { return known }
    guard let value = try tables.adapters.value(of: Key(digest), in: transaction),
      let adapter = StoredAdapter.adapter(value), adapter.width == width
    else { throw damaged("query adapter \(digest)", "it is missing, or not as long as it says") }
    adapters.withLock { $0.keep(adapter, named: digest) }
    return adapter
  }

  /// Queries that a version or one of its ancestors has learned from or was chosen by.
  func usedQueries<T: Transaction & ~Copyable>(
    by version: VersionRecord, in transaction: borrowing T
  ) throws -> [UsedQueries] {
    var used: [UsedQueries] = []
    for version in [version] + (try ancestors(of: version, in: transaction)) {
      guard let value = try tables.used.value(of: Key(version.name), in: transaction) else {
        continue
      }
      guard let queries = UsedQueries(value) else {
        throw damaged("the used queries of \(version.name)", "they are no whole hashes")
      }
      used.append(queries)
    }
    return used
  }
}

/// Texts of queries in, vectors out, as a version asks them.
struct QueryEncoder {
  let encoder: TextEncoder
  let prefix: String
  let adapter: QueryAdapter?

  func encode(_ text: String) -> [Float] {
    var vector = encoder.encode(prefix + text)
    adapter?.apply(to: &vector, kernels: encoder.kernels)
    return vector
  }

  /// N × D, `Process.processorCount` threads side by side.
  func encode(
    _ texts: [String], progress: @Sendable (Int) -> Void = { _ in }
  ) -> [Float] {
    var vectors = encoder.encode(
      texts, prefix: prefix, workerCount: Process.processorCount, progress: progress)
    adapter?.apply(to: &vectors, kernels: encoder.kernels)
    return vectors
  }
}

/// A value of `adapters`: width and rank, 4 bytes each, then float32, all little-endian. Its key is the SHA-256 of
/// all of it.
enum StoredAdapter {
  /// - Returns: what names it.
  static func put(
    _ adapter: QueryAdapter, _ tables: StoreTables, in write: inout WriteTransaction
  ) throws -> String {
    let value = bytes(adapter)
    let digest = digest(value)
    try tables.adapters.put(value.span, at: Key(digest), in: &write)
    return digest
  }

  static func bytes(_ adapter: QueryAdapter) -> [UInt8] {
    let head = [UInt32(adapter.width), UInt32(adapter.rank)]
    return (head + adapter.values.map(\.bitPattern)).flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
  }

  static func digest(_ value: [UInt8]) -> String {
    // Sound: bytes are read as bytes.
    unsafe SHA256.hex(of: value.span.bytes)
  }

  /// Nil where it is not as long as it says.
  static func adapter(_ value: Span<UInt8>) -> QueryAdapter? {
    guard let width = value.littleEndianUInt32(at: 0), let rank = value.littleEndianUInt32(at: 4),
      width > 0, width <= 1 << 16, rank <= 1 << 16,
      value.count == 8 + 4 * QueryAdapter.count(width: Int(width), rank: Int(rank))
    else { return nil }
    let values = stride(from: 8, to: value.count, by: 4).map {
      Float(bitPattern: value.littleEndianUInt32(at: $0) ?? 0)
    }
    return QueryAdapter(width: Int(width), rank: Int(rank), values: values)
  }
}
