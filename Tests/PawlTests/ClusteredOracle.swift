import Corpus
import IVF
import LMDB
import LinearAlgebra
import Testing

@testable import Pawl

/// What every table of a clustered index must say of each other, and of a plain dictionary of vectors.
struct ClusteredOracle {
  let store: Store
  let codes: IndexCodes
  let clustering: ClusteringRecord
  /// Rows of lists, as their blocks have them.
  private var rowsOfLists: [Int: [UInt32]] = [:]
  /// Rows that count in `fresh`, and their lists.
  private var freshRows: [UInt32: Int] = [:]

  /// Looks at all of the active index.
  static func expectWhole(
    _ store: Store, _ vectors: [String: [Float]], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let snapshot = try store.environment.snapshot()
    let id = try store.version(nil, in: snapshot).index
    let codes = try IndexCodes(store, id, in: snapshot)
    guard let clustering = codes.record.clustering else {
      Issue.record("index \(id) has no lists", sourceLocation: sourceLocation)
      return
    }
    var oracle = Self(store: store, codes: codes, clustering: clustering)
    var problems = try oracle.readLists(in: snapshot)
    problems += try oracle.readFresh(in: snapshot)
    problems += try oracle.compare(vectors, in: snapshot)
    problems += try oracle.leftovers(in: snapshot)
    #expect(problems == [], sourceLocation: sourceLocation)
  }

  /// Blocks of lists: numbered without gaps, rows ascending, bits as they are made anew, counts as told.
  private mutating func readLists(in snapshot: borrowing Snapshot) throws -> [String] {
    guard let lists = codes.lists else { return ["no lists"] }
    var problems: [String] = []
    for list in 0..<clustering.listCount {
      let whole = try lists.reopen(list, in: snapshot)
      rowsOfLists[list] = whole.rows
      if zip(whole.rows, whole.rows.dropFirst()).contains(where: { $0 >= $1 }) {
        problems.append("list \(list): rows are not in order")
      }
      let told = try lists.count(of: list, in: snapshot)
      if told != whole.count { problems.append("list \(list): \(told) told, \(whole.count) there") }
      var (number, place) = (0, 0)
      while let block = try lists.block(list, number, in: snapshot) {
        let range = place..<place + block.count
        if block.count > InvertedLists.blockCapacity { problems.append("list \(list): long block") }
        let anew = whole.build(range, bits: lists.quantizer.bits(of: list))
        let key = InvertedLists.key(codes.id, list: list, block: number)
        if let value = try store.tables.lists.value(of: key, in: snapshot),
          Self.bytes(value) != anew
        {
          problems.append("list \(list): other bytes anew")
        }
        (number, place) = (number + 1, range.upperBound)
      }
    }
    return problems
  }

  static func bytes(_ value: Span<UInt8>) -> [UInt8] { value.indices.map { value[$0] } }

  private mutating func readFresh(in snapshot: borrowing Snapshot) throws -> [String] {
    var problems: [String] = []
    var cursor = try store.tables.fresh.cursor(in: snapshot)
    var isThere = try cursor.seek(atOrAfter: Key(codes.id))
    while isThere, cursor.key.starts(with: Key(codes.id)) {
      let number = cursor.key.bigEndianUInt32(at: 4) ?? 0
      if let block = try codes.fresh.block(number, in: snapshot) {
        if block.count == 0 { problems.append("fresh block \(number) is empty") }
        for place in 0..<block.count {
          let (row, list) = (block.row(at: place), Int(block.list(at: place)))
          if !codes.isMerged(row, list) { freshRows[row] = list }
        }
      }
      isThere = try cursor.next()
    }
    return problems
  }

  /// Every passage's row has its code in one place, which its place tells, and nothing else has.
  private func compare(
    _ vectors: [String: [Float]], in snapshot: borrowing Snapshot
  ) throws -> [String] {
    var problems: [String] = []
    var count = 0
    let kernels = try store.kernels()
    var rows: Set<UInt32> = []
    for (id, vector) in vectors {
      guard let row = try store.row(of: Identifier(id), in: snapshot) else {
        problems.append("\(id) has no row")
        continue
      }
      rows.insert(row)
      var found = CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
      guard try codes.copyCode(of: row, to: row, &found, in: snapshot),
        let list = try codes.places.list(of: row, in: snapshot)
      else {
        problems.append("\(id) (row \(row)) has no code")
        continue
      }
      var wanted = CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
      wanted.append(row: row, embedding: vector.span, kernels: kernels)
      if !found.hasSameCodes(as: wanted) { problems.append("\(id) has another code") }
      if codes.lists?.quantizer.assign(wanted, workerCount: 1) != [UInt16(list)] {
        problems.append("\(id) is in the wrong list")
      }
      let isInList = rowsOfLists[list]?.contains(row) ?? false
      if isInList == (freshRows[row] == list) { problems.append("\(id) is in no place, or in two") }
    }
    for rowsOfList in rowsOfLists.values { count += rowsOfList.count }
    count += freshRows.count
    if count != vectors.count || codes.record.count != count {
      problems.append("\(count) codes, \(codes.record.count) told, \(vectors.count) vectors")
    }
    for row in try placedRows(in: snapshot) where !rows.contains(row) {
      problems.append("row \(row) is gone but has a place")
    }
    let rowCount = try store.tables.rows.count(in: snapshot)
    if rowCount != vectors.count { problems.append("\(rowCount) rows") }
    return problems
  }

  private func placedRows(in snapshot: borrowing Snapshot) throws -> [UInt32] {
    var found: [UInt32] = []
    var cursor = try store.tables.places.cursor(in: snapshot)
    var isThere = try cursor.seek(atOrAfter: Key(codes.id))
    while isThere, cursor.key.starts(with: Key(codes.id)) {
      let first = (cursor.key.bigEndianUInt32(at: 4) ?? 0) * Places.size
      let value = Self.bytes(try cursor.value)
      for place in 0..<Places.size
      where (value.span.littleEndianUInt16(at: 2 * Int(place)) ?? 0) != Places.none {
        found.append(first + place)
      }
      isThere = try cursor.next()
    }
    return found
  }

  /// Nothing is stored of indexes that no version names.
  private func leftovers(in snapshot: borrowing Snapshot) throws -> [String] {
    var problems: [String] = []
    for table in store.tables.ofIndexes {
      var cursor = try table.cursor(in: snapshot)
      var others = 0
      while try cursor.next() { if cursor.key.bigEndianUInt32(at: 0) != codes.id { others += 1 } }
      if others > 0 { problems.append("\(table.name) has \(others) keys of other indexes") }
    }
    return problems
  }
}
