import Foundation
import IVF
@testable import LMDB
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
struct CheckFixture {
  let folder: TemporaryFolder
  private let base: String

  static let codedRows = 2_500
  static let updated = 200..<205
  static let pendingRows: Range<UInt32> = 2_500..<2_508
  static let nextRow: UInt32 = 2_508

  init(codec: Codec = .int8) throws {
    folder = try TemporaryFolder()
    base = folder.path + "/base.pawl"
    var settings = StoreSettings(model: Fixture.tinyModel)
    settings.codec = codec
    let store = try Store.create(at: base, settings)
    let lines = Fixture.passages(0..<Self.codedRows) {
      $0 % 50 == 7 ? "a text that several share, \($0 % 3)" : "passage \($0) of the fixture"
    }
    _ = try store.ingestAll(try folder.file("a.tsv", lines))
    _ = try store.delete(["p100", "p101"])
    var options = IngestOptions()
    options.textOnly = true
    let later =
      Fixture.passages(Self.updated) { "newer text \($0)" } + Fixture.passages(3_000..<3_003)
    _ = try store.ingestAll(try folder.file("b.tsv", later), options)
    let queries = try folder.file("q.tsv", (0..<400).map { "q\($0)\tquery \($0)" })
    let qrels = try folder.file("r.tsv", (0..<400).map { "q\($0) 0 p\($0) 1" })
    try store.addSet("dev", EvaluationSet(queries: queries, qrels: qrels), role: .gate)
    try store.expectWhole(passages: 2_501, pending: 8)
    try store.environment.close()
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
