public import IVF
internal import LMDB
internal import LinearAlgebra

/// How an index is clustered.
public struct ReindexOptions: Sendable {
  /// Lists; nil for about 4·√N.
  public var listCount: Int?
  /// Nil to keep the codec.
  public var codec: Codec?
  /// Decides sample, seeding and rotation.
  public var seed: UInt64 = 1

  public init() {}

  /// 4·√N for N codes, within what an index can have, and at least about 16 codes a list.
  static func usualListCount(_ count: Int) -> Int {
    max(1, min(Int((4 * Double(count).squareRoot()).rounded()), count / 16, 65_000))
  }
}

/// What a clustering did.
public struct ReindexSummary: Sendable, Equatable {
  public internal(set) var codeCount = 0
  /// 0 where there are too few passages to make any.
  public internal(set) var listCount = 0
  /// L · Σ nᵢ² / N²: 1 where all lists have the same length.
  public internal(set) var imbalance = 1.0
  /// Seconds of each step.
  public internal(set) var trainSeconds = 0.0
  public internal(set) var assignSeconds = 0.0
  public internal(set) var writeSeconds = 0.0
  public internal(set) var calibrateSeconds = 0.0
  public internal(set) var calibration: Calibration?
  /// The files of queries with which the old index was measured, by the versions that ask so.
  public internal(set) var lostQueryFiles: [String: String] = [:]
  /// Why the recall of other versions that ask the index is not measured, by their names.
  public internal(set) var unmeasured: [String: String] = [:]

  init(unclustered count: Int = 0) { codeCount = count }
}

/// Makes a clustered index from the codes of another one, beside it, and puts it in its place.
///
/// Nothing is encoded again. The old index serves and takes new codes until one transaction makes every
/// version that names it name the new one. What another process adds or deletes meanwhile is seen:
/// deletions find the rows in `places` of the new index, which is written first; additions are caught
/// up before the exchange.
struct IndexBuild {
  let store: Store
  let sourceID: UInt32
  let options: ReindexOptions
  let kernels: Kernels
  let progress: ProgressHandler
  var workerCount = Process.processorCount
  /// Values of `places` in one transaction.
  var placesAtOnce = 1_024
  /// Bytes of codes in one transaction.
  var batchSizeInBytes = 32 << 20
  var summary = ReindexSummary()

  /// Vectors for each list in the sample that centroids are trained on: faiss' rule is 39 to 256, and more
  /// than 64 bring nothing measurable.
  static let samplePerList = 64

  init(
    _ store: Store, index: UInt32, _ options: ReindexOptions, kernels: Kernels,
    progress: @escaping ProgressHandler
  ) {
    self.store = store
    sourceID = index
    self.options = options
    self.kernels = kernels
    self.progress = progress
  }

  /// - Returns: the new index, filled but for what came in meanwhile; no version names it yet.
  /// - Throws: `StoreError.stopped`, `.cannotRecode`, `.tooFewForLists`, `.cannotCluster`,
  ///   `LMDBError`, `.mapFull` among them: what was written is worthless then.
  /// - Complexity: memory for 10 bytes a code, 66 · D bytes a list, and 32 MiB of codes.
  mutating func fill() throws -> UInt32 {
    let snapshot = try store.environment.snapshot()
    let source = try store.index(sourceID, in: snapshot)
    let width = try store.space(source.space, in: snapshot).width
    let codec = options.codec ?? source.codec
    guard codec.canBeMade(from: source.codec) else {
      throw StoreError.cannotRecode(path: store.path, from: source.codec, to: codec)
    }
    let stored = try store.storedCodes(ofIndex: sourceID, source, width: width, in: snapshot)
    let listCount = options.listCount ?? ReindexOptions.usualListCount(stored.count)
    guard stored.count >= listCount, listCount >= 1 else {
      throw StoreError.tooFewForLists(path: store.path, lists: listCount, count: stored.count)
    }
    // Counted anew where a build that filled the map is repeated.
    summary = ReindexSummary()
    var watch = Stopwatch()
    let quantizer = try train(stored, listCount: listCount, codec)
    summary.trainSeconds = watch.lap()
    let lists = try assign(stored, quantizer)
    summary.assignSeconds = watch.lap()
    let record = IndexRecord(
      space: source.space, codec: codec, count: 0, nextRow: source.nextRow, state: .building,
      clustering: ClusteringRecord(
        listCount: quantizer.listCount, trainedCount: stored.count, seed: options.seed,
        created: timestamp(), mergedRow: source.nextRow, merging: nil))
    let id = try begin(record, quantizer)
    let numbers = stored.numbers(ofParts: 0..<stored.partCount)
    try putPlaces(id, stored, numbers, lists)
    try putLists(id, stored, numbers, lists, quantizer)
    summary.writeSeconds = watch.lap()
    summary.codeCount = stored.count
    summary.listCount = quantizer.listCount
    return id
  }

