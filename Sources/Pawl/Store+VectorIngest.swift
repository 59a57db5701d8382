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
  /// The clustering that the passages had outgrown the last one for; nil where they had not.
  public internal(set) var reindex: ReindexSummary?
  /// Whether a clustering is due that was stopped, or that another process is at; the next ingest does it.
  public internal(set) var isReindexPostponed = false
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
      summary = try growingMap { try store(batch, kernels, after: summary) }
      try Merge(store: self, indexID: indexOfVersion(nil)).runIfNeeded()
      summary.normalizedCount = source.normalizedCount
      let state = Progress(stage: .storing, done: source.done, total: total)
      summary.isInterrupted = !progress(state) && source.done < total
    }
    if !summary.isInterrupted {
      (summary.reindex, summary.isReindexPostponed) = try reindexIfGrown(progress: progress)
    }
    return summary
  }

  /// One transaction: new rows for the vectors of a batch, with their codes.
  private func store(
    _ batch: VectorBatch, _ kernels: Kernels, after before: VectorIngestSummary
  ) throws -> VectorIngestSummary {
    var summary = before
    var write = try environment.beginWrite()
    var index = try VectorIndex(self, kernels: kernels, in: write)
    let changes = try changes(batch, index, &summary, in: write)
    if changes.isEmpty {
      write.abort()
      return summary
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
    return summary
  }

  /// The vectors of a batch that are to be stored: the last one of each id, unless its row has that code.
  private func changes(
    _ batch: VectorBatch, _ index: VectorIndex, _ summary: inout VectorIngestSummary,
    in write: borrowing WriteTransaction
  ) throws -> [VectorChange] {
    var changes: [Identifier: VectorChange] = [:]
    var reader = try RowReader(self, in: write)
    for (place, id) in batch.ids.enumerated() {
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
      if isUnchanged {
        summary.unchangedCount += 1
      } else if previous == nil && earlier == nil {
        summary.newCount += 1
      } else {
        summary.updatedCount += 1
      }
    }
    return changes.values.filter { !$0.isStored }.sorted { $0.place < $1.place }
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
