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
  /// The eighth of the sample that comes first: all of it passes, so that of the rest little does.
  private static let fewOfSample = 8

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
      guess(members, batch, sample, work: &work)
      filter(batch, through: packed, work: &work)
      let found = refine(batch, work: &work)
      for (position, member) in members.enumerated() {
        let (candidates, kth) = found[position]
        if kth >= batch.threshold(of: position) {
          results[member.query] = candidates
        } else if member.certain != nil {
          // The proof says that it cannot be; were it wrong, the answer is still right.
          unbounded.append(member.query)
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
  /// Every nth code, a few of them first; nothing where there are too few for a sample to pay.
  private func sampled(work: inout BatchWork) -> [PackedCodes] {
    guard stored.count >= Self.fewestSampled else { return [] }
    let clock = ContinuousClock()
    let start = clock.now
    let stride = stored.count / Self.sampleCount
    let capacity = stored.count / stride + 1
    let few = PackedCodes(width: stored.width, capacity: capacity / Self.fewOfSample + 1)
    let many = PackedCodes(width: stored.width, capacity: capacity)
    var (next, seen, taken) = (stride / 2, 0, 0)
    for part in 0..<stored.partCount {
      let count = stored.count(ofPart: part)
      while next < seen + count {
        let packed = taken % Self.fewOfSample == 0 ? few : many
        stored.pack(next - seen..<next - seen + 1, ofPart: part, into: packed)
        next += stride
        taken += 1
      }
      seen += count
    }
    work.packSeconds += (clock.now - start) / .seconds(1)
    return [few, many]
  }

  /// Sets the thresholds: what the kth best score of each query reaches for certain, or else probably.
  private func guess(
    _ members: [Member], _ batch: FilterQueries, _ sample: [PackedCodes], work: inout BatchWork
  ) {
    // Of the k best, about `expected` are in the sample, Poisson distributed; three standard
    // deviations more make a repetition rare.
    let size = sample.reduce(0) { $0 + $1.count }
    let expected = Double(k) * Double(size) / Double(max(stored.count, 1))
    let rank = Int((expected + 3 * expected.squareRoot() + 3).rounded(.up))
    let isPossible = rank <= size / 4
    work.sampleSeconds += forEachTile(of: batch) { tile in
      let queries = batch.queries(ofTile: tile)
      if isPossible {
        for codes in sample {
          batch.run(tile: tile, over: codes, best: rank)
          for query in queries { batch.thin(query: query, best: rank) }
        }
      }
      for query in queries {
        let guess = isPossible ? batch.selectBest(rank, of: query) : nil
        // A code without a bound makes it infinite.
        let finite = guess.flatMap { $0.isFinite ? $0 : nil }
        batch.restart(query: query, threshold: members[query].certain ?? finite ?? -.infinity)
      }
    }
  }
}

// The steps.
extension BatchPass {
  /// Passes over all codes, a stretch at a time.
  private func filter(
    _ batch: FilterQueries, through packed: PackedCodes, work: inout BatchWork
  ) {
    let clock = ContinuousClock()
    var part = 0
    while part < stored.partCount {
      let start = clock.now
      packed.removeAll()
      while part < stored.partCount, packed.count + stored.count(ofPart: part) <= packed.capacity {
        stored.pack(0..<stored.count(ofPart: part), ofPart: part, into: packed)
        part += 1
      }
      work.packSeconds += (clock.now - start) / .seconds(1)
      work.filterSeconds += forEachTile(of: batch) { tile in
        batch.run(tile: tile, over: packed, best: k)
      }
    }
  }

  /// Each query's best by exact scores, and the kth of them.
  private func refine(
    _ batch: FilterQueries, work: inout BatchWork
  ) -> [(candidates: [TopK.Candidate], kth: Float)] {
    let found = Mutex(
      (
        best: [(candidates: [TopK.Candidate], kth: Float)](
          repeating: ([], 0), count: batch.count), candidates: 0, scored: 0
      ))
    work.refineSeconds += forEachTile(of: batch) { tile in
      var refiner = Refiner(stored, kernels: kernels)
      let queries = batch.queries(ofTile: tile)
      let best = queries.map { query in
        let top = refiner.best(k, of: query, in: batch)
        return (top.candidates(), top.threshold)
      }
      found.withLock { found in
        for (query, best) in zip(queries, best) {
          found.best[query] = best
          found.candidates += batch.candidateCount(of: query)
        }
        found.scored += refiner.scoredCount
      }
    }
    return found.withLock { found in
      work.candidateCount += found.candidates
      work.scoredCount += found.scored
      return found.best
    }
  }

  /// Does something for each tile, side by side; the seconds of all workers.
  private func forEachTile(
    of batch: FilterQueries, _ body: @Sendable (Int) -> Void
  ) -> Double {
    guard batch.tileCount > 0 else { return 0 }
    let next = Atomic(0)
    let seconds = Mutex(0.0)
    DispatchQueue.concurrentPerform(iterations: min(workerCount, batch.tileCount)) { _ in
      let clock = ContinuousClock()
      let start = clock.now
      while true {
        // Sound: `next` gives each tile to one worker only.
        let tile = next.add(1, ordering: .relaxed).oldValue
        if tile >= batch.tileCount { break }
        body(tile)
      }
      let spent = (clock.now - start) / .seconds(1)
      seconds.withLock { $0 += spent }
    }
    return seconds.withLock { $0 }
  }
}
