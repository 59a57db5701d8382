internal import Corpus
internal import FoundationEssentials
internal import LMDB

/// A stored evaluation set, without its content.
public struct StoredSet: Sendable, Equatable, Codable {
  public let name: String
  public let role: SetRole
  public let queryCount: Int
  public let judgmentCount: Int
  /// Queries that have a group.
  public let groupedCount: Int
  public let created: String
  /// How often the gate has judged by it: each look makes its verdicts worth less.
  public var looks: Int?
}

extension Store {
  /// Bytes of JSON in one value: large sets are cut.
  private static let setPieceSizeInBytes = 4 << 20

  /// Stores an evaluation set under a name.
  ///
  /// - Throws: `StoreError.setExists`, `.setName`.
  public func addSet(_ name: String, _ set: EvaluationSet, role: SetRole) throws {
    try Self.requireSetName(name)
    let content = Array(try JSONEncoder().encode(StoredSetContent(set)))
    let record = StoredSet(
      name: name, role: role, queryCount: set.queryCount, judgmentCount: set.judgmentCount,
      groupedCount: set.groupedCount, created: timestamp())
    try growingMap {
      var write = try environment.beginWrite()
      if try tables.sets.contains(Key(name), in: write) {
        throw StoreError.setExists(path: path, name: name)
      }
      try tables.sets.put(record: record, at: Key(name), in: &write)
      var compressor = TextCompressor(dictionary: nil)
      for (number, start) in stride(from: 0, to: content.count, by: Self.setPieceSizeInBytes)
        .enumerated()
      {
        let end = min(start + Self.setPieceSizeInBytes, content.count)
        let piece = compressor.compress(content.span.extracting(start..<end))
        try tables.sets.put(
          ([piece.dictionary] + piece.bytes).span, at: Self.pieceKey(name, UInt32(number)),
          in: &write)
      }
      try write.commit()
    }
  }

  /// Stores a set with the role calibration where there is none yet.
  ///
  /// - Returns: whether it is new.
  func addCalibration(_ set: EvaluationSet) throws -> Bool {
    if try sets().contains(where: { $0.role == .calibration }) { return false }
    do {
      try addSet("calibration", set, role: .calibration)
      return true
    } catch StoreError.setExists { return false }
  }

  /// Notes that the gate judges by a set.
  ///
  /// - Returns: how often it has, this time included.
  func countLook(at name: String) throws -> Int? {
    try growingMap {
      var write = try environment.beginWrite()
      guard var record = try tables.sets.record(StoredSet.self, at: Key(name), in: write) else {
        write.abort()
        return nil
      }
      let looks = (record.looks ?? 0) + 1
      record.looks = looks
      try tables.sets.put(record: record, at: Key(name), in: &write)
      try write.commit()
      return looks
    }
  }

  /// All stored sets, by name.
  public func sets() throws -> [StoredSet] { try sets(in: environment.snapshot()) }

  private func sets<T: Transaction & ~Copyable>(
    in transaction: borrowing T
  ) throws -> [StoredSet] {
    var sets: [StoredSet] = []
    var cursor = try tables.sets.cursor(in: transaction)
    while try cursor.next() {
      if Self.isPieceKey(cursor.key) { continue }
      sets.append(try Table.decode(StoredSet.self, cursor.value, table: "sets"))
    }
    return sets
  }

  /// A stored set with its content.
  ///
  /// - Throws: `StoreError.noSet`, `.damaged`.
  public func set(named name: String) throws -> EvaluationSet {
    let snapshot = try environment.snapshot()
    try requireSet(name, in: snapshot)
    var decompressor = TextDecompressor()
    var content: [UInt8] = []
    let prefix = Self.piecePrefix(name)
    var cursor = try tables.sets.cursor(in: snapshot)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.key.starts(with: prefix) {
      guard let piece = Self.decompress(try cursor.value, &decompressor) else {
        throw damaged("the evaluation set \(name)", "it cannot be decompressed")
      }
      content += piece
      found = try cursor.next()
    }
    do {
      return try JSONDecoder().decode(StoredSetContent.self, from: Data(content)).set(named: name)
    } catch let error as DecodingError {
      throw damaged("the evaluation set \(name)", "\(error)")
    }
  }

  private static func decompress(
    _ value: Span<UInt8>, _ decompressor: inout TextDecompressor
  ) -> [UInt8]? {
    if value.isEmpty { return nil }
    return decompressor.decompress(
      value.extracting(1..<value.count), dictionary: value[0], from: [:])
  }

  /// Removes a stored set.
  ///
  /// - Throws: `StoreError.noSet`.
  public func removeSet(_ name: String) throws {
    try growingMap {
      var write = try environment.beginWrite()
      try requireSet(name, in: write)
      try tables.sets.removeAll(withPrefix: Self.piecePrefix(name), in: &write)
      try tables.sets.remove(Key(name), in: &write)
      try write.commit()
    }
  }

  private func requireSet<T: Transaction & ~Copyable>(
    _ name: String, in transaction: borrowing T
  ) throws {
    let sets = try sets(in: transaction)
    if !sets.contains(where: { $0.name == name }) {
      throw StoreError.noSet(path: path, name: name, known: sets.map(\.name))
    }
  }

  private static func requireSetName(_ name: String) throws {
    let isName =
      (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
    if !isName { throw StoreError.setName(name) }
  }

  /// Names hold no NUL, so no name is the beginning of another set's pieces.
  private static func piecePrefix(_ name: String) -> Key {
    var key = Key(name)
    key.append(UInt8(0))
    return key
  }

  private static func isPieceKey(_ key: Span<UInt8>) -> Bool {
    key.indices.contains { key[$0] == 0 }
  }

  private static func pieceKey(_ name: String, _ number: UInt32) -> Key {
    var key = piecePrefix(name)
    key.append(number)
    return key
  }
}
