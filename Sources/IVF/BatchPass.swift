internal import Dispatch
internal import LinearAlgebra
internal import Synchronization

/// One batch of queries over all codes of an index.
///
/// A sample of the codes tells about where a query's kth score will be; codes that do not reach it are
/// dropped from the start. The guess is checked at the end: if the kth exact score is not below it,
/// nothing was dropped that belongs to the best. Otherwise the query takes another pass, from a
/// threshold that k codes are known to reach.
struct BatchPass: Sendable {
  let stored: StoredCodes
  let k: Int
  let kernels: Kernels
  let filter: CodeFilter
  let workerCount: Int

  /// Bytes of packed codes that are compared with all queries before the next: they stay in a second
  /// cache of 512 KiB.
  private static let packedBytes = 384 << 10
  /// Bytes of candidates at once; further queries take another pass over the codes.
  private static let candidateBytes = 64 << 20
  private static let candidateSizeInBytes = 12
  /// Codes in the sample, and how many codes make it worth while.
  private static let sampleCount = 2048
  private static let fewestSampled = 8 * sampleCount

  /// A query of the batch.
  private struct Member {
    let query: Int
    /// What its kth best score reaches for certain; nil: to be guessed.
    var certain: Float?
  }

  /// Searches all queries that have bounds.
  ///
  /// - Parameter queries: results.count × D.
  /// - Returns: the queries without.
  func search(
    _ queries: Span<Float>, into results: inout [[TopK.Candidate]], work: inout BatchWork
  ) -> [Int] {
    let sample = sampled(work: &work)
    let packed = PackedCodes(
      width: stored.width, capacity: max(Self.packedBytes / stored.width, StoredCodes.partCapacity))
    let batch = emptyBatch(queryCount: results.count)
    var open = results.indices.map { Member(query: $0) }[...]
    var unbounded: [Int] = []
    while !open.isEmpty {
      var members: [Member] = []
      batch.removeAll()
      while batch.count < batch.capacity, let member = open.popFirst() {
        let range = member.query * stored.width..<(member.query + 1) * stored.width
        if batch.append(queries.extracting(range)) {
          members.append(member)
        } else {
          unbounded.append(member.query)
        }
      }
      let thresholds = thresholds(members, batch, sample, work: &work)
      filter(batch, thresholds, through: packed, work: &work)
      let found = refine(batch, work: &work)
      for (position, member) in members.enumerated() {
        let (candidates, kth) = found[position]
        if kth >= thresholds[position] || member.certain != nil {
          results[member.query] = candidates
        } else {
          open.append(Member(query: member.query, certain: kth))
          work.repeatedCount += 1
        }
      }
    }
    return unbounded
  }

  private func emptyBatch(queryCount: Int) -> FilterQueries {
    // With a guess about 3 · k pass for k = 200, and more of those nearby.
    let listCapacity = 4 * k + 512
    let fitting = Self.candidateBytes / (listCapacity * Self.candidateSizeInBytes)
    // Each worker needs some tiles for each stretch of codes.
    let fewest = 4 * filter.tileSize * workerCount
    return FilterQueries(
      filter: filter, width: stored.width, capacity: min(queryCount, max(fitting, fewest)),
      listCapacity: listCapacity)
  }
}

// The sample.
extension BatchPass {
  /// Every nth code; nil where there are too few for a sample to pay.
  private func sampled(work: inout BatchWork) -> PackedCodes? {
    guard stored.count >= Self.fewestSampled else { return nil }
    let clock = ContinuousClock()
    let start = clock.now
    let stride = stored.count / Self.sampleCount
    let packed = PackedCodes(width: stored.width, capacity: stored.count / stride + 1)
    var (next, seen) = (stride / 2, 0)
    for part in 0..<stored.partCount {
      let count = stored.count(ofPart: part)
      while next < seen + count {
        stored.pack(next - seen..<next - seen + 1, ofPart: part, into: packed)
        next += stride
      }
      seen += count
    }
    work.packSeconds += (clock.now - start) / .seconds(1)
    return packed
  }

