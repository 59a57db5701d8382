internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// A version that asks another version's vectors, and what its map loses.
public struct BridgeSummary: Sendable, Equatable {
  public let version: String
  /// Whose vectors.
  public let target: String
  public let figures: BridgeFigures
  /// What was done for the index that it shares with others.
  public internal(set) var upkeep = IndexUpkeep()
}

/// How queries of one version come to vectors of another.
public struct BridgeFigures: Sendable, Equatable, Encodable {
  /// Whose queries.
  public let source: String
  /// Passages that the map was learned from, and others that it was tried on.
  public let learnedCount: Int
  public let triedCount: Int
  /// Of those others the mean cosine of the source's vectors to those that are asked: with the map, and without.
  public let cosine: Double
  public let plainCosine: Double

  init(_ record: BridgeRecord) {
    source = record.source
    learnedCount = record.learnedCount
    triedCount = record.triedCount
    cosine = record.cosine
    plainCosine = record.plainCosine
  }
}

extension Store {
  /// Passages that a bridge looks at. A map learned from 500 finds what one from 4,000 does (medical questions: MRR@10
  /// .7667 to .7656; Debian's packages: .5900 to .5903).
  private static let bridgeSize = 1_280
  /// One in five is kept back, to try the map on.
  private static let bridgeShare = 5
  private static let fewestBridged = 10

  /// Makes a version that asks the vectors of one version with the queries of another, through a rotation between
  /// their spaces that is learned here: it can serve before the other is embedded.
  ///
  /// - Parameters:
  ///   - source: whose queries; it needs no codes.
  ///   - target: whose vectors; nil: the active version's.
  /// - Returns: nil where it was stopped; nothing is left behind then.
  /// - Throws: `StoreError.noBridge`.
  /// - Complexity: at most `bridgeSize` passages are embedded; memory for their vectors, twice.
  public func bridge(
    from source: String, to target: String? = nil, progress: @escaping ProgressHandler
  ) throws -> BridgeSummary? {
    try asOnlyJob(JobRecord.bridging) { try addBridge(from: source, to: target, progress) }
  }

  private func addBridge(
    from source: String, to target: String?, _ progress: @escaping ProgressHandler
  ) throws -> BridgeSummary? {
    let snapshot = try environment.snapshot()
    let versions = (from: try version(source, in: snapshot), to: try version(target, in: snapshot))
    try requireBridge(versions.from, versions.to, in: snapshot)
    guard let (map, record) = try bridge(versions.from, versions.to, in: snapshot, progress) else {
      return nil
    }
    var new = NewVersion(
      parent: source, queryPrefix: versions.from.queryPrefix,
      origin: "\(source)'s queries of the vectors of \(versions.to.name)")
    new.adapter = map
    // What the vectors have learned counts as much as what the queries have.
    new.used = UsedQueries(joining: try usedQueries(by: versions.to, in: snapshot))
    let name = try add(new, record, to: versions.to.name)
    return BridgeSummary(
      version: name, target: versions.to.name, figures: BridgeFigures(record),
      upkeep: measureIfDue(name, progress: progress))
  }

  private func requireBridge(
    _ source: VersionRecord, _ target: VersionRecord, in snapshot: borrowing Snapshot
  ) throws {
    let spaces = (
      from: try space(source.space, in: snapshot), to: try space(target.space, in: snapshot)
    )
    if spaces.from.checkpoint == nil { throw StoreError.noEncoder(path: path) }
    func refuse(_ reason: String) -> StoreError {
      .noBridge(path: path, source: source.name, target: target.name, reason: reason)
    }
    if source.adapter != nil {
      throw refuse("\(source.name) moves its queries already. Take the version that it was made of")
    }
    if source.space == target.space { throw refuse("the vectors of both are the same") }
    if spaces.from.width != spaces.to.width {
      throw refuse(
        "a vector of \(source.name) has \(spaces.from.width) dimensions, one of \(target.name) \(spaces.to.width)"
      )
    }
  }

  /// - Returns: nil where it was stopped.
  private func bridge(
    _ source: VersionRecord, _ target: VersionRecord, in snapshot: borrowing Snapshot,
    _ progress: @escaping ProgressHandler
  ) throws -> (map: QueryAdapter, record: BridgeRecord)? {
    let codes = try IndexCodes(self, target.index, in: snapshot).codes(
      of: sampledRows(Self.bridgeSize, seed: 5, in: snapshot), in: snapshot)
    guard codes.count >= Self.fewestBridged else {
      throw StoreError.noBridge(
        path: path, source: source.name, target: target.name,
        reason:
          "\(codes.count) of the passages that were looked at are embedded for \(target.name), and "
          + "\(Self.fewestBridged) are the least")
    }
    let space = try space(source.space, in: snapshot)
    let encoder = try encoder(for: space)
    let vectors = try encode(
      codes.rows, by: encoder, prefix: space.passagePrefix, in: snapshot, progress: progress)
    guard let vectors else { return nil }
    let (D, targets) = (space.width, codes.decoded())
    func rows(of matrix: [Float], areKept: Bool) -> [Float] {
      codes.rows.indices.filter { (($0 + 1) % Self.bridgeShare == 0) == areKept }
        .flatMap { matrix[$0 * D..<($0 + 1) * D] }
    }
    let learned = rows(of: vectors, areKept: false)
    let map = SpaceMap(from: learned, to: rows(of: targets, areKept: false), width: D)?.adapter
    guard let map else {
      throw damaged("index \(target.index)", "a code of it stands for a number that is not finite")
    }
    let (plain, wanted) = (rows(of: vectors, areKept: true), rows(of: targets, areKept: true))
    var mapped = plain
    map.apply(to: &mapped, kernels: encoder.kernels)
    let record = BridgeRecord(
      source: source.name, space: source.space, learnedCount: learned.count / D,
      triedCount: plain.count / D,
      cosine: Self.meanCosine(mapped, wanted, width: D),
      plainCosine: Self.meanCosine(plain, wanted, width: D))
    return (map, record)
  }

  /// Of N × D to N × D, row by row.
  private static func meanCosine(_ a: [Float], _ b: [Float], width D: Int) -> Double {
    var sum = 0.0
    for start in stride(from: 0, to: a.count, by: D) {
      var (along, squares) = (0.0, (0.0, 0.0))
      for k in start..<start + D {
        let (x, y) = (Double(a[k]), Double(b[k]))
        along += x * y
        squares.0 += x * x
        squares.1 += y * y
      }
      let lengths = (squares.0 * squares.1).squareRoot()
      if lengths > 0 { sum += along / lengths }
    }
    return sum / Double(max(1, a.count / D))
  }
}
