internal import Encoding
internal import Glibc
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// What an embedding pass did.
public struct EmbeddingSummary: Sendable, Equatable {
  /// Passages that got a vector, equal texts included.
  public internal(set) var embeddedCount = 0
  /// Of these, passages whose text had been embedded already.
  public internal(set) var copiedCount = 0
  /// Rows that another process embedded meanwhile.
  public internal(set) var awaitedCount = 0
}

/// Embeds rows that have no code yet: the loop of first ingest, of resuming and of catching up.
///
/// Rows are taken in ranges that end at multiples of 1,024 at the latest, each range one transaction;
/// none is open while the encoder runs. What is done is a high-water mark in the index's record.
struct PendingEncoder {
  /// Rows of one block of codes, hence at most of one transaction.
  static let rangeSize: UInt32 = 1_024

  private let store: Store
  private let encoder: TextEncoder
  private let prefix: String
  private let version: String
  /// Whoever embeds for the same index takes turns; where a reindex replaces it meanwhile, a range may be done twice.
  private let lockNumber: UInt32

  /// Between two looks at what another process has done.
  private static let pauseInMicroseconds: UInt32 = 200_000

  /// Rows to look at next.
  private struct Next {
    let work: RangeWork
    /// How many rows are pending with them.
    let pending: Int
    /// Where their codes belong: another reindex may have put another index in its place by then.
    let indexID: UInt32
  }

  /// For the index of a version; nil: the active one.
  init(_ store: Store, version name: String? = nil) throws {
    let snapshot = try store.environment.snapshot()
    let version = try store.version(name, in: snapshot)
    let space = try store.space(version.space, in: snapshot)
    self.store = store
    encoder = try store.encoder(for: space)
    prefix = space.passagePrefix
    self.version = version.name
    lockNumber = version.index
  }

  /// Embeds until nothing is pending; while another process embeds for the same version, that one does.
  ///
  /// - Parameter progress: told, on whichever thread, how many rows are done and pending; answering
  ///   false stops after the range at hand.
  /// - Returns: whether everything is embedded.
  func embedPending(
    _ summary: inout EmbeddingSummary,
    progress: @escaping @Sendable (_ done: Int, _ pending: Int) -> Bool
  ) throws -> Bool {
    var done = 0
    var turn = try store.environment.workLock(lockNumber)
    while turn == nil {
      guard let pending = try pendingCount() else { return true }
      if !progress(done, pending) { return false }
      usleep(Self.pauseInMicroseconds)
      let step = pending - (try pendingCount() ?? 0)
      summary.awaitedCount += max(0, step)
      done += max(0, step)
      turn = try store.environment.workLock(lockNumber)
    }
    while let range = try nextRange() {
      let work = range.work
      let (before, all) = (done, done + range.pending)
      let embeddings = try embed(work) { _ = progress(before + $0, all - before - $0) }
      guard let committed = try store.growingMap({ try commit(work, embeddings, range.indexID) })
      else {
        if !progress(done, range.pending) { return false }
        continue
      }
      try Merge(store: store, indexID: range.indexID).runIfNeeded()
      summary.embeddedCount += committed.embedded
      summary.copiedCount += committed.copied
      done += work.rows.count
      let pending = range.pending - work.rows.count
      if !progress(done, pending) { return pending == 0 }
    }
    return true
  }

  /// Rows without a code; nil where there are none.
  private func pendingCount() throws -> Int? {
    try pendingRows(in: store.environment.snapshot())?.rows.count
  }

  /// All of them, and the index that lacks them.
  private func pendingRows(
    in snapshot: borrowing Snapshot
  ) throws -> (rows: Range<UInt32>, indexID: UInt32)? {
    let indexID = try store.version(version, in: snapshot).index
    let start = try store.index(indexID, in: snapshot).nextRow
    let end = try store.storeRecord(in: snapshot).nextRow
    return start < end ? (start..<end, indexID) : nil
  }

  /// Nil where nothing is pending.
  private func nextRange() throws -> Next? {
    let snapshot = try store.environment.snapshot()
    guard let (pending, indexID) = try pendingRows(in: snapshot) else { return nil }
    var rows = FreshBlocks.rows(from: pending.lowerBound, to: pending.upperBound)
    // Each new row may replace an old one, whose code is in a list of its own.
    if try store.version(nil, in: snapshot).index == indexID,
      try store.tables.updates.count(in: snapshot) > 0
    {
      rows = try rows.prefix(store.removalBatchSize(in: snapshot))
    }
    let work = try RangeWork(store, rows, indexID, in: snapshot)
    return Next(work: work, pending: pending.count, indexID: indexID)
  }

  private func embed(
    _ work: RangeWork, progress: @Sendable (Int) -> Void
  ) throws -> [Float] {
    let embeddings = encoder.encode(
      work.texts, prefix: prefix, workerCount: Process.processorCount, progress: progress)
    // Weights near the end of float's range pass every check of the model and overflow here.
    guard Kernels.allFinite(embeddings.span) else {
      throw store.damaged(
        "the model of version \(version)", "some vectors of rows \(work.rows) are not finite")
    }
    return embeddings
  }

  /// One transaction: the block of codes with these rows added, old rows of updates gone.
  ///
  /// - Returns: nil, with nothing written, where another process changed what the work was based on.
  private func commit(
    _ work: RangeWork, _ embeddings: [Float], _ indexID: UInt32
  ) throws -> (embedded: Int, copied: Int)? {
    var write = try store.environment.beginWrite()
    guard try store.version(version, in: write).index == indexID else { return nil }
    var codes = try IndexCodes(store, indexID, in: write)
    guard codes.record.nextRow == work.rows.lowerBound else { return nil }
    var added = CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
    guard let copied = try add(work, embeddings, to: &added, codes, in: write) else { return nil }
    try codes.add(added, number: work.rows.lowerBound / Self.rangeSize, in: &write)
    codes.record.nextRow = work.rows.upperBound
    // What is replaced is found until the index that serves has what replaces it; then it leaves all.
    if try store.version(nil, in: write).index == indexID {
      try store.finishUpdates(in: work.rows, &codes, &write)
    }
    try codes.save(in: &write)
    try write.commit()
    return (added.count, copied)
  }

  /// Adds the codes of all rows that are still there.
  ///
  /// - Returns: how many were copied from an equal text; nil where that text went away meanwhile.
  private func add(
    _ work: RangeWork, _ embeddings: [Float], to builder: inout CodeBlockBuilder,
    _ codes: IndexCodes, in write: borrowing WriteTransaction
  ) throws -> Int? {
    var isUsed = [Bool](repeating: false, count: work.texts.count)
    var copied = 0
    let D = encoder.width
    for row in work.rows {
      guard let source = work.sources[row], try store.tables.rows.contains(Key(row), in: write)
      else { continue }
      switch source {
      case .text(let text):
        builder.append(
          row: row, embedding: embeddings.span.extracting(text * D..<(text + 1) * D),
          kernels: encoder.kernels)
        if isUsed[text] { copied += 1 }
        isUsed[text] = true
      case .earlier(let twin):
        guard try codes.copyCode(of: twin, to: row, &builder, in: write) else { return nil }
        copied += 1
      }
    }
    return copied
  }
}
