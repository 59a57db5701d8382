internal import IVF
internal import LMDB

/// What an embedding and a clustering would make, and about what they would take.
public struct ReindexPlan: Sendable, Equatable, Encodable {
  /// Codes, and passages that would be embedded before.
  public internal(set) var codeCount = 0
  public internal(set) var pendingCount = 0
  /// Tokens of these passages, as a sample of them tells.
  public internal(set) var pendingTokenCount = 0
  /// Seconds of their embedding on this machine, as a short trial tells, and bytes of their codes.
  public internal(set) var embedSeconds = 0.0
  public internal(set) var embedSizeInBytes = 0
  /// Lists that there would be, and that there are.
  public internal(set) var listCount = 0
  public internal(set) var currentListCount = 0
  public internal(set) var codec: String
  /// Bytes of the new index, which are needed beside those of the old one until it is exchanged.
  public internal(set) var sizeInBytes = 0
  /// Of the clustering on this machine, as far as a short trial tells; 0 where there is nothing to try it with.
  public internal(set) var seconds = 0.0
  /// Whether there are enough passages for lists, or somebody wants them all the same.
  public internal(set) var isWanted = false
}

extension Store {
  /// What `reindex` would do; nothing is written.
  ///
  /// - Complexity: a second or two, where passages would be embedded; else a fraction of one.
  public func reindexPlan(
    version name: String? = nil, _ options: ReindexOptions = ReindexOptions()
  ) throws -> ReindexPlan {
    let snapshot = try environment.snapshot()
    var plan = try plan(version: name, options, in: snapshot)
    if plan.pendingCount > 0 {
      try EmbeddingTrial(self, version: name, in: snapshot).estimate(&plan)
    }
    // What has no codes yet is as fast to cluster as what serves.
    let own = plan.codeCount > plan.pendingCount
    let tried = try version(own ? name : nil, in: snapshot).index
    guard plan.isWanted, try index(tried, in: snapshot).count > 0 else { return plan }
    let sharers = try sharing(indexOf: name, in: snapshot).versions
    plan.seconds = try estimatedSeconds(plan, tried, sharers: sharers.count, in: snapshot)
    return plan
  }

  /// All but the time.
  func plan(
    version name: String?, _ options: ReindexOptions, in snapshot: borrowing Snapshot
  ) throws -> ReindexPlan {
    let version = try version(name, in: snapshot)
    let index = try index(version.index, in: snapshot)
    let width = try space(index.space, in: snapshot).width
    let codec = options.codec ?? index.codec
    guard codec.canBeMade(from: index.codec) else {
      throw StoreError.cannotRecode(path: path, from: index.codec, to: codec)
    }
    let hasEncoder = try space(index.space, in: snapshot).checkpoint != nil
    var plan = ReindexPlan(codec: codec.rawValue)
    if hasEncoder { plan.pendingCount = try pendingCount(of: index, in: snapshot) }
    plan.codeCount = index.count + plan.pendingCount
    plan.isWanted = index.isWorthLists(count: plan.codeCount, options)
    if plan.isWanted {
      plan.listCount = options.listCount ?? ReindexOptions.usualListCount(plan.codeCount)
    }
    plan.currentListCount = index.clustering?.listCount ?? 0
    guard !plan.isWanted || plan.codeCount >= plan.listCount else {
      throw StoreError.tooFewForLists(path: path, lists: plan.listCount, count: plan.codeCount)
    }
    plan.sizeInBytes = Self.estimatedSize(plan, codec, width: width, nextRow: index.nextRow)
    return plan
  }

  /// Codes, half a page of room behind those of each list, centroids, and two bytes a row.
  private static func estimatedSize(
    _ plan: ReindexPlan, _ codec: Codec, width: Int, nextRow: UInt32
  ) -> Int {
    let page = 4_096
    let ofList = plan.codeCount / max(1, plan.listCount) * codec.listedSizeInBytes(width: width)
    let room = ofList > page / 2 ? page / 2 : 0
    return plan.codeCount * codec.listedSizeInBytes(width: width) + plan.listCount * room
      + plan.listCount * (width + 12) + 2 * Int(nextRow)
  }

  // MARK: Time

  /// Passes over the sample that a training takes, mending included.
  private static let usualPasses = 12.0
  /// Vectors and centroids of the trial: enough for every worker.
  private static let trialSize = (vectors: 4_096, centroids: 512)
  /// Bytes that a second writes, and codes that a second of calibrating compares.
  private static let writtenBytes = 200e6
  private static let comparedCodes = 20e6
  /// Codes that all ladders compare with one query, for each √N: 90,000 of 10,000, 226,000 of 62,984.
  private static let ladderCodes = 900.0

  private func estimatedSeconds(
    _ plan: ReindexPlan, _ id: UInt32, sharers: Int, in snapshot: borrowing Snapshot
  ) throws -> Double {
    let rate = try assignmentRate(ofIndex: id, in: snapshot)
    let (count, lists) = (Double(plan.codeCount), Double(plan.listCount))
    let sample = min(count, Double(IndexBuild.samplePerList) * lists)
    let compared = sample * lists * Self.usualPasses + count * lists
    let queries = Double(sharers * min(Self.calibrationSize, plan.codeCount))
    let calibration = queries * Self.ladderCodes * count.squareRoot()
    return compared / rate + Double(plan.sizeInBytes) / Self.writtenBytes
      + calibration / Self.comparedCodes
  }

  /// Vectors times centroids that this machine compares in a second.
  private func assignmentRate(
    ofIndex id: UInt32, in snapshot: borrowing Snapshot
  ) throws -> Double {
    let record = try index(id, in: snapshot)
    let width = try space(record.space, in: snapshot).width
    let stored = try storedCodes(ofIndex: id, record, width: width, in: snapshot)
    let centroidCount = min(stored.count, Self.trialSize.centroids)
    let centroids = stored.vectors(stored.sample(centroidCount, seed: 1)).floats()
    let quantizer = IndexQuantizer(
      try CoarseQuantizer(centroids: centroids.span, width: width), codec: record.codec, seed: 1,
      kernels: try kernels())
    let numbers = stored.sample(min(stored.count, Self.trialSize.vectors), seed: 2)
    var watch = Stopwatch()
    _ = quantizer.assign(stored, numbers, workerCount: Process.processorCount)
    return Double(numbers.count * centroidCount) / max(1e-6, watch.lap())
  }
}
