internal import IVF
internal import LMDB

extension Compaction {
  /// Copies all lists with the new numbers of their rows; all else in a block, 1-bit codes included, does
  /// not depend on them. No merge is under way, so that every code of a list counts.
  mutating func copyLists() throws {
    for id in try indexIDs() {
      let index = try index(id)
      if !index.hasLists { continue }
      var last: Key?
      repeat {
        let step = try growingMap {
          try $0.copyLists(of: id, index.codec, index.width, after: last)
        }
        last = step.last
        codeCounts[id, default: 0] += step.codeCount
        try count(step.count)
      } while last != nil
      try requireCount(of: id, index.count)
    }
  }

  /// One transaction.
  private func copyLists(
    of id: UInt32, _ codec: Codec, _ width: Int, after last: Key?
  ) throws -> (last: Key?, count: Int, codeCount: Int) {
    let snapshot = try source.environment.snapshot()
    var write = try target.beginWrite()
    var cursor = try source.tables.lists.cursor(in: snapshot)
    var isThere =
      if last == nil { try cursor.seek(atOrAfter: Key(id)) } else { try cursor.seek(after: last) }
    var (bytes, count, codeCount) = (0, 0, 0)
    var key: Key?
    while isThere, bytes < Self.batchSizeInBytes, cursor.key.starts(with: Key(id)) {
      key = Key(cursor.key)
      let copied = try copy(cursor.value, of: id, codec, width, to: Key(cursor.key), in: &write)
      codeCount += copied.codeCount
      bytes += copied.bytes
      count += 1
      isThere = try cursor.next()
    }
    try write.commit()
    return (isThere && cursor.key.starts(with: Key(id)) ? key : nil, count, codeCount)
  }

  private func copy(
    _ value: Span<UInt8>, of id: UInt32, _ codec: Codec, _ width: Int, to key: Key,
    in write: inout WriteTransaction
  ) throws -> (codeCount: Int, bytes: Int) {
    let block = try block(value, of: id, codec, width: width)
    guard !block.hasLists else {
      throw source.damaged("a block of index \(id)", "it is none of a list")
    }
    var rows: [UInt32] = []
    for place in 0..<block.count { rows.append(try number(block.row(at: place), "lists")) }
    let copy = try CodeBlock.renumbered(value, rows: rows)
    try tables.lists.append(copy.span, at: key, in: &write)
    return (rows.count, copy.count)
  }

  /// Cuts the places of every clustered index anew.
  mutating func cutPlaces() throws {
    var cut = 0
    for id in try indexIDs() {
      var (cutter, last) = (PlaceCutter(), Key?.none)
      repeat {
        let step = try growingMap { try $0.cutPlaces(of: id, cutter, after: last) }
        (cutter, last) = (step.cutter, step.last)
        cut += step.count
        try count(step.count)
      } while last != nil
    }
    if try cut != source.tables.places.count(in: source.environment.snapshot()) {
      throw source.damaged("the table places", "it has places of no index")
    }
  }

  /// One transaction.
  private func cutPlaces(
    of id: UInt32, _ given: PlaceCutter, after last: Key?
  ) throws -> (cutter: PlaceCutter, last: Key?, count: Int) {
    let snapshot = try source.environment.snapshot()
    var cutter = given
    var write = try target.beginWrite()
    var cursor = try source.tables.places.cursor(in: snapshot)
    var isThere =
      if last == nil { try cursor.seek(atOrAfter: Key(id)) } else { try cursor.seek(after: last) }
    var (bytes, count) = (0, 0)
    var key: Key?
    while isThere, bytes < Self.batchSizeInBytes, cursor.key.starts(with: Key(id)) {
      key = Key(cursor.key)
      let number = cursor.key.bigEndianUInt32(at: 4) ?? .max
      bytes += try cutPlaces(cursor.value, number, of: id, &cutter, in: &write)
      count += 1
      isThere = try cursor.next()
    }
    let hasMore = isThere && cursor.key.starts(with: Key(id))
    if !hasMore, let rest = cutter.finish() { try put(rest, of: id, in: &write) }
    try write.commit()
    return (cutter, hasMore ? key : nil, count)
  }

  /// - Returns: the bytes of the old value.
  private func cutPlaces(
    _ value: Span<UInt8>, _ valueNumber: UInt32, of id: UInt32, _ cutter: inout PlaceCutter,
    in write: inout WriteTransaction
  ) throws -> Int {
    let first = Int(valueNumber) * Int(Places.size)
    for place in 0..<Int(Places.size) {
      guard let list = value.littleEndianUInt16(at: 2 * place) else {
        throw source.damaged("the places of index \(id)", "row \(first + place) is missing")
      }
      if list == Places.none { continue }
      let row = try number(UInt32(exactly: first + place), "places")
      if let full = cutter.append(row: row, list: list) { try put(full, of: id, in: &write) }
    }
    return value.count
  }

  private func put(
    _ value: (number: UInt32, entries: [UInt16]), of id: UInt32, in write: inout WriteTransaction
  ) throws {
    var key = Key(id)
    key.append(value.number)
    try tables.places.append(Places.bytes(value.entries).span, at: key, in: &write)
  }
}
