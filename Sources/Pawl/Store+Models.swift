internal import Corpus
internal import Encoding
internal import LMDB
internal import Training

/// A version that is to be made of what somebody has.
public struct ImportOptions: Sendable {
  public enum Source: Sendable, Equatable {
    /// A sentence-transformers directory.
    case model(String)
    /// A folder of low-rank adapters in PEFT's format, for the version's encoder.
    case adapter(String)
    /// The version's own encoder, with other settings.
    case version
  }

  public var source: Source
  /// Whose child it is; nil: the active version.
  public var version: String?
  /// Nil: of a model what its config_sentence_transformers.json says, else as the version has it.
  public var queryPrefix: String?
  public var passagePrefix: String?
  /// Tokens of the longest text; nil: of a model its own, else the version's.
  public var maxLength: Int?

  public init(_ source: Source) { self.source = source }
}

/// A version that was made of what somebody has.
public struct ImportSummary: Sendable, Equatable {
  public let version: String
  /// What was done for an index that it shares with others.
  public let upkeep: IndexUpkeep
}

extension Store {
  /// Makes the next version of an outside model, of adapters on a version, or of a version with other settings.
  ///
  /// One whose passages' vectors are those of another version shares its index, of which recall is measured for its
  /// queries; else it is `trained`, with an index that has no codes yet.
  /// - Throws: `EncodingError` for files that cannot be used, `StoreError`; nothing is left behind. What happens after
  ///   the version is there is a problem of the upkeep.
  public func importVersion(
    _ options: ImportOptions, progress: @escaping ProgressHandler = { _ in true }
  ) throws -> ImportSummary {
    try asOnlyJob(JobRecord.importing) {
      let version = try addImported(options, progress)
      return ImportSummary(version: version, upkeep: measureIfDue(version, progress: progress))
    }
  }

  private func addImported(
    _ options: ImportOptions, _ progress: ProgressHandler
  ) throws -> String {
    func requireGoingOn() throws {
      let isWanted = progress(Progress(stage: .reading, done: 0, total: 0))
      if !isWanted { throw StoreError.stopped(path: path) }
    }
    let snapshot = try environment.snapshot()
    let parent = try version(options.version, in: snapshot)
    if case .model = options.source {} else { try requireOwnEncoder(of: parent) }
    let space = try space(parent.space, in: snapshot)
    guard let checkpoint = space.checkpoint else { throw StoreError.noEncoder(path: path) }
    let base = try ModelDirectory(path: checkpointPath(checkpoint))
    switch options.source {
    case .model(let path):
      // Loading proves that the model works before anything is written.
      let encoder = try TextEncoder(
        path: path, maxLength: options.maxLength, numericPath: .standard,
        environment: Process.environment)
      let model = encoder.directory
      var new = NewVersion(
        parent: parent.name, queryPrefix: options.queryPrefix ?? model.prompts.query,
        origin: "imported from \(path)")
      new.adapter = try QueryAdapterFile.read(inModel: path, width: encoder.width)
      try requireGoingOn()
      return try add(
        new, model, maxLength: encoder.maxLength,
        passagePrefix: options.passagePrefix ?? model.prompts.passage, numericPath: .standard)
    case .version:
      try base.require(maxLength: options.maxLength)
      var new = NewVersion(
        parent: parent.name, queryPrefix: options.queryPrefix ?? parent.queryPrefix,
        origin: "\(parent.name) with other settings")
      new.keepsAdapter = true
      return try add(
        new, base, maxLength: options.maxLength ?? space.maxLength,
        passagePrefix: options.passagePrefix ?? space.passagePrefix, numericPath: space.numericPath)
    case .adapter(let path):
      try base.require(maxLength: options.maxLength)
      let (layout, values) = try AdapterFile.read(path, base.configuration)
      let merged = try TrainedValues(of: base).merged(with: layout, values)
      let folder = try PartialFolder(beside: "\(self.path)/checkpoints/import")
      defer { folder.discard() }
      let maxLength = options.maxLength ?? space.maxLength
      try ModelWriter(base: base, layout: merged.layout).write(
        merged.values, maxLength: maxLength, to: folder.path)
      try requireGoingOn()
      return try add(
        NewVersion(
          parent: parent.name, queryPrefix: options.queryPrefix ?? parent.queryPrefix,
          origin: "\(parent.name) with the adapters of \(path)"),
        ModelDirectory(path: folder.path), maxLength: maxLength,
        passagePrefix: options.passagePrefix ?? space.passagePrefix, numericPath: space.numericPath)
    }
  }

  /// Writes a version's encoder as a sentence-transformers directory with a model card.
  ///
  /// - Parameter target: a path where nothing is; the folder appears whole or not at all.
  /// - Throws: `StoreError.exists`, `.noEncoder`.
  public func exportModel(to target: String, version name: String? = nil) throws -> String {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    try requireOwnEncoder(of: version)
    let space = try space(version.space, in: snapshot)
    guard let checkpoint = space.checkpoint else { throw StoreError.noEncoder(path: path) }
    try Checkpoint.verify(space.files, of: checkpoint, inStoreAt: path)
    let base = try ModelDirectory(path: checkpointPath(checkpoint))
    let place = StorePlace.withoutTrailingSlashes(target)
    try requireOutput(place, apartFrom: [])
    let folder = try PartialFolder(for: place)
    do {
      let values = try TrainedValues(of: base)
      try ModelWriter(base: base, layout: values.layout).write(
        values.values, maxLength: space.maxLength, to: folder.path)
      let card = ModelCard(
        version: version, space: space, ancestors: try ancestors(of: version, in: snapshot),
        base: base)
      try write(card.prompts(), to: folder.path + "/config_sentence_transformers.json")
      if let digest = version.adapter {
        let adapter = try queryAdapter(digest, width: space.width, in: snapshot)
        try QueryAdapterFile.write(adapter, to: folder.path)
      }
      try write(card.text, to: folder.path + "/README.md")
      try folder.publish()
    } catch {
      folder.discard()
      throw error
    }
    return version.name
  }

  /// - Throws: `StoreError.isBridge` for a version that has one encoder for queries and another for passages.
  func requireOwnEncoder(of version: VersionRecord) throws {
    if let bridge = version.bridge {
      throw StoreError.isBridge(path: path, version: version.name, source: bridge.source)
    }
  }

  private func write(_ text: String, to path: String) throws {
    var file = try OutputFile(path: path)
    try file.write(text)
    try file.commit()
  }

  /// A version's parent, its parent, and so on.
  func ancestors<T: Transaction & ~Copyable>(
    of version: VersionRecord, in transaction: borrowing T
  ) throws -> [VersionRecord] {
    var (found, next): ([VersionRecord], String?) = ([], version.parent)
    while let name = next {
      guard
        let record = try tables.versions.record(VersionRecord.self, at: Key(name), in: transaction)
      else { throw damaged("version \(name)", "it is not there") }
      found.append(record)
      next = record.parent
    }
    return found
  }
}
