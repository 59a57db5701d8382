import Foundation
import Encoding
import IVF
@testable import LMDB
import LinearAlgebra
import Testing

@testable import Pawl

/// A damage of one kind, to be planted in several places of copies of one store.
struct Damage: Sendable {
  /// What a damage is planted in: an open store's tables and a transaction that will be committed.
  typealias Plant =
    @Sendable (_ store: Store, _ write: inout WriteTransaction, _ random: inout SplitMix64) throws
    -> String

  let kind: CheckProblemKind
  let name: String
  /// How many times it is planted, each time with another seed.
  let places: Int
  /// - Returns: the object that the check must name; a part of it is enough.
  let plant: Plant

  init(_ kind: CheckProblemKind, _ name: String, places: Int = 3, plant: @escaping Plant) {
    (self.kind, self.name, self.places, self.plant) = (kind, name, places, plant)
  }
}

/// A store with something of everything, and copies of it.
///
/// Rows 0..<2,500 are p0, p1, …, coded; every 50th has one of three texts that several share.
/// p100 and p101 are deleted. p200..<p205 are updated by rows 2,500..<2,505, and p3000..<p3003 are new
/// in 2,505..<2,508: these eight are pending.
///
/// With lists, the eight come after 900 further rows (see `cluster`).
///
/// Only copies of it are damaged.
struct CheckFixture {
  let folder: TemporaryFolder
  private let base: String

  static let codedRows = 2_500
  static let updated = 200..<205
  static let pendingRows: Range<UInt32> = 2_500..<2_508
  static let nextRow: UInt32 = 2_508

  /// - Parameter listCount: nil for an index without clusters.
  init(codec: Codec = .int8, listCount: Int? = nil) throws {
    folder = try TemporaryFolder()
    base = try SharedStores.path("check \(codec) \(listCount ?? 0)") {
      try Self.make($0, in: $1, codec, listCount)
    }
  }

  private static func make(
    _ path: String, in folder: TemporaryFolder, _ codec: Codec, _ listCount: Int?
  ) throws {
    var settings = StoreSettings(model: Fixture.tinyModel)
    settings.codec = codec
    let store = try Store.create(at: path, settings)
    let lines = Fixture.passages(0..<Self.codedRows) {
      $0 % 50 == 7 ? "a text that several share, \($0 % 3)" : "\(Self.word($0)) in passage \($0)"
    }
    _ = try store.ingestAll(try folder.file("a.tsv", lines))
    _ = try store.delete(["p100", "p101"])
    let queries = try folder.file("q.tsv", (0..<400).map { "q\($0)\tquery \($0)" })
    let qrels = try folder.file("r.tsv", (0..<400).map { "q\($0) 0 p\($0) 1" })
    try store.addSet("dev", EvaluationSet(queries: queries, qrels: qrels), role: .gate)
    try addAdapter(to: store)
    if let listCount { try cluster(store, listCount, in: folder) }
    var options = IngestOptions()
    options.textOnly = true
    let later =
      Fixture.passages(Self.updated) { "newer text \($0)" } + Fixture.passages(3_000..<3_003)
    _ = try store.ingestAll(try folder.file("b.tsv", later), options)
    try store.expectWhole(passages: listCount == nil ? 2_501 : 3_397, pending: 8)
    try store.environment.close()
  }

  /// Version v2 moves queries of v1.
  private static func addAdapter(to store: Store) throws {
    let parent = try store.version("v1", in: store.environment.snapshot())
    let width = try store.space(parent.space, in: store.environment.snapshot()).width
    var version = NewVersion(parent: parent.name, queryPrefix: "", origin: "by hand")
    version.used = UsedQueries((0..<20).map { ("q\($0)", "query \($0)") })
    let count = QueryAdapter.count(width: width, rank: 2)
    version.adapter = QueryAdapter(
      width: width, rank: 2, values: (0..<count).map { Float($0) / 1_000 })
    try store.add(version)
  }

  /// The tiny model knows letters, not figures: other letters, another vector.
  private static func word(_ number: Int) -> String {
    var (word, rest) = ("", number * 7_919 % 456_976)
    for _ in 0..<4 {
      word.append(Character(UnicodeScalar(UInt8(97 + rest % 26))))
      rest /= 26
    }
    return word
  }

  /// The index with lists.
  static let clustered: UInt32 = 2
  /// Rows of the index that are in lists, in all of them, in the first ones only, and in none.
  static let merged = 0..<2_500
  static let merging = 2_500..<3_072
  static let fresh = 3_072..<3_400
  static let mergedLists = 3

