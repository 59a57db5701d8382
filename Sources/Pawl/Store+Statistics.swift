internal import IVF
internal import LMDB
internal import Training

/// Figures about a store.
public struct StoreStatistics: Sendable, Equatable, Encodable {
  public struct Table: Sendable, Equatable, Encodable {
    public let name: String
    public let entryCount: Int
    /// Pages × page size: what the table takes of the file.
    public let sizeInBytes: Int
  }

  public struct Version: Sendable, Equatable, Encodable {
    public let name: String
    public let isActive: Bool
    public let state: String
    public let parent: String?
    public let created: String
    public let origin: String
    public let width: Int
    /// Whether it makes vectors of texts; else they are made elsewhere.
    public let hasEncoder: Bool
    /// 0 without encoder.
    public let maxLength: Int
    public let codec: String
    public let embeddedCount: Int
    public let pendingCount: Int
    /// Bytes of the vectors as the encoder makes them.
    public let floatSizeInBytes: Int
    /// Bytes of their codes, scales and row numbers.
    public let codeSizeInBytes: Int
    /// Nil where all codes are in one place, and every search is exact.
    public let clustering: ClusteringStatistics?
    /// Whether a rollback goes to it.
    public let isPrevious: Bool
    /// Nil for one whose queries and passages have one encoder.
    public let bridge: BridgeFigures?
    /// MRR@10 on the queries that its training kept back, of its parent and of it; nil for one that was not
    /// trained here.
    public let training: TrainingFigures?
  }

  public struct TrainingFigures: Sendable, Equatable, Encodable {
    public let recipe: String
    public let steps: Int
    public let parent: Double
    public let metric: Double
  }

  public let formatVersion: Int
  public let created: String
  public let passageCount: Int
  /// UTF-8 bytes of all stored texts; what they take compressed is the size of the table `rows`.
  public let textSizeInBytes: Int
  /// The file up to its last used page.
  public let usedBytes: Int
  /// Of these, pages that no table uses: the next writes take them.
  public let freeBytes: Int
  public let fileSizeInBytes: Int
  /// Addresses reserved, not memory or disk.
  public let mapSizeInBytes: Int
  /// Pages × page size of all tables that indexes consist of.
  public let indexSizeInBytes: Int
  /// Of these, bytes for each code; 0 where there is none.
  public let indexBytesPerVector: Double
  public let tables: [Table]
  public let versions: [Version]
}

extension Store {
  /// Figures about tables and versions as one commit left them, and about the file.
  ///
  /// - Complexity: O(tables + versions).
  public func statistics() throws -> StoreStatistics {
    let snapshot = try environment.snapshot()
    let record = try storeRecord(in: snapshot)
    var tableFigures: [StoreStatistics.Table] = []
    for table in tables.all {
      let figures = try table.statistics(in: snapshot)
      tableFigures.append(
        .init(name: table.name, entryCount: figures.entries, sizeInBytes: figures.sizeInBytes))
    }
    var (indexBytes, codeCount) = (0, 0)
    for table in tables.ofIndexes {
      indexBytes += try table.statistics(in: snapshot).sizeInBytes
    }
    for id in try indexIDs(in: snapshot) { codeCount += try index(id, in: snapshot).count }
    let info = try environment.info()
    let tableBytes = tableFigures.reduce(0) { $0 + $1.sizeInBytes }
    return StoreStatistics(
      formatVersion: record.format, created: record.created,
      passageCount: try tables.ids.count(in: snapshot), textSizeInBytes: record.textSizeInBytes,
      usedBytes: info.usedBytes, freeBytes: max(0, info.usedBytes - tableBytes),
      fileSizeInBytes: Files.sizeInBytes(path + "/data.mdb") ?? 0,
      mapSizeInBytes: info.mapSizeInBytes, indexSizeInBytes: indexBytes,
      indexBytesPerVector: codeCount > 0 ? Double(indexBytes) / Double(codeCount) : 0,
      tables: tableFigures,
      versions: try versionFigures(in: snapshot))
  }

  /// All versions, oldest first.
  public func versions() throws -> [StoreStatistics.Version] {
    try versionFigures(in: environment.snapshot())
  }

  private func versionFigures(
    in snapshot: borrowing Snapshot
  ) throws -> [StoreStatistics.Version] {
    let active = try activeVersion(in: snapshot)
    let previous = try previousVersion(in: snapshot)
    var figures: [StoreStatistics.Version] = []
    for version in try versionRecords(in: snapshot) {
      let space = try space(version.space, in: snapshot)
      if version.isCollected {
        figures.append(.init(collected: version, space))
        continue
      }
      let index = try index(version.index, in: snapshot)
      figures.append(
        .init(
          name: version.name, isActive: version.name == active, state: version.state,
          parent: version.parent, created: version.created, origin: version.origin,
          width: space.width, hasEncoder: space.checkpoint != nil, maxLength: space.maxLength,
          codec: index.codec.rawValue,
          embeddedCount: index.count, pendingCount: try pendingCount(of: index, in: snapshot),
          floatSizeInBytes: index.count * Codec.float32.codeSizeInBytes(width: space.width),
          codeSizeInBytes: index.count * index.codec.listedSizeInBytes(width: space.width),
          clustering: try clusteringStatistics(for: version, index, in: snapshot),
          isPrevious: version.name == previous, bridge: version.bridge.map(BridgeFigures.init),
          training: version.training.map(StoreStatistics.TrainingFigures.init)))
    }
    return figures
  }
}

extension StoreStatistics.TrainingFigures {
  fileprivate init(_ record: TrainingRecord) {
    self.init(
      recipe: record.recipe.name, steps: record.stepCount, parent: record.baseMetric,
      metric: record.metric)
  }
}

extension StoreStatistics.Version {
  /// One of which only the record is left.
  fileprivate init(collected version: VersionRecord, _ space: SpaceRecord) {
    self.init(
      name: version.name, isActive: false, state: version.state, parent: version.parent,
      created: version.created, origin: version.origin, width: space.width,
      hasEncoder: space.checkpoint != nil, maxLength: space.maxLength, codec: "none",
      embeddedCount: 0, pendingCount: 0, floatSizeInBytes: 0, codeSizeInBytes: 0, clustering: nil,
      isPrevious: false, bridge: version.bridge.map(BridgeFigures.init),
      training: version.training.map(StoreStatistics.TrainingFigures.init))
  }
}
