internal import LMDB
internal import LinearAlgebra

/// Passes of many queries through the lists of an index: a list that comes from memory serves all queries
/// that look into it.
///
/// At a million vectors a query that goes through its lists alone waits for memory most of the time. Here
/// each first looks into its nearest lists, until it has k codes, whose worst says about how well its kth best
/// scores; then into all that `Probing` still wants. Each round takes the lists in the order in which they are
/// stored, so that which ones a query looks into, and when, follows from the query alone.
struct ListPass: ~Copyable {
  private let index: ClusteredIndex
  private let k: Int
  private let probing: Probing
  /// Queries that fit.
  private let capacity: Int
  private let rotation: Rotation
  private let kernels: Kernels
  /// capacity × L: what centroids score; −∞ for lists that were looked into.
  private var scores: [Float]
  private var nearest = BestScores()
  private var bits: BitQueries
  private var scanner: ListScanner
  private var queries: [ListQuery] = []
  private var rounded: RoundedQueries
  /// Which query is to look into which list: as they were found, and by list.
  private var found: [ListVisit] = []
  private var visits: [ListVisit] = []
  /// Where in `visits` those of a list begin.
  private var starts: [UInt32]
  private var positions: [UInt32]

  /// What the scores of centroids may take, for each worker; its visits take mostly a tenth as much, and eight
  /// times as much where all queries look into all lists.
  private static let scoresSizeInBytes = 16 << 20
  /// Queries of one pass, so that their tables stay in the caches beside a list.
  private static let largestCapacity = 1_024
  /// Lists that each query looks into at first; twice as many each time that these do not suffice.
  private static let firstCount = 8

  /// How many queries a pass takes at most.
  static func capacity(listCount: Int) -> Int {
    max(1, min(largestCapacity, scoresSizeInBytes / (4 * listCount)))
  }

  init(
    _ index: ClusteredIndex, k: Int, _ probing: Probing, capacity: Int, rotation: Rotation,
    kernels: Kernels
  ) {
    precondition(
      (1...Self.largestCapacity).contains(capacity), "passes of \(capacity) queries")
    self.index = index
    self.k = k
    self.probing = probing
    self.capacity = capacity
    self.rotation = rotation
    self.kernels = kernels
    scores = [Float](repeating: 0, count: capacity * index.listCount)
    rounded = RoundedQueries(width: index.blocks.width)
    bits = BitQueries(
      width: index.blocks.width, capacity: index.blocks.codec == .binary ? capacity : 1)
    scanner = ListScanner(index, kernels: kernels)
    starts = [UInt32](repeating: 0, count: index.listCount + 1)
    positions = [UInt32](repeating: 0, count: index.listCount)
  }

  /// The best k rows of each of up to `capacity` queries.
  mutating func search(
    _ floats: Span<Float>, _ opened: inout OpenedLists, work: inout ListWork,
    in snapshot: borrowing Snapshot
  ) throws -> [[TopK.Candidate]] {
    begin(floats, opened)
    var (round, count, pending) = (0, 0, Array(queries.indices))
    while !pending.isEmpty {
      let size = min(Self.firstCount << round, index.listCount - count)
      pending = pending.filter { choose(for: $0, round: round, after: count, size) }
      try look(floats, &opened, work: &work, in: snapshot)
      (round, count) = (round + 1, count + size)
    }
    return queries.map { $0.top.candidates() }
  }
}

// Which lists.
extension ListPass {
  private mutating func begin(_ floats: Span<Float>, _ opened: OpenedLists) {
    let width = index.blocks.width
    let count = floats.count / width
    precondition(count <= capacity, "\(count) queries where \(capacity) fit")
    queries.removeAll(keepingCapacity: true)
    rounded.removeAll()
    // An error may have left something.
    found.removeAll(keepingCapacity: true)
    scanner.forget()
    for query in 0..<count {
      let x = floats.extracting(query * width..<(query + 1) * width)
      queries.append(ListQuery(x, k: k, kernels: kernels))
      rounded.append(x)
      if index.blocks.codec == .binary {
        bits.set(x, at: query, rotation: rotation, kernels: kernels)
      }
    }
    let (rounded, kernels) = (rounded, kernels)
    var view = scores.mutableSpan
    opened.scoreCentroids(rounded, kernels: kernels, into: &view)
  }

