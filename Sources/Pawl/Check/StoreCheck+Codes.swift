internal import IVF
internal import LMDB
internal import LinearAlgebra

extension StoreCheck {
  /// Every row below an index's high-water mark has exactly one code, in its place; no other has.
  ///
  /// Indexes that are being built or removed are read, but nobody expects them to be whole.
  mutating func checkCodes(_ snapshot: borrowing Snapshot) throws {
    let indexes = begin()
    if indexes.values.contains(where: { $0.lists != nil }) {
      let kernels = try Kernels(environment: Process.environment)
      walkIndexes("centroids", indexes, snapshot) { $0.checkCentroids($2, $3, kernels) }
    } else {
      walkIndexes("centroids", indexes, snapshot) { $0.reportNotClustered($1, "centroids", $3) }
    }
    walkIndexes("directory", indexes, snapshot) { $0.checkDirectory($1, $2, $3) }
    walkIndexes("places", indexes, snapshot) { $0.checkPlaces($1, $2, $3) }
    let ids = indexes.keys.sorted()
    for id in ids { if let index = indexes[id] { finishPlaces(index) } }
    walkIndexes("lists", indexes, snapshot) { $0.checkList($1, $2, $3) }
    walkIndexes("fresh", indexes, snapshot) { $0.checkFresh($1, $2, $3) }
    walkIndexes("calibration", indexes, snapshot) { $0.checkCalibration($1, $2, $3) }
    for id in ids { if let index = indexes[id] { finish(index, snapshot) } }
  }

  /// The indexes that are to be whole.
  private mutating func begin() -> [UInt32: CheckedIndex] {
    var indexes: [UInt32: CheckedIndex] = [:]
    for (id, record) in records.indexes.sorted(by: { $0.key < $1.key }) where record.state == nil {
      let index = CheckedIndex(
        id, record, width: records.spaces[record.space]?.width,
        codeHashes: [UInt64](repeating: 0, count: rows.twins.isEmpty ? 0 : rows.count))
      checkClustering(of: index)
      indexes[id] = index
    }
    return indexes
  }

  /// Walks a table whose keys begin with the number of an index.
  ///
  /// - Parameter body: given a key, its value unless that is damaged, and the key's index.
  private mutating func walkIndexes(
    _ name: String, _ indexes: [UInt32: CheckedIndex], _ snapshot: borrowing Snapshot,
    _ body: (inout StoreCheck, Span<UInt8>, Span<UInt8>?, CheckedIndex) -> Void
  ) {
    guard var walk = walk(name, snapshot) else { return }
    while advance(&walk, name) {
      let value = value(walk, name)
      guard hasForm(walk.key, nil, name), let id = walk.key.bigEndianUInt32(at: 0) else { continue }
      if let index = indexes[id] {
        body(&self, walk.key, value, index)
      } else {
        reportUnknown(id, name)
      }
    }
  }

  private mutating func reportUnknown(_ id: UInt32, _ table: String) {
    let object = StoreObject.index(id)
    guard records.indexes[id] == nil, !records.unreadable.contains(object),
      !incomplete.contains("indexes"), unknownIndexes.insert(id).inserted
    else { return }
    report(.blockExtra, object, "the table \(table) has something of it, but it has no record")
  }

  /// Reports what only clustered indexes have.
  mutating func reportNotClustered(_ key: Span<UInt8>, _ table: String, _ index: CheckedIndex) {
    if index.record.clustering != nil { return }
    report(.blockExtra, StoreObject.name(of: key, in: table), "its index is not clustered")
  }

  /// Whether rows can be compared with codes at all.
  var canCompare: Bool { !incomplete.contains("rows") }

  /// Codes by themselves.
  ///
  /// - Returns: whether all of them are numbers.
  mutating func checkCodes(
    of block: borrowing CodeBlock, _ object: String, _ index: CheckedIndex
  ) -> Bool {
    let before = report.problemCount
    for position in 0..<block.count {
      let row = block.row(at: position)
      let scale = block.scale(at: position)
      if !scale.isFinite || scale <= 0 {
        report(.scale, object, "row \(row) has the scale \(scale)")
      }
      if block.codec == .int8 || block.codec == .binary, index.codeHashes.isEmpty { continue }
      let code = block.look(at: position)
      if !code.isFinite {
        report(.codeNotFinite, object, "the code of row \(row) holds infinity or NaN")
      }
      if !index.codeHashes.isEmpty, let place = rows.place(of: row) {
        index.codeHashes[place] = code.hash
      }
    }
    return report.problemCount == before
  }
}