  /// The score that the kth best of each query reaches for certain, or else probably.
  private func thresholds(
    _ members: [Member], _ batch: FilterQueries, _ sample: PackedCodes?, work: inout BatchWork
  ) -> [Float] {
    var thresholds = members.map { $0.certain ?? -.infinity }
    // Of the k best, about `expected` are in the sample, Poisson distributed; three standard
    // deviations more make a repetition rare.
    let expected = Double(k) * Double(Self.sampleCount) / Double(max(stored.count, 1))
    let rank = Int((expected + 3 * expected.squareRoot() + 3).rounded(.up))
    guard let sample, rank <= Self.sampleCount / 4 else { return thresholds }
    compare(batch, sample, best: rank, work: &work)
    for (position, member) in members.enumerated() where member.certain == nil {
      if let guess = batch.selectBest(rank, of: position), guess.isFinite {
        thresholds[position] = guess
      }
    }
    return thresholds
  }
}

// The steps.
extension BatchPass {
  /// Passes over all codes, a stretch at a time.
  private func filter(
    _ batch: FilterQueries, _ thresholds: [Float], through packed: PackedCodes,
    work: inout BatchWork
  ) {
    for (query, threshold) in thresholds.enumerated() {
      batch.restart(query: query, threshold: threshold)
    }
    let clock = ContinuousClock()
    var start = clock.now
    packed.removeAll()
    for part in 0..<stored.partCount {
      let count = stored.count(ofPart: part)
      if packed.count + count > packed.capacity {
        work.packSeconds += (clock.now - start) / .seconds(1)
        compare(batch, packed, best: k, work: &work)
        start = clock.now
        packed.removeAll()
      }
      stored.pack(0..<count, ofPart: part, into: packed)
    }
    work.packSeconds += (clock.now - start) / .seconds(1)
    compare(batch, packed, best: k, work: &work)
  }

  /// Compares all queries with the packed codes, tile by tile.
  private func compare(
    _ batch: FilterQueries, _ packed: PackedCodes, best k: Int, work: inout BatchWork
  ) {
    let next = Atomic(0)
    let seconds = Mutex(0.0)
    DispatchQueue.concurrentPerform(iterations: min(workerCount, max(batch.tileCount, 1))) { _ in
      let clock = ContinuousClock()
      let start = clock.now
      while true {
        // Sound: `next` gives each tile to one worker only.
        let tile = next.add(1, ordering: .relaxed).oldValue
        if tile >= batch.tileCount { break }
        batch.run(tile: tile, over: packed, best: k)
      }
      let spent = (clock.now - start) / .seconds(1)
      seconds.withLock { $0 += spent }
    }
    work.filterSeconds += seconds.withLock { $0 }
  }

  /// Each query's best by exact scores, and the kth of them.
  private func refine(
    _ batch: FilterQueries, work: inout BatchWork
  ) -> [(candidates: [TopK.Candidate], kth: Float)] {
    let next = Atomic(0)
    let found = Mutex(
      (
        best: [(candidates: [TopK.Candidate], kth: Float)](
          repeating: ([], 0), count: batch.count), work: work
      ))
    DispatchQueue.concurrentPerform(iterations: min(workerCount, max(batch.tileCount, 1))) { _ in
      let clock = ContinuousClock()
      let start = clock.now
      var refiner = Refiner(stored, kernels: kernels)
      var candidateCount = 0
      while true {
        let tile = next.add(1, ordering: .relaxed).oldValue
        if tile >= batch.tileCount { break }
        let queries = batch.queries(ofTile: tile)
        let best = queries.map { query in
          let top = refiner.best(k, of: query, in: batch)
          candidateCount += batch.candidateCount(of: query)
          return (top.candidates(), top.threshold)
        }
        found.withLock { found in
          for (query, best) in zip(queries, best) { found.best[query] = best }
        }
      }
      let spent = (clock.now - start) / .seconds(1)
      found.withLock { found in
        found.work.refineSeconds += spent
        found.work.candidateCount += candidateCount
        found.work.scoredCount += refiner.scoredCount
      }
    }
    return found.withLock { found in
      work = found.work
      return found.best
    }
  }
}