  private func go(_ stage: Progress.Stage, _ done: Int, _ total: Int) throws {
    guard progress(Progress(stage: stage, done: done, total: total)) else {
      throw StoreError.stopped(path: store.path)
    }
  }

  // MARK: Lists in memory

  private func train(
    _ stored: StoredCodes, listCount: Int, _ codec: Codec
  ) throws -> IndexQuantizer {
    let numbers = stored.sample(
      min(stored.count, Self.samplePerList * listCount), seed: options.seed)
    try go(.clustering, 0, 1)
    let progress = progress
    var training = SphericalKMeans(
      listCount: listCount, workerCount: workerCount, kernels: kernels)
    training.seed = options.seed
    let trained: TrainedLists?
    do throws(CentroidError) {
      trained = try training.train(on: stored.vectors(numbers)) {
        progress(Progress(stage: .clustering, done: $0, total: $1))
      }
    } catch { throw StoreError.cannotCluster(path: store.path, problem: "\(error)") }
    guard let trained else { throw StoreError.stopped(path: store.path) }
    return IndexQuantizer(
      trained.quantizer, codec: codec, seed: options.seed, kernels: kernels)
  }

  /// The list of each code, in the order of `stored`.
  private mutating func assign(
    _ stored: StoredCodes, _ quantizer: IndexQuantizer
  ) throws -> [UInt16] {
    var lists: [UInt16] = []
    lists.reserveCapacity(stored.count)
    var start = 0
    while start < stored.partCount {
      try go(.assigning, lists.count, stored.count)
      // Parts of a clustered index are short.
      let parts = start..<min(start + 256, stored.partCount)
      let numbers = stored.numbers(ofParts: parts)
      lists += quantizer.assign(stored, numbers, workerCount: workerCount)
      start = parts.upperBound
    }
    return lists
  }

  // MARK: Lists on disk

  /// One transaction: the record of an index that no version names, its centroids, empty lists.
  private func begin(_ record: IndexRecord, _ quantizer: IndexQuantizer) throws -> UInt32 {
    var write = try store.environment.beginWrite()
    let id = try store.newIndexID(in: &write)
    try store.tables.indexes.put(record: record, at: Key(id), in: &write)
    let centroids = quantizer.centroids.bytes
    try store.tables.centroids.put(centroids.span, at: Key(id), in: &write)
    let lists = ListBlocks(
      store: store, indexID: id, codec: record.codec, width: quantizer.width, quantizer: quantizer)
    try lists.putEmptyDirectory(in: &write)
    try write.commit()
    // Not before: after a failed commit the number goes to another index.
    _ = store.cache.keep(quantizer, of: id)
    return id
  }

  /// The list of every row that is still there.
  private func putPlaces(
    _ id: UInt32, _ stored: StoredCodes, _ numbers: [UInt32], _ lists: [UInt16]
  ) throws {
    let groups = RowGroups(count: numbers.count, size: Places.size) { stored.row(numbers[$0]) }
    for start in stride(from: 0, to: groups.count, by: placesAtOnce) {
      let range = start..<min(groups.count, start + placesAtOnce)
      if groups.isEmpty(range) { continue }
      try go(.writing, 0, stored.count)
      try putPlaces(id, range, groups) { (stored.row(numbers[$0]), lists[$0]) }
    }
  }

  /// One transaction.
  private func putPlaces(
    _ id: UInt32, _ range: Range<Int>, _ groups: RowGroups,
    _ place: (Int) -> (row: UInt32, list: UInt16)
  ) throws {
    var write = try store.environment.beginWrite()
    try store.requireBuilding(id, in: write)
    var codes = try IndexCodes(store, id, in: write)
    let size = Int(Places.size)
    let first = range.lowerBound * size
    var isThere = [Bool](repeating: false, count: range.count * size)
    try store.mark(rows: first..<range.upperBound * size, in: write) { isThere[$0 - first] = true }
    for group in range {
      var entries = [UInt16](repeating: Places.none, count: size)
      let before = codes.record.count
      for position in groups[group] {
        let (row, list) = place(Int(position))
        guard isThere[Int(row) - first] else { continue }
        entries[Int(row) % size] = list
        codes.record.count += 1
      }
      if codes.record.count == before { continue }
      try codes.places.put(UInt32(group), entries, in: &write)
    }
    try codes.save(in: &write)
    try write.commit()
  }