  private func row(_ query: Int) -> Range<Int> {
    query * index.listCount..<(query + 1) * index.listCount
  }

  /// Chooses the lists of one round.
  ///
  /// - Parameters:
  ///   - count: lists of earlier rounds; size: those of this one, where they are the nearest.
  /// - Returns: whether another round may follow.
  private mutating func choose(for query: Int, round: Int, after count: Int, _ size: Int) -> Bool {
    switch probing {
    case .lists(let all):
      // What is nearest first sets the bar for the rest.
      findBest(round == 0 ? min(all, size) : max(0, min(all, index.listCount) - count), of: query)
      return round == 0
    case .margin(let margin):
      if queries[query].top.isFull {
        queries[query].isStopping = true
        findWanted(by: queries[query].least(margin: margin), of: query)
        return false
      }
      findBest(size, of: query)
      return count + size < index.listCount
    }
  }

  private mutating func findWanted(by least: Float, of query: Int) {
    let count = Self.select(atLeast: least, of: row(query), scores, &positions, kernels)
    for place in 0..<count {
      let list = Int(positions[place])
      let score = scores[query * index.listCount + list]
      if score > -.infinity { add(list, query, score) }
    }
  }

  private mutating func findBest(_ count: Int, of query: Int) {
    Self.fill(&nearest, with: row(query), of: scores)
    nearest.findBest(count)
    // The nearest of all comes in the first round; −∞ before.
    if nearest.count > 0 { queries[query].highest = max(queries[query].highest, nearest[0].score) }
    for position in 0..<nearest.count {
      let (list, score) = nearest[position]
      add(list, query, score)
    }
  }

  // These are given their buffers, because spans of two properties of one value would overlap.

  private static func fill(_ best: inout BestScores, with row: Range<Int>, of scores: [Float]) {
    let row = scores.span.extracting(row)
    best.fill(row.count) { view in
      for list in 0..<row.count { view[list] = row[list] }
    }
  }

  private static func select(
    atLeast least: Float, of row: Range<Int>, _ scores: [Float], _ positions: inout [UInt32],
    _ kernels: Kernels
  ) -> Int {
    var view = positions.mutableSpan
    return kernels.select(atLeast: least, of: scores.span.extracting(row), into: &view)
  }

  private mutating func add(_ list: Int, _ query: Int, _ score: Float) {
    found.append(ListVisit(list: list, query: query, score: score))
    scores[query * index.listCount + list] = -.infinity
  }

  /// Sorts what was found by list.
  private mutating func sortVisits() {
    for list in starts.indices { starts[list] = 0 }
    for visit in found { starts[Int(visit.list)] += 1 }
    var sum: UInt32 = 0
    for list in starts.indices {
      sum += starts[list]
      starts[list] = sum
    }
    if visits.count < found.count { visits += found[visits.count...] }
    // From the last on, so that queries stay in order, and `starts` is where each list begins.
    for visit in found.reversed() {
      starts[Int(visit.list)] -= 1
      visits[Int(starts[Int(visit.list)])] = visit
    }
    found.removeAll(keepingCapacity: true)
  }
}

// Codes.
extension ListPass {
  private mutating func look(
    _ floats: Span<Float>, _ opened: inout OpenedLists, work: inout ListWork,
    in snapshot: borrowing Snapshot
  ) throws {
    sortVisits()
    for list in 0..<index.listCount {
      for place in Int(starts[list])..<Int(starts[list + 1]) {
        let visit = visits[place]
        // So that what it finds does not depend on which queries come between.
        if scanner.waitingQuery == visit.query { scanner.finish(&queries, floats, work: &work) }
        if isWanted(visit) {
          let stretches = try opened.list(list, in: snapshot)
          scanner.look(visit, stretches, of: opened, &queries, floats, bits, work: &work)
        }
      }
    }
    scanner.finish(&queries, floats, work: &work)
  }

  /// Whether the query still wants to look into the list, whatever it has found since that was chosen.
  private func isWanted(_ visit: ListVisit) -> Bool {
    guard case .margin(let margin) = probing, queries[visit.query].isStopping else { return true }
    return visit.score >= queries[visit.query].least(margin: margin)
  }
}
