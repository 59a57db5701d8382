internal import Corpus
internal import LMDB

/// What one ingest found and did.
public struct IngestSummary: Sendable, Equatable {
  /// Passages in the file, as far as it was read.
  public internal(set) var readCount = 0
  public internal(set) var newCount = 0
  /// Passages whose id was there with another text.
  public internal(set) var updatedCount = 0
  /// Of these, passages that this ingest had stored before: their ids stand in the file more than once.
  public internal(set) var repeatedCount = 0
  public internal(set) var firstRepeated: String?
  /// Passages that were there already, id and text.
  public internal(set) var unchangedCount = 0
  /// Malformed lines left out on request, and why, for the first of them.
  public internal(set) var skippedCount = 0
  public internal(set) var firstSkipped: [String] = []
  public internal(set) var embedded = EmbeddingSummary()
  /// For the version that a rollback would go to, where its vectors are others.
  public internal(set) var previous: PreviousSummary?
  public internal(set) var upkeep = IndexUpkeep()
  /// Whether it was asked to stop before the end.
  public internal(set) var isInterrupted = false
}

/// What an ingest did for the version that served before the active one.
public struct PreviousSummary: Sendable, Equatable {
  public let version: String
  public internal(set) var embedded = EmbeddingSummary()
  /// Passages that it lacks.
  public internal(set) var pendingCount = 0
}

/// How an ingest reads its file.
public struct IngestOptions: Sendable {
  /// Read at most so many passages.
  public var limit: Int?
  /// Leave malformed lines out instead of refusing the file.
  public var skipsMalformed = false
  /// Store the texts and embed them later.
  public var textOnly = false
  /// Embed for the active version alone, not for the one that a rollback would go to.
  public var onlyActive = false

  public init() {}
}

/// How far a long operation is.
public struct Progress: Sendable, Equatable {
  public enum Stage: String, Sendable {
    case checking, storing, embedding, deleting, searching, exporting
    /// In bytes.
    case reading
    /// In passes over a sample.
    case clustering
    case assigning, writing, merging
    /// In ks.
    case calibrating
    /// In bytes.
    case copying
    /// In values.
    case verifying, compacting
  }
  public var stage: Stage
  public var done: Int
  public var total: Int
}

/// Told how far an operation is, on whichever thread; answers whether to go on.
public typealias ProgressHandler = @Sendable (Progress) -> Bool

extension Store {
  /// Passages in one transaction of text.
  private static let batchSize = 4_096

  /// Adds the passages of a collection file, or updates those whose text differs, and embeds them.
  ///
  /// The whole file is checked before the first write. Each batch is one transaction; stopped or
  /// killed at any moment, the same call goes on where it was.
  /// - Parameter progress: answering false stops after the batch at hand.
  /// - Throws: `CorpusError` for a malformed line, `LMDBError`, `StoreError`, `.noEncoder` among them.
  /// - Complexity: memory for one batch, whatever the file's size.
  public func ingest(
    _ file: String, _ options: IngestOptions = IngestOptions(),
    progress: @escaping ProgressHandler
  ) throws -> IngestSummary {
    try requireEncoder()
    var summary = IngestSummary()
    guard progress(Progress(stage: .checking, done: 0, total: 0)) else {
      summary.isInterrupted = true
      return summary
    }
    var reader = try CollectionReader(
      path: file, mode: options.skipsMalformed ? .skipMalformed : .strict)
    let survey = try reader.survey()
    let total = min(survey.passageCount, options.limit ?? .max)
    summary.skippedCount = survey.skippedCount
    summary.firstSkipped = survey.firstSkipped.map(\.fact)
    try trainDictionary(on: &reader, passageCount: survey.passageCount)
    let firstRow = try storeRecord(in: environment.snapshot()).nextRow
    while summary.readCount < total, !summary.isInterrupted {
      let before = summary.readCount
      let batch = try read(&reader, atMost: min(Self.batchSize, total - before))
      if batch.isEmpty { break }
      try growingMap { try store(batch, after: firstRow, &summary) }
      if options.textOnly {
        let state = Progress(stage: .storing, done: summary.readCount, total: total)
        summary.isInterrupted = !progress(state) && summary.readCount < total
      } else {
        try embedPending(&summary, after: before, total: total, progress)
      }
    }
    // Also what an earlier ingest left, where this one has nothing to add.
    if total == 0, !options.textOnly { try embedPending(&summary, after: 0, total: 0, progress) }
    if !options.textOnly, !summary.isInterrupted {
      try embedForPrevious(&summary, options, progress)
    }
    if !options.textOnly, !summary.isInterrupted {
      summary.upkeep = try keepUpIndex(progress: progress)
    }
    return summary
  }

  /// Embeds what is pending; progress runs from `before` to what was read.
  private func embedPending(
    _ summary: inout IngestSummary, after before: Int, total: Int,
    _ progress: @escaping ProgressHandler
  ) throws {
    guard progress(Progress(stage: .embedding, done: before, total: total)) else {
      summary.isInterrupted = true
      return
    }
    let count = summary.readCount - before
    let isFinished = try PendingEncoder(self).embedPending(&summary.embedded) { done, pending in
      let share = Double(done) / Double(max(1, done + pending))
      return progress(
        Progress(stage: .embedding, done: before + Int(share * Double(count)), total: total))
    }
    if !isFinished { summary.isInterrupted = true }
  }

