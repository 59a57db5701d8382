internal import IVF
internal import LMDB

extension Compaction {
  /// Copies all lists with the new numbers of their rows; all else in a block, 1-bit codes included, does
  /// not depend on them. No merge is under way, so that every code of a list counts.
  mutating func copyLists() throws {
    for id in try indexIDs() {
      let index = try index(id)
      if !index.hasLists { continue }
      try inBatches { compaction, last in
        let step = try compaction.copyLists(of: id, index.codec, index.width, after: last)
        compaction.codeCounts[id, default: 0] += step.codeCount
        return (step.last, step.count)
      }
      try requireCount(of: id, index.count)
    }
  }

  /// One transaction.
  private func copyLists(
    of id: UInt32, _ codec: Codec, _ width: Int, after last: Key?
  ) throws -> (last: Key?, count: Int, codeCount: Int) {
    var codeCount = 0
    var write = try target.beginWrite()
    let step = try read(source.tables.lists, of: id, after: last, &write) { key, value, write in
      let copied = try copy(value, of: id, codec, width, to: Key(key), in: &write)
      codeCount += copied.codeCount
      return copied.bytes
    }
    try write.commit()
    return (step.last, step.count, codeCount)
  }

  private func copy(
    _ value: Span<UInt8>, of id: UInt32, _ codec: Codec, _ width: Int, to key: Key,
    in write: inout WriteTransaction
  ) throws -> (codeCount: Int, bytes: Int) {
    let name = "a block of \(StoreObject.index(id))"
    let block = try source.block(value, codec, width: width, name: name)
    guard !block.hasLists else { throw source.damaged(name, "it is none of a list") }
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
      var cutter = PlaceCutter()
      cut += try inBatches { compaction, last in
        let step = try compaction.cutPlaces(of: id, cutter, after: last)
        cutter = step.cutter
        return (step.last, step.count)
      }
    }
    if try cut != source.tables.places.count(in: source.environment.snapshot()) {
      throw source.damaged("the table places", "it has places of no index")
    }
  }

  /// One transaction.
  private func cutPlaces(
    of id: UInt32, _ given: PlaceCutter, after last: Key?
  ) throws -> (cutter: PlaceCutter, last: Key?, count: Int) {
    var cutter = given
    var write = try target.beginWrite()
    let step = try read(source.tables.places, of: id, after: last, &write) { key, value, write in
      let number = key.bigEndianUInt32(at: 4) ?? .max
      return try cutPlaces(value, number, of: id, &cutter, in: &write)
    }
    if step.last == nil, let rest = cutter.finish() { try put(rest, of: id, in: &write) }
    try write.commit()
    return (cutter, step.last, step.count)
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