  /// Index 2 in place of index 1, with all that it can hold: 2,498 codes in lists, 900 further ones, of
  /// p4000…, in `fresh`, of which those in two blocks of rows are just being merged. Of them p4010 was
  /// deleted before that, p4020..<p4023 since.
  private static func cluster(
    _ store: Store, _ listCount: Int, in folder: TemporaryFolder
  ) throws {
    var options = ReindexOptions()
    options.listCount = listCount
    _ = try store.reindex(options)
    let lines = Fixture.passages(4_000..<4_900) { "\(Self.word($0)) in passage \($0)" }
    _ = try store.ingestAll(try folder.file("m.tsv", lines))
    _ = try store.delete(["p4010"])
    var write = try store.environment.beginWrite()
    try store.tables.indexes.change(
      IndexRecord.self, at: Key(Self.clustered), in: &write
    ) { record in
      record.clustering?.merging = MergingRecord(
        rowEnd: UInt32(Self.merging.upperBound), listEnd: 0)
    }
    try write.commit()
    var steps = 0
    try Merge(store: store, indexID: Self.clustered).runIfNeeded {
      steps += 1
      return steps < Self.mergedLists
    }
    _ = try store.delete((4_020..<4_023).map { "p\($0)" })
    let snapshot = try store.environment.snapshot()
    let merging = try store.index(Self.clustered, in: snapshot).clustering?.merging
    guard merging?.listEnd == Self.mergedLists else {
      throw NotPlanted(key: "a merge half-way")
    }
  }

  /// A fresh copy, which the caller removes.
  func copy() throws -> String {
    let path = folder.path + "/" + UUID().uuidString + ".pawl"
    try FileManager.default.copyItem(atPath: base, toPath: path)
    return path
  }

  /// Plants a damage everywhere, and expects that each is found and named.
  func expectFound(_ damage: Damage) throws {
    for place in 0..<damage.places {
      let path = try copy()
      defer { try? FileManager.default.removeItem(atPath: path) }
      var random = SplitMix64(seed: UInt64(place))
      let object = try plant(damage, in: path, &random)
      try expectFound(damage, object, in: path, place)
    }
  }

  private func plant(
    _ damage: Damage, in path: String, _ random: inout SplitMix64
  ) throws -> String {
    let store = try Store(path: path)
    var write = try store.environment.beginWrite()
    let object = try damage.plant(store, &write, &random)
    try write.commit()
    try store.environment.close()
    return object
  }

  func expectFound(_ damage: Damage, _ object: String, in path: String, _ place: Int) throws {
    let report = try Store.check(at: path)
    #expect(report.problemCount > 0)
    #expect(
      report.findings.contains { $0.kind == damage.kind && $0.object.contains(object) },
      "\(damage.name), place \(place): \(damage.kind.rawValue) of \(object) in \(report.problems)")
  }
}

extension Table {
  /// A copy of the value.
  func bytes<T: Transaction & ~Copyable>(
    at key: Key, in transaction: borrowing T
  ) throws -> [UInt8] {
    guard let value = try value(of: key, in: transaction) else { throw NotPlanted(key: name) }
    return (0..<value.count).map { value[$0] }
  }

  func put(_ bytes: [UInt8], at key: Key, in write: inout WriteTransaction) throws {
    try put(bytes.span, at: key, in: &write)
  }

  /// Changes the bytes of a value.
  func change(
    at key: Key, in write: inout WriteTransaction, _ change: (inout [UInt8]) -> Void
  ) throws {
    var bytes = try bytes(at: key, in: write)
    change(&bytes)
    try put(bytes, at: key, in: &write)
  }

  /// Changes a record.
  func change<Record: Codable>(
    _ type: Record.Type, at key: Key, in write: inout WriteTransaction,
    _ change: (inout Record) -> Void
  ) throws {
    guard var record = try record(type, at: key, in: write) else { throw NotPlanted(key: name) }
    change(&record)
    try put(record: record, at: key, in: &write)
  }
}

/// The place for a damage is not there: the fixture is not what the damage takes it for.
struct NotPlanted: Error { let key: String }

extension SplitMix64 {
  /// A coded row that is neither deleted, nor updated, nor one of several with its text.
  mutating func plainRow() -> UInt32 {
    while true {
      let row = UInt32(next() % UInt64(CheckFixture.codedRows))
      if row % 50 != 7, ![100, 101].contains(row), !CheckFixture.updated.contains(Int(row)) {
        return row
      }
    }
  }

  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}