  /// What was stored is embedded for the version that served before, too, so that a rollback loses nothing.
  private func embedForPrevious(
    _ summary: inout IngestSummary, _ options: IngestOptions, _ progress: @escaping ProgressHandler
  ) throws {
    guard let name = try previousToEmbed() else { return }
    var result = PreviousSummary(version: name)
    if !options.onlyActive {
      let isFinished = try PendingEncoder(self, version: name).embedPending(&result.embedded) {
        progress(Progress(stage: .embedding, done: $0, total: $0 + $1))
      }
      if !isFinished { summary.isInterrupted = true }
    }
    let now = try environment.snapshot()
    result.pendingCount = try pendingCount(
      of: index(version(name, in: now).index, in: now), in: now)
    summary.previous = result
  }

  /// The version that a rollback goes to, if it has an index of its own and its model.
  private func previousToEmbed() throws -> String? {
    let snapshot = try environment.snapshot()
    guard let name = try previousVersion(in: snapshot),
      let previous = try tables.versions.record(
        VersionRecord.self, at: Key(name), in: snapshot)
    else { return nil }
    // One whose model gc has removed is gone back to no more.
    guard previous.state == "ready",
      try previous.index != version(nil, in: snapshot).index,
      try space(previous.space, in: snapshot).checkpoint != nil
    else { return nil }
    return name
  }

  private func read(_ reader: inout CollectionReader, atMost count: Int) throws -> [Passage] {
    var batch: [Passage] = []
    var size = 0
    while batch.count < count, size < RangeWork.textLimitInBytes, let passage = try reader.next() {
      batch.append(passage)
      size += passage.text.utf8.count
    }
    return batch
  }

  /// One transaction: the texts of a batch under new rows, ids pointing at them.
  ///
  /// - Parameter firstRow: the first that this ingest may have made.
  private func store(
    _ batch: [Passage], after firstRow: UInt32, _ summary: inout IngestSummary
  ) throws {
    var result = summary
    let dictionary = try newestDictionary()
    let compressed = Self.compress(batch.map(\.text), dictionary)
    var write = try environment.beginWrite()
    var record = try storeRecord(in: write)
    var writer = RowWriter(tables: tables)
    let firstRowCodedNowhere = try firstRowCodedNowhere(in: write)
    var reader = try RowReader(self, in: write)
    for (passage, text) in zip(batch, compressed) {
      result.readCount += 1
      let previous = try stored(passage.id, &reader, in: write)
      if let previous, previous.text == Array(passage.text.utf8) {
        result.unchangedCount += 1
        continue
      }
      guard record.nextRow < .max else { throw StoreError.tooManyRows(path: path) }
      try writer.add(
        passage.id, passage.text, text, row: record.nextRow, replacing: previous,
        firstRowCodedNowhere: firstRowCodedNowhere, in: &write)
      record.nextRow += 1
      if let previous {
        result.updatedCount += 1
        if previous.row >= firstRow {
          result.repeatedCount += 1
          result.firstRepeated = result.firstRepeated ?? passage.id.text
        }
      } else {
        result.newCount += 1
      }
    }
    record.textSizeInBytes += writer.textSizeChange
    try tables.meta.put(record: record, at: "store", in: &write)
    try write.commit()
    summary = result
  }

  /// - Throws: `StoreError.noEncoder` where texts cannot be embedded, before any is stored.
  private func requireEncoder() throws {
    let snapshot = try environment.snapshot()
    let space = try space(version(nil, in: snapshot).space, in: snapshot)
    if space.checkpoint == nil { throw StoreError.noEncoder(path: path) }
  }

  /// The row and text of an id, nil where it is not stored.
  func stored(
    _ id: Identifier, _ reader: inout RowReader, in write: borrowing WriteTransaction
  ) throws -> StoredRow? {
    guard let row = try checkedRow(of: id, in: write) else { return nil }
    return StoredRow(row: row, text: try reader.text(of: row, in: write))
  }

  /// Compressed side by side, one worker a processor.
  private static func compress(
    _ texts: [String], _ dictionary: TextDictionary?
  ) -> [CompressedText] {
    sideBySide(texts.count) { range in
      var compressor = TextCompressor(dictionary: dictionary)
      return range.map { compressor.compress(texts[$0]) }
    }
  }

  /// The dictionary for new texts: the latest.
  func newestDictionary() throws -> TextDictionary? {
    try dictionaries(in: environment.snapshot()).max { $0.key < $1.key }?.value
  }

  func row<T: Transaction & ~Copyable>(
    of id: Identifier, in transaction: borrowing T
  ) throws -> UInt32? {
    try tables.ids.row(at: Key(id.text), in: transaction)
  }

  /// The row of an id, which is made sure to be its row, before anything is done to it; nil for an id
  /// that is not there, or could not be.
  func checkedRow<T: Transaction & ~Copyable>(
    of id: Identifier, in transaction: borrowing T
  ) throws -> UInt32? {
    let isPossible = (1...Identifier.maximumByteCount).contains(id.text.utf8.count)
    guard isPossible, let row = try row(of: id, in: transaction) else { return nil }
    guard let value = try tables.rows.value(of: Key(row), in: transaction),
      PassageRecord.id(value) == id
    else { throw damaged("the id \(id.text)", "row \(row), which it points at, is not its row") }
    return row
  }

  /// Runs a write again after the map has grown, where it was full.
  ///
  /// Only where the system refused to reserve 1 TiB of addresses does that ever happen.
  func growingMap<Result>(_ write: () throws -> Result) throws -> Result {
    while true {
      do { return try write() } catch LMDBError.mapFull { try environment.grow() }
    }
  }
}
