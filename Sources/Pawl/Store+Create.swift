public import Encoding
public import IVF
internal import LMDB
internal import Training

/// How a new store encodes and compresses.
public struct StoreSettings: Sendable {
  /// A sentence-transformers directory.
  public var model: String
  public var codec = Codec.int8
  public var numericPath = NumericPath.standard
  /// Put before every query, respectively passage, before it is encoded; nil: what the model's
  /// config_sentence_transformers.json says.
  public var queryPrefix: String?
  public var passagePrefix: String?
  /// Tokens of the longest text; nil: the model's own limit.
  public var maxLength: Int?

  public init(model: String) { self.model = model }
}

extension Store {
  /// More would make a block of 1,024 float32 codes larger than 64 MiB; no model gives as many.
  public static let maximumDimension = 16_384

  /// Makes a new store whose version v1 is the given model.
  ///
  /// Everything is written under a temporary name beside `path` and renamed when it is whole.
  /// - Throws: `StoreError.exists`, `EncodingError` for a model that cannot be used, or what the disk
  ///   says; nothing is left behind.
  public static func create(at given: String, _ settings: StoreSettings) throws -> Store {
    let path = StorePlace.withoutTrailingSlashes(given)
    // Loading proves that the model works before anything is written.
    let encoder = try TextEncoder(
      path: settings.model, maxLength: settings.maxLength, numericPath: settings.numericPath,
      environment: Process.environment)
    let adapter = try QueryAdapterFile.read(inModel: settings.model, width: encoder.width)
    let prompts = encoder.directory.prompts
    return try publish(at: path) { folder in
      let digest = try encoder.directory.digest()
      let files = try Checkpoint.publish(encoder.directory, digest: digest, inStoreAt: folder)
      if let packed = encoder.packedWeights {
        PackedFile(of: digest, inStoreAt: folder).write(packed)
      }
      let space = SpaceRecord(
        checkpoint: digest, width: encoder.width, maxLength: encoder.maxLength,
        passagePrefix: settings.passagePrefix ?? prompts.passage,
        numericPath: settings.numericPath, files: files)
      try fill(
        folder, space, settings.codec, queryPrefix: settings.queryPrefix ?? prompts.query,
        adapter: adapter, origin: settings.model)
    }
  }

  /// Makes a new store for vectors that are made elsewhere: it has no text encoder, and queries are
  /// vectors, too.
  ///
  /// - Parameter dimension: D, the floats of a vector.
  /// - Throws: `StoreError.dimension`, `.exists`, or what the disk says; nothing is left behind.
  public static func create(
    at given: String, dimension: Int, codec: Codec = .int8
  ) throws -> Store {
    guard (1...maximumDimension).contains(dimension) else {
      throw StoreError.dimension(dimension, maximum: maximumDimension)
    }
    return try publish(at: StorePlace.withoutTrailingSlashes(given)) { folder in
      try fill(
        folder, SpaceRecord(ofVectors: dimension), codec, queryPrefix: "",
        origin: "vectors made elsewhere")
    }
  }

  private static func publish(
    at path: String, filledBy fill: (_ folder: String) throws -> Void
  ) throws -> Store {
    let folder = try PartialFolder(for: path)
    do {
      try fill(folder.path)
      try folder.publish()
    } catch {
      folder.discard()
      throw error
    }
    return try Store(path: path)
  }

  /// Writes the database of a store whose version v1 has that space.
  private static func fill(
    _ path: String, _ space: SpaceRecord, _ codec: Codec, queryPrefix: String,
    adapter: QueryAdapter? = nil, origin: String
  ) throws {
    let environment = try Environment.open(path: path, mode: .create)
    let made = try environment.makeTables(named: StoreTables.names)
    let byName = Dictionary(uniqueKeysWithValues: made.map { ($0.name, $0) })
    let tables = try StoreTables { name throws(LMDBError) in
      guard let table = byName[name] else { throw .noTable(path: path, name: name) }
      return table
    }
    let now = timestamp()
    var write = try environment.beginWrite()
    try tables.meta.put(
      record: StoreRecord(format: format, created: now, nextRow: 0), at: "store", in: &write)
    try tables.spaces.put(record: space, at: Key(space.id), in: &write)
    try tables.indexes.put(
      record: IndexRecord(space: space.id, codec: codec, count: 0, nextRow: 0),
      at: Key(UInt32(1)), in: &write)
    try tables.versions.put(
      record: VersionRecord(
        name: "v1", checkpoint: space.checkpoint, queryPrefix: queryPrefix, space: space.id,
        index: 1, parent: nil, state: "ready", created: now, origin: origin,
        adapter: adapter.map { try StoredAdapter.put($0, tables, in: &write) }),
      at: "v1", in: &write)
    try tables.pointer.put(record: PointerRecord(version: "v1"), at: "active", in: &write)
    try tables.history.put(
      record: HistoryRecord(
        action: "init", version: "v1", time: now, user: Process.user, reason: "new store"),
      at: Key(UInt64(1)), in: &write)
    try write.commit()
    try environment.close()
  }
}

extension SpaceRecord {
  /// The space of vectors of that width that are made elsewhere.
  init(ofVectors width: Int) {
    self.init(
      checkpoint: nil, width: width, maxLength: 0, passagePrefix: "", numericPath: nil, files: [])
  }

  /// What a code must have been made with to be compared with a query of this space.
  var id: String {
    guard let checkpoint, let numericPath else { return SHA256.hex(of: "vectors\n\(width)") }
    let facts = "\(checkpoint)\n\(maxLength)\n\(numericPath.rawValue)\n\(passagePrefix)"
    return SHA256.hex(of: facts)
  }
}