  private mutating func putLists(
    _ id: UInt32, _ stored: StoredCodes, _ numbers: [UInt32], _ lists: [UInt16],
    _ quantizer: IndexQuantizer
  ) throws {
    let members = ListMembers(lists, listCount: quantizer.listCount)
    summary.imbalance = TrainedLists.imbalance(of: members.sizes)
    let size = quantizer.codec.listedSizeInBytes(width: stored.width)
    var (start, written) = (0, 0)
    while start < quantizer.listCount {
      try go(.writing, written, stored.count)
      var (end, bytes) = (start, 0)
      while end < quantizer.listCount, bytes < batchSizeInBytes {
        bytes += size * members.ranges[end].count
        end += 1
      }
      var write = try store.environment.beginWrite()
      try store.requireBuilding(id, in: write)
      let codes = try IndexCodes(store, id, in: write)
      var changes: [Int: Int] = [:]
      for list in start..<end {
        let members = members.order[members.ranges[list]].map { numbers[Int($0)] }
        changes[list] = try put(members, in: list, codes, stored, &write)
      }
      try codes.lists?.change(counts: changes, in: &write)
      try write.commit()
      written += bytes / size
      start = end
    }
  }

  /// Writes one list, block by block: the codes of rows that have their place there still; how many.
  private func put(
    _ members: [UInt32], in list: Int, _ codes: IndexCodes, _ stored: StoredCodes,
    _ write: inout WriteTransaction
  ) throws -> Int {
    let empty = CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
    var (builder, number, count) = (empty, 0, 0)
    var floats = [Float](repeating: 0, count: codes.width)
    for member in members.sorted(by: { stored.row($0) < stored.row($1) }) {
      let row = stored.row(member)
      guard try codes.places.list(of: row, in: write) == list else { continue }
      if codes.record.codec.hasCodes(of: stored.codec) {
        stored.append(member, to: &builder)
      } else {
        var view = floats.mutableSpan
        stored.decode(member, into: &view)
        builder.append(row: row, embedding: floats.span, kernels: kernels)
      }
      count += 1
      guard builder.count == InvertedLists.blockCapacity else { continue }
      try codes.lists?.put(builder, 0..<builder.count, list, number, in: &write)
      (builder, number) = (empty, number + 1)
    }
    if builder.count > 0 {
      try codes.lists?.put(builder, 0..<builder.count, list, number, in: &write)
    }
    return count
  }
}

/// Which codes have rows in the same stretch of row numbers: stretch by stretch, in no order within one.
private struct RowGroups {
  private var order: [UInt32]
  private var ends: [UInt32]

  /// - Parameter row: of a code; asked twice.
  init(count codeCount: Int, size: UInt32, row: (Int) -> UInt32) {
    var ends: [UInt32] = []
    for code in 0..<codeCount {
      let group = Int(row(code) / size)
      if group >= ends.count {
        ends.append(contentsOf: repeatElement(0, count: group + 1 - ends.count))
      }
      ends[group] += 1
    }
    var end: UInt32 = 0
    for group in ends.indices { (ends[group], end) = (end, end + ends[group]) }
    order = [UInt32](repeating: 0, count: codeCount)
    for code in 0..<codeCount {
      let group = Int(row(code) / size)
      order[Int(ends[group])] = UInt32(code)
      ends[group] += 1
    }
    self.ends = ends
  }

  var count: Int { ends.count }

  subscript(group: Int) -> ArraySlice<UInt32> {
    order[Int(group == 0 ? 0 : ends[group - 1])..<Int(ends[group])]
  }

  func isEmpty(_ groups: Range<Int>) -> Bool {
    (groups.lowerBound == 0 ? 0 : ends[groups.lowerBound - 1]) == ends[groups.upperBound - 1]
  }
}

extension Store {
  /// Calls `body` with each row of a range that is there.
  fileprivate func mark(
    rows range: Range<Int>, in write: borrowing WriteTransaction, _ body: (Int) -> Void
  ) throws {
    var cursor = try tables.rows.cursor(in: write)
    var isThere = try cursor.seek(atOrAfter: Key(UInt32(range.lowerBound)))
    while isThere, let row = cursor.key.bigEndianUInt32(at: 0), Int(row) < range.upperBound {
      body(Int(row))
      isThere = try cursor.next()
    }
  }

  /// A number that no index ever had.
  func newIndexID(in write: inout WriteTransaction) throws -> UInt32 {
    var record = try storeRecord(in: write)
    let highest = try indexIDs(in: write).max() ?? 0
    let id = max(record.nextIndex ?? 0, highest + 1)
    record.nextIndex = id + 1
    try tables.meta.put(record: record, at: "store", in: &write)
    return id
  }
}
