internal import Encoding
internal import IVF
internal import LMDB

/// Some of the passages that a version lacks: how long they are, and how long it takes to embed them.
struct EmbeddingTrial {
  private let encoder: TextEncoder
  private let codec: Codec
  private let texts: [String]

  /// Passages whose tokens are counted, and those of them that are embedded.
  private static let (countedCount, embeddedCount) = (512, 64)

  init(_ store: Store, version name: String?, in snapshot: borrowing Snapshot) throws {
    let version = try store.version(name, in: snapshot)
    let index = try store.index(version.index, in: snapshot)
    let space = try store.space(version.space, in: snapshot)
    encoder = try store.encoder(for: space)
    codec = index.codec
    var reader = try RowReader(store, in: snapshot)
    let rows = try index.nextRow..<max(index.nextRow, store.storeRecord(in: snapshot).nextRow)
    // Evenly from first to last: files are often sorted.
    let step = max(1, rows.count / Self.countedCount)
    texts = try stride(from: rows.lowerBound, to: rows.upperBound, by: step).compactMap { row in
      try reader.textIfPresent(of: row, in: snapshot).map {
        space.passagePrefix + String(decoding: $0, as: UTF8.self)
      }
    }
  }

  /// Fills in what embedding the plan's passages would take.
  func estimate(_ plan: inout ReindexPlan) throws {
    plan.embedSizeInBytes = plan.pendingCount * codec.postingSizeInBytes(width: encoder.width)
    if texts.isEmpty { return }
    var scratch = TokenizerScratch()
    var lengths: [Int] = []
    for text in texts {
      var ids: [Int32] = []
      encoder.tokenizer.encode(
        text, maximumLength: encoder.maxLength, into: &ids, scratch: &scratch)
      lengths.append(ids.count)
    }
    let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
    plan.pendingTokenCount = Int(mean * Double(plan.pendingCount))
    let step = max(1, texts.count / Self.embeddedCount)
    let chosen = Array(stride(from: 0, to: texts.count, by: step))
    // The first texts find nothing in the caches.
    _ = encoder.encode(texts[chosen[0]])
    var watch = Stopwatch()
    _ = encoder.encode(
      chosen.map { texts[$0] }, prefix: "", workerCount: Process.processorCount)
    let rate = Double(chosen.reduce(0) { $0 + lengths[$1] }) / max(1e-6, watch.lap())
    plan.embedSeconds = Double(plan.pendingTokenCount) / rate
  }
}
