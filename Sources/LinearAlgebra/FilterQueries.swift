internal import CKernels

/// Queries in tiles, each with the codes that may be among its best.
///
/// Several threads may work on it at once, each on tiles of its own.
@safe package final class FilterQueries: @unchecked Sendable {
  // Sendable: what a method changes belongs to the tile or query that it names, and callers give
  // each tile to one thread at a time.
  package let filter: CodeFilter
  package let width: Int
  /// Queries that fit.
  package let capacity: Int
  package private(set) var count = 0

  /// Candidates that a query has room for before its list is thinned out or grows.
  private let listCapacity: Int
  private let tileSizeInBytes: Int
  /// capacity × D: the queries as they came.
  private let floats: UnsafeMutableBufferPointer<Float>
  private let tiles: UnsafeMutableBufferPointer<Int8>
  private let states: UnsafeMutableBufferPointer<pawl_filter_query>
  /// capacity × listCapacity; a list that outgrew its place here lies in memory of its own.
  private let lists: UnsafeMutableBufferPointer<pawl_candidate>

  /// - Parameter listCapacity: at least one tile's worth is taken.
  package init(filter: CodeFilter, width: Int, capacity: Int, listCapacity: Int) {
    precondition(width <= CodeFilter.maximumWidth, "a filter of \(width) dimensions")
    self.filter = filter
    self.width = width
    self.capacity = capacity
    self.listCapacity = max(listCapacity, Int(PAWL_FILTER_ROOM))
    tileSizeInBytes = (width + 3) / 4 * 4 * filter.tileSize
    let tileCount = (capacity + filter.tileSize - 1) / filter.tileSize
    unsafe floats = .allocate(capacity: capacity * width)
    unsafe tiles = .allocate(capacity: tileCount * tileSizeInBytes)
    unsafe states = .allocate(capacity: capacity)
    unsafe lists = .allocate(capacity: capacity * self.listCapacity)
    unsafe states.initialize(repeating: pawl_filter_query())
  }

  deinit {
    removeAll()
    unsafe floats.deallocate()
    unsafe tiles.deallocate()
    unsafe states.deallocate()
    unsafe lists.deallocate()
  }

  /// Queries of a tile.
  package var tileSize: Int { filter.tileSize }
  package var tileCount: Int { (count + tileSize - 1) / tileSize }

  /// The queries of a tile.
  package func queries(ofTile tile: Int) -> Range<Int> {
    tile * tileSize..<min((tile + 1) * tileSize, count)
  }

  package func removeAll() {
    for query in 0..<count { unsafe release(&states[query]) }
    count = 0
  }

  /// Adds a query of D floats.
  ///
  /// - Returns: false, nothing added, where its norm is not between 2^-40 and 2^40: it has no bound.
  package func append(_ query: Span<Float>) -> Bool {
    precondition(query.count == width, "a query of \(query.count), not \(width)")
    precondition(count < capacity, "more than \(capacity) queries")
    let (tile, row) = count.quotientAndRemainder(dividingBy: tileSize)
    let bytes = unsafe UnsafeMutableBufferPointer(
      rebasing: tiles[tile * tileSizeInBytes..<(tile + 1) * tileSizeInBytes])
    if row == 0 { unsafe bytes.update(repeating: 0) }
    var state = unsafe pawl_filter_query()
    let isBounded = unsafe query.withUnsafeBufferPointer {
      unsafe pawl_filter_pack_query(
        filter.table, width, $0.baseAddress, row, bytes.baseAddress, &state)
    }
    guard isBounded else { return false }
    for index in 0..<width { unsafe floats[count * width + index] = query[index] }
    unsafe state.threshold = -.greatestFiniteMagnitude
    unsafe state.capacity = UInt32(listCapacity)
    unsafe state.candidates = lists.baseAddress?.advanced(by: count * listCapacity)
    unsafe states[count] = state
    count += 1
    return true
  }

  /// The D floats of a query.
  @_lifetime(borrow self)
  package func floats(of query: Int) -> Span<Float> {
    precondition(query >= 0 && query < count, "query \(query) of \(count)")
    // Sound: the memory lives as long as self, which the span borrows, and the next `append` writes
    // behind it.
    let span = unsafe Span(
      _unsafeElements: UnsafeBufferPointer(rebasing: floats[query * width..<(query + 1) * width]))
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Forgets a query's candidates; from now on codes below the threshold are dropped.
  package func restart(query: Int, threshold: Float) {
    unsafe states[query].count = 0
    // A code without a bound has the lower bound −∞ and must pass; a place without one must not.
    unsafe states[query].threshold = max(threshold, -.greatestFiniteMagnitude)
  }

  /// Compares a tile's queries with all packed codes.
  ///
  /// Codes that k others surpass for certain are dropped, so a list stays short unless the scores lie
  /// closer to each other than the bounds.
  package func run(tile: Int, over codes: PackedCodes, best k: Int) {
    precondition(codes.width == width, "codes of \(codes.width) for queries of \(width)")
    let queries = queries(ofTile: tile)
    var view = unsafe codes.view()
    let bytes = unsafe tiles.baseAddress?.advanced(by: tile * tileSizeInBytes)
    let first = unsafe states.baseAddress?.advanced(by: queries.lowerBound)
    var panel = 0
    while true {
      unsafe panel = filter.table.pointee.run(&view, panel, bytes, first, queries.count)
      if unsafe panel == view.panels { return }
      for query in queries where unsafe !hasRoom(states[query]) { thin(query: query, best: k) }
    }
  }

  /// Raises the threshold to the kth greatest lower bound, which k codes reach for certain, drops what
  /// is below, and makes room where that was not much.
  package func thin(query: Int, best k: Int) {
    let count = candidateCount(of: query)
    if count >= k, let candidates = unsafe states[query].candidates {
      unsafe pawl_select(count, k, candidates)
      let threshold = unsafe max(states[query].threshold, candidates[k - 1].lower)
      unsafe states[query].threshold = threshold
      unsafe states[query].count = UInt32(pawl_keep(count, threshold, candidates))
    }
    let isHalfFull = unsafe states[query].count > states[query].capacity / 2
    if unsafe isHalfFull || !hasRoom(states[query]) { unsafe grow(&states[query]) }
  }

  private func hasRoom(_ state: pawl_filter_query) -> Bool {
    unsafe state.capacity - state.count >= UInt32(PAWL_FILTER_ROOM)
  }

  private func grow(_ state: inout pawl_filter_query) {
    let count = unsafe Int(state.count)
    let capacity = unsafe max(2 * Int(state.capacity), count + Int(PAWL_FILTER_ROOM))
    let larger = UnsafeMutablePointer<pawl_candidate>.allocate(capacity: capacity)
    if let candidates = unsafe state.candidates {
      unsafe larger.initialize(from: candidates, count: count)
    }
    unsafe release(&state)
    unsafe state.candidates = larger
    unsafe state.capacity = UInt32(capacity)
  }

  /// Frees a list that has memory of its own.
  private func release(_ state: inout pawl_filter_query) {
    if unsafe state.capacity > listCapacity { unsafe state.candidates.deallocate() }
  }
}

// What a query found.
extension FilterQueries {
  package func candidateCount(of query: Int) -> Int { unsafe Int(states[query].count) }

  /// Codes below this were dropped; −∞: none were.
  package func threshold(of query: Int) -> Float {
    let threshold = unsafe states[query].threshold
    return threshold == -.greatestFiniteMagnitude ? -.infinity : threshold
  }

  /// About the kth best score: the middle of the bounds of which the kth lower one is; nil with fewer
  /// candidates.
  ///
  /// Moves those k candidates to the front.
  package func selectBest(_ k: Int, of query: Int) -> Float? {
    let count = candidateCount(of: query)
    guard k >= 1, count >= k, let candidates = unsafe states[query].candidates else { return nil }
    unsafe pawl_select(count, k, candidates)
    return unsafe (candidates[k - 1].lower + candidates[k - 1].upper) / 2
  }

  /// A query's candidate: the code's number, and between what its exact score lies.
  package func candidate(
    _ position: Int, of query: Int
  ) -> (number: UInt32, lower: Float, upper: Float) {
    precondition(position < candidateCount(of: query), "candidate \(position)")
    let candidate = unsafe states[query].candidates[position]
    return (candidate.number, candidate.lower, candidate.upper)
  }
}
