internal import Corpus
internal import LMDB
internal import LinearAlgebra

/// What an ingest of vectors found and did.
public struct VectorIngestSummary: Sendable, Equatable {
  /// Vectors in the file, as far as it was read.
  public internal(set) var readCount = 0
  public internal(set) var newCount = 0
  /// Vectors whose id was there with another code.
  public internal(set) var updatedCount = 0
  /// Vectors whose id was there with the same code.
  public internal(set) var unchangedCount = 0
  /// Of those read, how many were brought to unit length.
  public internal(set) var normalizedCount = 0
  public internal(set) var upkeep = IndexUpkeep()
  /// Whether it was asked to stop before the end.
  public internal(set) var isInterrupted = false
}

extension Store {
  /// Adds vectors that were made elsewhere, or updates those whose code differs, to a store that was made
  /// for them (`create(at:dimension:codec:)`). Their passages have no text.
  ///
  /// Both files are checked as a whole before the first write. Each batch is one transaction; stopped or
  /// killed at any moment, the same call goes on where it was.
  /// - Parameters:
  ///   - file: an .npy or .fvecs matrix of D columns.
  ///   - idFile: the ids of its rows, one a line.
  ///   - limit: read at most so many vectors.
  ///   - progress: answering false stops after the batch at hand.
  /// - Throws: `CorpusError` for a malformed file, `StoreError.hasEncoder`, `.vectorWidth`, `.vectorIDs`,
  ///   `LMDBError`.
  /// - Complexity: memory for one batch, whatever the file's size.
  public func ingest(
    vectors file: String, ids idFile: String, limit: Int? = nil, progress: @escaping ProgressHandler
  ) throws -> VectorIngestSummary {
    let kernels = try kernels()
    let width = try VectorIndex(self, kernels: kernels, in: environment.snapshot()).width
    var source = try VectorSource(vectors: file, ids: idFile, width: width, limit: limit)
    let total = source.count
    var summary = VectorIngestSummary()
    summary.isInterrupted = try !source.check { read in
      progress(Progress(stage: .checking, done: read, total: total))
    }
    while !summary.isInterrupted, let batch = try source.next() {
      var rest = batch.ids.indices
      while !rest.isEmpty {
        (summary, rest) = try growingMap { try store(batch, rest, kernels, after: summary) }
        try Merge(store: self, indexID: indexOfVersion(nil)).runIfNeeded()
      }
      summary.normalizedCount = source.normalizedCount
      let state = Progress(stage: .storing, done: source.done, total: total)
      summary.isInterrupted = !progress(state) && source.done < total
    }
    if !summary.isInterrupted {
      summary.upkeep = try keepUpIndex(progress: progress)
    }
    return summary
  }

  /// One transaction: new rows for the vectors of a batch, with their codes.
  ///
  /// - Returns: what was done so far with what it did, and what of `places` is left: where many are
  ///   updates, all of them would be too much for one transaction.
  private func store(
    _ batch: VectorBatch, _ places: Range<Int>, _ kernels: Kernels,
    after before: VectorIngestSummary
  ) throws -> (VectorIngestSummary, rest: Range<Int>) {
    var summary = before
    var write = try environment.beginWrite()
    let limit = try removalBatchSize(in: write)
    var index = try VectorIndex(self, kernels: kernels, in: write)
    let (changes, rest) = try changes(batch, places, index, limit, &summary, in: write)
    if changes.isEmpty {
      write.abort()
      return (summary, rest)
    }
    var record = try storeRecord(in: write)
    let first = record.nextRow
    guard changes.count <= UInt32.max - first else { throw StoreError.tooManyRows(path: path) }
    var writer = RowWriter(tables: tables)
    let firstRowCodedNowhere = try firstRowCodedNowhere(in: write)
    for change in changes {
      try writer.add(
        batch.ids[change.place], "", .none, row: record.nextRow, replacing: change.previous,
        firstRowCodedNowhere: firstRowCodedNowhere, in: &write)
      record.nextRow += 1
    }
    record.textSizeInBytes += writer.textSizeChange
    try tables.meta.put(record: record, at: "store", in: &write)
    let vectors = batch.vectors(at: changes.map(\.place))
    try index.add(vectors.span, rows: first..<record.nextRow, in: &write)
    try write.commit()
    return (summary, rest)
  }

  /// The vectors of a batch that are to be stored: the last one of each id, unless its row has that code.
  ///
  /// - Parameter limit: rows that they may replace.
  /// - Returns: those, and the places that were not looked at.
  private func changes(
    _ batch: VectorBatch, _ places: Range<Int>, _ index: VectorIndex, _ limit: Int,
    _ summary: inout VectorIngestSummary, in write: borrowing WriteTransaction
  ) throws -> ([VectorChange], rest: Range<Int>) {
    var changes: [Identifier: VectorChange] = [:]
    var reader = try RowReader(self, in: write)
    var (place, replacedCount) = (places.lowerBound, 0)
    while place < places.upperBound, replacedCount < limit {
      defer { place += 1 }
      let id = batch.ids[place]
      summary.readCount += 1
      let earlier = changes[id]
      let previous = if let earlier { earlier.previous } else { try stored(id, &reader, in: write) }
      var change = VectorChange(place: place, previous: previous)
      if let previous {
        change.isStored = try index.has(
          batch.vectors.span.extracting(batch.range(of: place)), as: previous.row, in: write)
      }
      // An id that a batch has twice is compared with the vector before.
      let isUnchanged =
        if let earlier { batch.haveEqualVectors(at: earlier.place, place) } else { change.isStored }
      changes[id] = change
      if previous != nil, !change.isStored { replacedCount += 1 }
      if isUnchanged {
        summary.unchangedCount += 1
      } else if previous == nil && earlier == nil {
        summary.newCount += 1
      } else {
        summary.updatedCount += 1
      }
    }
    let wanted = changes.values.filter { !$0.isStored }.sorted { $0.place < $1.place }
    return (wanted, place..<places.upperBound)
  }
}

/// What the vector of an id comes to.
private struct VectorChange {
  /// Where it is in its batch.
  let place: Int
  /// The id's row.
  let previous: StoredRow?
  /// Whether that row has its code.
  var isStored = false
}
