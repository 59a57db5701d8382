internal import Encoding
internal import FoundationEssentials
internal import IVF
internal import LMDB
internal import Training

// Records are JSON: few, small, and readable with any LMDB tool. What is many or large has a layout
// of its own (PassageRecord, CodeBlock).

/// `meta` "store": what holds for the whole store.
struct StoreRecord: Codable, Equatable {
  /// Version of the format on disk.
  var format: Int
  var created: String
  /// The row that the next new passage gets; never reused, hence never lowered.
  var nextRow: UInt32
  /// UTF-8 bytes of the texts of all rows, before compression.
  var textSizeInBytes = 0
  /// The number of the next index; nil: one more than the highest.
  var nextIndex: UInt32?
}

/// The part of a `StoreRecord` that every format has.
struct FormatRecord: Codable, Equatable {
  var format: Int
}

/// The `StoreRecord` of format 1.
struct StoreRecord1: Codable, Equatable {
  var format: Int
  var created: String
  var nextRow: UInt32
}

/// `spaces`: what decides the vector of a passage. Its key is the digest of all of it.
struct SpaceRecord: Codable, Equatable {
  /// Digest of the model's files, and the name of their folder under checkpoints/; nil: the vectors are
  /// made elsewhere, and nothing else is known of them than their width.
  var checkpoint: String?
  var width: Int
  var maxLength: Int
  var passagePrefix: String
  /// The named numeric path, a contract on how exact vectors are; nil as `checkpoint`.
  var numericPath: NumericPath?
  var files: [CheckpointFile]
}

/// A file of a checkpoint as it was when it was published.
struct CheckpointFile: Codable, Equatable {
  var name: String
  var byteCount: Int
  /// CRC32C, checked whenever the model is loaded.
  var checksum: UInt32
}

/// `indexes`: codes of one space.
struct IndexRecord: Codable, Equatable {
  var space: String
  var codec: Codec
  /// Codes in the index.
  var count: Int
  /// The lowest row that has not been looked at: all below are coded or deleted.
  var nextRow: UInt32
  /// Nil for one that serves, or may.
  var state: IndexState?
  /// Nil: all codes are in `fresh`, and every search is exact.
  var clustering: ClusteringRecord?
}

/// Why no version names an index.
enum IndexState: String, Codable {
  /// A job fills it; without one it is worthless.
  case building
  /// Another has taken its place; what is left of it is being removed.
  case retired
}

/// How the codes of an index are distributed over lists.
struct ClusteringRecord: Codable, Equatable {
  var listCount: Int
  /// Codes in the index when its lists were made.
  var trainedCount: Int
  /// Decides sample, seeding and rotation.
  var seed: UInt64
  var created: String
  /// Codes of rows below are in lists, those of others in `fresh`.
  var mergedRow: UInt32
  /// A merge under way; nil between merges.
  var merging: MergingRecord?
}

extension ClusteringRecord {
  /// What cannot be in an index whose codes are of rows below `nextRow`; nil where all can.
  func fault(below nextRow: UInt32) -> String? {
    if !(1...CoarseQuantizer.maximumListCount).contains(listCount) {
      return "it has \(listCount) lists"
    }
    if !(listCount...Int(UInt32.max)).contains(trainedCount) {
      return "it was made of \(trainedCount) codes"
    }
    if mergedRow > nextRow {
      return "rows below \(mergedRow) are in lists, but only those below \(nextRow) are coded"
    }
    guard let merging else { return nil }
    if merging.rowEnd < mergedRow || merging.rowEnd > nextRow
      || merging.rowEnd % PendingEncoder.rangeSize != 0
    {
      return "rows \(mergedRow)..<\(merging.rowEnd) are being merged, of those below \(nextRow)"
    }
    if !(0...listCount).contains(merging.listEnd) {
      return "\(merging.listEnd) of \(listCount) lists are merged"
    }
    return nil
  }
}

/// A merge under way: codes of rows below `rowEnd` in lists below `listEnd` are in `lists`, although
/// `fresh` still holds them too.
struct MergingRecord: Codable, Equatable {
  var rowEnd: UInt32
  var listEnd: Int
}

