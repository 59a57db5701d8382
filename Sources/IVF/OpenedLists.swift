internal import LMDB
internal import LinearAlgebra

/// A clustered index as one commit left it: where its centroids, lists and fresh codes lie in the map.
///
/// A list is looked up, and its checksums compared, when it is first needed; afterwards it costs nothing
/// to find. One thread's.
@safe struct OpenedLists {
  // The addresses are those of bytes that do not change between two snapshots of one view, so they hold
  // for as long as one is open. `ListSearcher` has one of this view open during every search, and nothing
  // that reads them keeps an address beyond.

  /// Codes that lie behind each other.
  @safe struct Stretch {
    let count: Int
    let codes: UnsafeRawPointer
    let scales: UnsafeRawPointer
    let rows: UnsafeRawPointer
    /// The 1-bit codes; the codes again, where there are none.
    let bits: UnsafeRawPointer
    /// The codes' lists; the rows again, where they are not told.
    let lists: UnsafeRawPointer
  }

  /// Where the processor's own prefetching has begun when a scan is so far.
  private static let startSizeInBytes = 2_048

  /// Centroids whose codes stay in the first cache while all queries meet them.
  private static let centroidTile = 64

  let index: ClusteredIndex
  /// The snapshot's.
  let view: Snapshot.View
  @safe private let centroidBytes: UnsafeBufferPointer<UInt8>
  private var stretches: [Stretch] = []
  /// Where in `stretches` a list is; nil: not looked up yet.
  private var places: [Range<Int>?]
  private var fresh: [Stretch] = []
  /// The codes of `fresh` in runs of one list, sorted by list.
  private var freshRuns: [FreshRun] = []
  /// Where in `freshRuns` those of a list begin, and behind the last list where all end.
  private var freshStarts: [UInt32] = []

  /// Codes of one list that lie behind each other.
  private struct FreshRun {
    let stretch: UInt32
    let start: UInt16
    let count: UInt16
  }

  init(_ index: ClusteredIndex, in snapshot: borrowing Snapshot) throws {
    self.index = index
    view = snapshot.view
    places = [Range<Int>?](repeating: nil, count: index.listCount)
    guard let value = try index.centroids.value(of: Key(index.blocks.index), in: snapshot) else {
      throw ListError.missingCentroids
    }
    do throws(CentroidError) {
      let table = try CentroidTable(value, listCount: index.listCount, width: index.blocks.width)
      try table.requirePositiveScales()
    } catch { throw ListError.centroids(error) }
    centroidBytes = unsafe value.withUnsafeBufferPointer { unsafe $0 }
    try openFresh(in: snapshot)
  }

  private mutating func openFresh(in snapshot: borrowing Snapshot) throws {
    let blocks = index.blocks
    let prefix = Key(blocks.index)
    var cursor = try blocks.fresh.cursor(in: snapshot)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.key.starts(with: prefix) {
      do {
        let block = try CodeBlock(cursor.value)
        try block.requireKind(codec: blocks.codec, width: blocks.width)
        guard block.hasLists || block.count == 0 else { throw ListError.freshWithoutLists }
        guard block.count <= InvertedLists.blockCapacity else {
          throw CodeBlockError.tooLong(count: block.count, capacity: InvertedLists.blockCapacity)
        }
        fresh.append(Stretch(block, blocks.liveRange(of: block) ?? 0..<block.count))
      }
      found = try cursor.next()
    }
    sortFresh()
  }

  /// Codes of lists that the index does not have are in no list.
  private mutating func sortFresh() {
    var starts = [UInt32](repeating: 0, count: index.listCount + 1)
    forEachFreshRun { list, _ in starts[list + 1] += 1 }
    for list in 0..<index.listCount { starts[list + 1] += starts[list] }
    freshStarts = starts
    var runs = [FreshRun](
      repeating: FreshRun(stretch: 0, start: 0, count: 0), count: Int(starts[index.listCount]))
    forEachFreshRun { list, run in
      runs[Int(starts[list])] = run
      starts[list] += 1
    }
    freshRuns = runs
  }

  private func forEachFreshRun(_ body: (Int, FreshRun) -> Void) {
    for (number, stretch) in fresh.enumerated() {
      var start = 0
      while start < stretch.count {
        let list = stretch.list(start)
        var end = start + 1
        while end < stretch.count, stretch.list(end) == list { end += 1 }
        if list < index.listCount {
          body(
            list,
            FreshRun(stretch: UInt32(number), start: UInt16(start), count: UInt16(end - start)))
        }
        start = end
      }
    }
  }

  /// The fresh codes of a list: numbers for `fresh(run:)`.
  func freshRuns(of list: Int) -> Range<Int> {
    Int(freshStarts[list])..<Int(freshStarts[list + 1])
  }

  /// Fresh codes of one list. Without 1-bit codes, whatever the codec.
  func fresh(run: Int) -> Stretch {
    let run = freshRuns[run]
    let start = Int(run.start)
    return fresh[Int(run.stretch)].part(
      start..<start + Int(run.count), codec: index.blocks.codec, width: index.blocks.width)
  }

  /// Gives the scores of all centroids for a query, to be ranked.
  func scoreCentroids(_ query: RoundedQueries, kernels: Kernels, into nearest: inout BestScores) {
    let (table, listCount) = (centroids, index.listCount)
    nearest.fill(listCount) { scores in
      table.score(0..<listCount, query, stride: listCount, kernels: kernels, into: &scores)
    }
  }

