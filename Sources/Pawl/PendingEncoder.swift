internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// What an embedding pass did.
public struct EmbeddingSummary: Sendable, Equatable {
  /// Passages that got a vector, equal texts included.
  public internal(set) var embeddedCount = 0
  /// Of these, passages whose text had been embedded already.
  public internal(set) var copiedCount = 0
}

/// Embeds rows that have no code yet: the loop of first ingest, of resuming and of catching up.
///
/// Rows are taken in ranges aligned to 1,024, each range one transaction; none is open while the
/// encoder runs. What is done is a high-water mark in the index's record.
struct PendingEncoder {
  /// Rows of one block of codes, hence of one transaction.
  static let rangeSize: UInt32 = 1_024

  private let store: Store
  private let indexID: UInt32
  private let encoder: TextEncoder
  private let prefix: String
  private let kernels: Kernels

  /// For the active version's index.
  init(_ store: Store) throws {
    let snapshot = try store.environment.snapshot()
    let version = try store.version(nil, in: snapshot)
    let space = try store.space(version.space, in: snapshot)
    self.store = store
    indexID = version.index
    encoder = try store.encoder(for: space)
    prefix = space.passagePrefix
    kernels = try Kernels(environment: Process.environment)
  }

  /// Embeds until nothing is pending.
  ///
  /// - Parameter progress: told how many rows are done and pending; answering false stops.
  /// - Returns: whether everything is embedded.
  func embedPending(
    _ summary: inout EmbeddingSummary, progress: (_ done: Int, _ pending: Int) -> Bool
  ) throws -> Bool {
    var done = 0
    while let range = try nextRange() {
      let work = try RangeWork(store, range.rows, indexID)
      var embeddings = [Float](repeating: 0, count: work.texts.count * encoder.width)
      var view = embeddings.mutableSpan
      encoder.encode(
        work.texts.map { prefix + $0 }, workerCount: Process.processorCount, into: &view)
      // Weights near the end of float's range pass every check of the model and overflow here.
      guard Kernels.allFinite(embeddings.span) else {
        throw StoreError.damaged(
          path: store.path, object: "the model of index \(indexID)",
          problem: "some vectors of rows \(range.rows) are not finite")
      }
      let committed = try commit(work, range.rows, embeddings)
      summary.embeddedCount += committed.embedded
      summary.copiedCount += committed.copied
      done += range.rows.count
      if !progress(done, range.pendingAfter) { return try nextRange() == nil }
    }
    return true
  }

  /// The next rows to look at, and how many are left after them; nil where there are none.
  private func nextRange() throws -> (rows: Range<UInt32>, pendingAfter: Int)? {
    let snapshot = try store.environment.snapshot()
    let start = try store.index(indexID, in: snapshot).nextRow
    let end = try store.storeRecord(in: snapshot).nextRow
    guard start < end else { return nil }
    // The last block ends at UInt32.max, which is no row.
    let (next, overflow) = (start / Self.rangeSize * Self.rangeSize)
      .addingReportingOverflow(Self.rangeSize)
    let rows = start..<(overflow ? end : min(end, next))
    return (rows, Int(end - rows.upperBound))
  }

  /// One transaction: the block of codes with these rows added, old rows of updates gone.
  private func commit(
    _ work: RangeWork, _ rows: Range<UInt32>, _ embeddings: [Float]
  ) throws -> (embedded: Int, copied: Int) {
    var write = try store.environment.beginWrite()
    var index = try store.index(indexID, in: write)
    // Another process did this range meanwhile.
    guard index.nextRow == rows.lowerBound else { return (0, 0) }
    let blocks = BlockTable(store: store, indexID: indexID, index: index, width: encoder.width)
    let number = rows.lowerBound / Self.rangeSize
    var builder = try blocks.reopen(number, in: write)
    let first = builder.count
    var placed: [UInt32: Int] = [:]
    var copied = 0
    for row in rows {
      guard let source = work.sources[row], try store.tables.rows.contains(Key(row), in: write)
      else { continue }
      switch source {
      case .text(let text):
        builder.append(
          row: row,
          embedding: embeddings.span.extracting(
            text * encoder.width..<(text + 1) * encoder.width), kernels: kernels)
      case .sameRange(let twin):
        guard let place = placed[twin] else { throw twinLost(row, twin) }
        builder.append(row: row, copyingOwn: place)
        copied += 1
      case .earlier(let twin):
        guard try blocks.copyCode(of: twin, to: row, &builder, in: write) else {
          throw twinLost(row, twin)
        }
        copied += 1
      }
      placed[row] = builder.count - 1
    }
    let added = builder.count - first
    if builder.count > 0 { try blocks.put(builder, number, in: &write) }
    index.nextRow = rows.upperBound
    index.count += added
    try store.tables.indexes.put(record: index, at: Key(indexID), in: &write)
    try store.finishUpdates(in: rows, indexID, width: encoder.width, &write)
    try write.commit()
    return (added, copied)
  }

  private func twinLost(_ row: UInt32, _ twin: UInt32) -> StoreError {
    store.damaged("index \(indexID)", "row \(twin), whose text row \(row) repeats, has no code")
  }
}