/// `versions`: how queries are answered.
struct VersionRecord: Codable, Equatable {
  var name: String
  /// Digest of the query encoder's files; nil: queries are vectors.
  var checkpoint: String?
  var queryPrefix: String
  var space: String
  var index: UInt32
  var parent: String?
  var state: String
  var created: String
  /// Where it came from, in words.
  var origin: String
  /// Digest of the adapter that moves queries' vectors, its key in `adapters`; nil: none does.
  var adapter: String?
  /// Nil where queries are encoded as the space's passages are.
  var bridge: BridgeRecord?
  /// Nil for a version that was not trained here.
  var training: TrainingRecord?

  /// The state of a version of which gc has left the record alone.
  static let collected = "collected"
  var isCollected: Bool { state == Self.collected }
}

extension VersionRecord {
  /// Names what it does with queries, encoder, prefix and adapter: versions of one space that agree in it ask the
  /// same of an index. 8 bytes of SHA-256.
  var queryDigest: UInt64 {
    let encoder = bridge.map { "\n\($0.space)" } ?? ""
    return SHA256.bytes(of: "\(adapter ?? "")\n\(queryPrefix)\(encoder)").prefix(8).reduce(0) {
      $0 << 8 | UInt64($1)
    }
  }

  /// The space whose encoder its queries have.
  var querySpace: String { bridge?.space ?? space }
}

/// How queries come to vectors that are not of their encoder: the version's adapter is a map between two spaces.
struct BridgeRecord: Codable, Equatable {
  /// Whose queries.
  var source: String
  /// Their encoder's.
  var space: String
  /// Passages that the map was learned from, and others that it was tried on.
  var learnedCount: Int
  var triedCount: Int
  /// Of those others the mean cosine of the source's vectors to those that are asked: with the map, and without.
  var cosine: Double
  var plainCosine: Double
}

/// How a version was trained.
struct TrainingRecord: Codable, Equatable {
  var recipe: Recipe
  var seed: UInt64
  var minimumGrade: Int32
  var exampleCount: Int
  var queryCount: Int
  var stepCount: Int
  /// The step whose values were the best.
  var bestStep: Int
  /// MRR@10 on the queries kept back, of the parent and of the version.
  var baseMetric: Double
  var metric: Double
  /// α of the trained values, 1 − α of the parent's.
  var share: Double
}

/// `history`: what changed which version serves.
struct HistoryRecord: Codable, Equatable {
  var action: String
  var version: String
  var time: String
  var user: String
  var reason: String
  /// The version that served before; nil for the first.
  var previous: String?
  /// What the gate said.
  var gate: [GateReport.Line]?

  static let promote = "promote"
  /// A promotion that the gate was not asked about, or refused.
  static let force = "force"
  static let rollback = "rollback"
}

/// `pointer` "active".
struct PointerRecord: Codable, Equatable {
  var version: String
}

extension Table {
  /// The record at a key, nil where there is none.
  func record<Record: Decodable, T: Transaction & ~Copyable>(
    _ type: Record.Type, at key: Key, in transaction: borrowing T
  ) throws -> Record? {
    guard let value = try value(of: key, in: transaction) else { return nil }
    return try Self.decode(type, value, table: name)
  }

  static func decode<Record: Decodable>(
    _ type: Record.Type, _ value: Span<UInt8>, table: String
  ) throws -> Record {
    let data = unsafe value.withUnsafeBytes { unsafe Data($0) }
    do { return try JSONDecoder().decode(type, from: data) } catch {
      throw StoreError.damaged(path: table, object: "a record of this table", problem: "\(error)")
    }
  }

  func put(
    record: some Encodable, at key: Key, in transaction: inout WriteTransaction
  ) throws {
    let bytes = try Self.encode(record)
    try put(bytes.span, at: key, in: &transaction)
  }

  static func encode(_ record: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(record))
  }
}

/// The time of day as records have it: UTC, to the second.
func timestamp() -> String { Date.now.formatted(.iso8601) }