  /// The same for many queries: scores[q · L + i] ← that of query q and centroid i.
  func scoreCentroids(
    _ queries: RoundedQueries, kernels: Kernels, into scores: inout MutableSpan<Float>
  ) {
    let listCount = index.listCount
    for start in stride(from: 0, to: listCount, by: Self.centroidTile) {
      let lists = start..<min(start + Self.centroidTile, listCount)
      var part = scores.part(start..<queries.count * listCount)
      centroids.score(lists, queries, stride: listCount, kernels: kernels, into: &part)
    }
  }

  /// For as long as a snapshot of this view is open.
  private var centroids: CentroidTable {
    @_lifetime(borrow self)
    get {
      CentroidTable(
        checked: unsafe Span(_unsafeElements: centroidBytes), listCount: index.listCount,
        width: index.blocks.width)
    }
  }

  /// The blocks of a list.
  ///
  /// - Throws: `LMDBError.damaged`, `ListError` for a list that is not what the directory says.
  mutating func list(_ list: Int, in snapshot: borrowing Snapshot) throws -> Range<Int> {
    if let place = places[list] { return place }
    let first = stretches.count
    var found = 0
    let expected = try count(of: list, in: snapshot)
    while found < expected {
      let number = stretches.count - first
      let key = InvertedLists.key(index.blocks.index, list: list, block: number)
      guard let value = try index.lists.table.value(of: key, in: snapshot) else { break }
      found += try append(value, of: list)
    }
    guard found == expected else {
      stretches.removeSubrange(first...)
      throw ListError.wrongCount(list: list, found: found, expected: expected)
    }
    places[list] = first..<stretches.count
    return first..<stretches.count
  }

  /// Asks the memory for the beginning of a list that will be scanned next, if it has been looked up.
  func fetchStart(of list: Int) {
    guard let place = places[list], !place.isEmpty else { return }
    unsafe Kernels.fetchAhead(stretches[place.lowerBound].bits, byteCount: Self.startSizeInBytes)
  }

  /// - Returns: how many codes the block has.
  private mutating func append(_ value: Span<UInt8>, of list: Int) throws -> Int {
    do throws(CodeBlockError) {
      let block = try CodeBlock(value)
      try block.requireKind(codec: index.blocks.codec, width: index.blocks.width)
      guard block.count > 0, block.hasBits == (block.codec == .binary) else {
        throw .wrongLength(byteCount: value.count, count: block.count, width: block.width)
      }
      guard block.count <= InvertedLists.blockCapacity else {
        throw .tooLong(count: block.count, capacity: InvertedLists.blockCapacity)
      }
      stretches.append(Stretch(block, 0..<block.count))
      return block.count
    } catch { throw ListError.wrongBlock(list: list, error) }
  }

  private func count(of list: Int, in snapshot: borrowing Snapshot) throws -> Int {
    let key = ClusteredIndex.directoryKey(index.blocks.index, list: list)
    let place = 4 * (list % ClusteredIndex.directorySize)
    guard let value = try index.directory.value(of: key, in: snapshot), value.count >= place + 4
    else { throw ListError.missingDirectory(list: list) }
    return (0..<4).reduce(0) { $0 | Int(value[place + $1]) << (8 * $1) }
  }

  subscript(stretch: Int) -> Stretch { stretches[stretch] }
}

extension OpenedLists.Stretch {
  init(_ block: borrowing CodeBlock, _ range: Range<Int>) {
    let start = range.lowerBound
    let codes = unsafe block.codes.address
    let rows = unsafe block.rows.address
    count = range.count
    // Within the block, whose length was checked when it was read.
    unsafe self.codes = codes + start * block.codec.codeSizeInBytes(width: block.width)
    unsafe scales = block.scales.isEmpty ? codes : block.scales.address + 4 * start
    unsafe self.rows = rows + 4 * start
    unsafe bits = block.hasBits ? block.bits.address : codes
    unsafe lists = block.hasLists ? rows + 4 * block.count + 2 * start : rows
  }

  private init(
    count: Int, codes: UnsafeRawPointer, scales: UnsafeRawPointer, rows: UnsafeRawPointer,
    lists: UnsafeRawPointer
  ) {
    self.count = count
    unsafe self.codes = codes
    unsafe self.scales = scales
    unsafe self.rows = rows
    unsafe self.lists = lists
    unsafe bits = codes
  }

  /// Some of the codes, without 1-bit codes.
  func part(_ range: Range<Int>, codec: Codec, width: Int) -> Self {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
    let start = range.lowerBound
    // Within the bytes of the whole.
    return unsafe Self(
      count: range.count, codes: codes + start * codec.codeSizeInBytes(width: width),
      scales: scales + start * codec.scaleSizeInBytes, rows: rows + 4 * start,
      lists: lists + 2 * start)
  }

  func row(_ position: Int) -> UInt32 {
    precondition(position >= 0 && position < count, "code \(position) of \(count)")
    return unsafe UInt32(
      littleEndian: rows.loadUnaligned(fromByteOffset: 4 * position, as: UInt32.self))
  }

  func list(_ position: Int) -> Int {
    precondition(position >= 0 && position < count, "code \(position) of \(count)")
    return unsafe Int(
      UInt16(littleEndian: lists.loadUnaligned(fromByteOffset: 2 * position, as: UInt16.self)))
  }
}

extension RawSpan {
  /// Where the bytes lie.
  fileprivate var address: UnsafeRawPointer {
    unsafe withUnsafeBytes { bytes in
      // An empty span may have none; nobody reads there.
      unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
    }
  }
}
