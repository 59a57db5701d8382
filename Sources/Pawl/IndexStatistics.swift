internal import IVF
internal import LMDB

/// How the codes of an index are distributed over lists.
public struct ClusteringStatistics: Sendable, Equatable, Encodable {
  public let listCount: Int
  /// L · Σ nᵢ² / N² as the lists are now: 1 where all have the same length.
  public let imbalance: Double
  /// Codes that are in no list yet: a query looks through those of its lists all the same.
  public let freshCount: Int
  public let freshShare: Double
  /// Codes at the last clustering.
  public let trainedCount: Int
  /// Codes now as a multiple of those: above 4 an ingest clusters anew.
  public let staleness: Double
  public let created: String
  /// Nil where recall has not been measured: every search for a recall is exact then.
  public let calibration: CalibrationReport?
  /// Whether so many vectors came since recall was measured that promises may not hold.
  public let isCalibrationOutgrown: Bool
}

/// A calibration as others read it.
public struct CalibrationReport: Sendable, Equatable, Encodable {
  public struct Curve: Sendable, Equatable, Encodable {
    public let k: Int
    public let points: [Calibration.Point]

    /// See `Calibration.Curve.point(promising:)`.
    public func point(promising recall: Double) -> Calibration.Point? {
      Calibration.Curve(k: k, points: points).point(promising: recall)
    }
  }

  /// set, file, spans or vectors.
  public let source: String
  /// The set's or the file's.
  public let name: String?
  /// The source in words.
  public let measuredWith: String
  public let queryCount: Int
  public let created: String
  public let curves: [Curve]

  public init(_ calibration: Calibration) {
    switch calibration.source {
    case .set(let name): (source, self.name) = ("set", name)
    case .file(let path): (source, name) = ("file", path)
    case .spans: (source, name) = ("spans", nil)
    case .vectors: (source, name) = ("vectors", nil)
    }
    measuredWith = "\(calibration.source)"
    queryCount = calibration.queryCount
    created = calibration.created
    curves = calibration.curves.map { Curve(k: $0.k, points: $0.points) }
  }
}

extension Store {
  /// How well a version's queries are answered through the lists of its index; nil where that was not measured.
  ///
  /// - Parameter name: nil: the active one.
  public func calibration(version name: String? = nil) throws -> Calibration? {
    let snapshot = try environment.snapshot()
    return try calibration(of: version(name, in: snapshot), in: snapshot)
  }

  /// Nil for an index without lists.
  ///
  /// - Complexity: O(lists).
  func clusteringStatistics(
    for version: VersionRecord, _ record: IndexRecord, in snapshot: borrowing Snapshot
  ) throws -> ClusteringStatistics? {
    guard let clustering = record.clustering else { return nil }
    let sizes = try listSizes(of: version.index, clustering.listCount, in: snapshot)
    let freshCount = max(0, record.count - sizes.reduce(0, +))
    let calibration = try calibration(of: version, in: snapshot)
    return ClusteringStatistics(
      listCount: clustering.listCount, imbalance: TrainedLists.imbalance(of: sizes),
      freshCount: freshCount, freshShare: Double(freshCount) / Double(max(1, record.count)),
      trainedCount: clustering.trainedCount,
      staleness: Double(record.count) / Double(max(1, clustering.trainedCount)),
      created: clustering.created,
      calibration: calibration.map(CalibrationReport.init),
      isCalibrationOutgrown: calibration?.isOutgrown(by: record.nextRow) ?? false)
  }

  /// What the directory says.
  private func listSizes(
    of id: UInt32, _ listCount: Int, in snapshot: borrowing Snapshot
  ) throws -> [Int] {
    var sizes: [Int] = []
    for first in stride(from: 0, to: listCount, by: ClusteredIndex.directorySize) {
      let key = ClusteredIndex.directoryKey(id, list: first)
      let count = min(ClusteredIndex.directorySize, listCount - first)
      guard let value = try tables.directory.value(of: key, in: snapshot),
        value.count == 4 * count
      else { throw damaged("the directory of index \(id)", "list \(first) is missing") }
      for place in 0..<count { sizes.append(Int(value.littleEndianUInt32(at: 4 * place) ?? 0)) }
    }
    return sizes
  }
}
