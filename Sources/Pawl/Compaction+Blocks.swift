internal import IVF
internal import LMDB

extension Compaction {
  /// Cuts the blocks of every index in `fresh` anew.
  mutating func cutBlocks() throws {
    var cut = 0
    for id in try indexIDs() {
      let index = try index(id)
      var cutter = BlockCutter(codec: index.codec, width: index.width)
      cut += try inBatches { compaction, last in
        let step = try compaction.cutBatch(of: id, cutter, after: last)
        cutter = step.cutter
        return (step.last, step.count)
      }
      codeCounts[id] = cutter.codeCount
      if !index.hasLists { try requireCount(of: id, index.count) }
    }
    if try cut != source.tables.fresh.count(in: source.environment.snapshot()) {
      throw source.damaged("the table fresh", "it has blocks of no index")
    }
  }

  /// - Throws: `StoreError.damaged` where fewer or more codes were copied than the index's record says.
  func requireCount(of id: UInt32, _ expected: Int) throws {
    let found = codeCounts[id] ?? 0
    if found != expected {
      throw source.damaged("index \(id)", "it has \(found) codes, not \(expected)")
    }
  }

  func index(
    _ id: UInt32
  ) throws -> (codec: Codec, width: Int, count: Int, hasLists: Bool) {
    let snapshot = try source.environment.snapshot()
    let record = try source.index(id, in: snapshot)
    return (
      record.codec, try source.space(record.space, in: snapshot).width, record.count,
      record.clustering != nil
    )
  }

  func indexIDs() throws -> [UInt32] {
    try source.indexIDs(in: source.environment.snapshot())
  }

  /// One transaction: the old blocks of an index behind `last`, as far as they make whole new ones.
  private func cutBatch(
    of id: UInt32, _ given: BlockCutter, after last: Key?
  ) throws -> (cutter: BlockCutter, last: Key?, count: Int) {
    var cutter = given
    var write = try target.beginWrite()
    let step = try read(source.tables.fresh, of: id, after: last, &write) { _, value, write in
      try cut(value, of: id, &cutter, in: &write)
    }
    if step.last == nil, let rest = cutter.finish() { try put(rest, of: id, in: &write) }
    try write.commit()
    return (cutter, step.last, step.count)
  }

  /// - Returns: the bytes of the old block.
  private func cut(
    _ value: Span<UInt8>, of id: UInt32, _ cutter: inout BlockCutter,
    in write: inout WriteTransaction
  ) throws -> Int {
    let block = try source.block(
      value, cutter.codec, width: cutter.width, name: "a block of \(StoreObject.index(id))")
    // Where lists are told, codes lie in order of these.
    let order =
      block.hasLists
      ? (0..<block.count).sorted { block.row(at: $0) < block.row(at: $1) } : Array(0..<block.count)
    for place in order {
      let row = try number(block.row(at: place), "fresh")
      if let full = cutter.append(row: row, copying: block, at: place) {
        try put(full, of: id, in: &write)
      }
    }
    return value.count
  }

  private func put(
    _ block: (number: UInt32, bytes: [UInt8]), of id: UInt32, in write: inout WriteTransaction
  ) throws {
    var key = Key(id)
    key.append(block.number)
    try tables.fresh.append(block.bytes.span, at: key, in: &write)
  }
}
