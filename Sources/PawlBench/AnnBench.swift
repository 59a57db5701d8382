internal import Corpus
internal import FoundationEssentials
internal import Glibc
internal import IVF
internal import LinearAlgebra
internal import Pawl

/// Times queries on one thread for a ladder of efforts: one at a time, each from a snapshot of its own as in
/// a server, and in batches.
struct AnnBench {
  let store: Store
  let k: Int
  let kernels: Kernels
  let mode: Mode

  enum Mode: String {
    case single, batch
  }

  /// What the ladder is measured with: Q × D floats.
  private struct Queries {
    var values: [Float] = []
    var width = 0
    var count: Int { values.count / width }

    init(path: String) throws {
      var reader = try VectorReader(path: path)
      width = reader.dimension
      var part: [Float] = []
      while try reader.read(rows: 4096, into: &part) > 0 { values += part }
    }
  }

  /// One pass over all queries.
  private struct Pass {
    var seconds: [Double] = []
    var processorSeconds = 0.0
    var rows: [Float] = []
    var work = ListWork()
    var total: Double { seconds.reduce(0, +) }

    mutating func append(_ found: [TopK.Candidate], k: Int) {
      for rank in 0..<k { rows.append(rank < found.count ? Float(found[rank].row) : -1) }
    }
  }

  /// - Parameters:
  ///   - queries: a file of Q × D floats.
  ///   - out: for each setting the rows that were found go to OUT.PLACE.npy, Q × k float32 (exact up to
  ///     2^24), −1 where there are fewer.
  ///   - efforts: how much work to do, one setting each.
  /// - Returns: one JSON object.
  func run(queries path: String, out: String, efforts: [BenchEffort]) throws -> String {
    let queries = try Queries(path: path)
    // Once to read the values' checksums, which this process then remembers.
    for effort in efforts { _ = try pass(queries, effort) }
    var settings: [String] = []
    for (place, effort) in efforts.enumerated() {
      let best = try bestPass(queries, effort)
      let file = "\(out).\(place).npy"
      var writer = try VectorWriter(path: file, rowCount: queries.count, dimension: k)
      try writer.append(best.rows.span)
      try writer.commit()
      let sorted = best.seconds.sorted()
      settings.append(
        """
        {"probes":\(Double(best.work.probeCount) / Double(queries.count)),\
        "scanned":\(Double(best.work.scannedCount) / Double(queries.count)),\
        "rescored":\(Double(best.work.rescoredCount) / Double(queries.count)),"rows":"\(file)","seconds":\(best.total),\
        "processorSeconds":\(best.processorSeconds),"p50":\(sorted[sorted.count / 2]),\
        "p99":\(sorted[sorted.count * 99 / 100])}
        """)
    }
    return """
      {"kernels":"\(kernels.name)","queries":\(queries.count),\
      "indexSizeInBytes":\(try indexSizeInBytes()),"rssAnonInBytes":\(try rssAnonInBytes()),\
      "settings":[\(settings.joined(separator: ","))]}
      """
  }

  /// The fastest of at least two passes, and of as many as fit into half a second: as for the peers.
  private func bestPass(_ queries: Queries, _ effort: BenchEffort) throws -> Pass {
    var best = try pass(queries, effort)
    var (count, total) = (1, best.total)
    while count < 2 || total < 0.5 {
      let next = try pass(queries, effort)
      let processorSeconds = min(best.processorSeconds, next.processorSeconds)
      total += next.total
      if next.total < best.total { best = next }
      best.processorSeconds = processorSeconds
      count += 1
    }
    return best
  }

  private func pass(_ queries: Queries, _ effort: BenchEffort) throws -> Pass {
    var pass = Pass()
    let processorBegin = threadSeconds()
    switch mode {
    case .single: try oneByOne(queries, effort, &pass)
    case .batch: try together(queries, effort, &pass)
    }
    pass.processorSeconds = threadSeconds() - processorBegin
    return pass
  }

  private func oneByOne(_ queries: Queries, _ effort: BenchEffort, _ pass: inout Pass) throws {
    pass.seconds.reserveCapacity(queries.count)
    pass.rows.reserveCapacity(queries.count * k)
    let clock = ContinuousClock()
    for start in stride(from: 0, to: queries.values.count, by: queries.width) {
      let query = queries.values.span.extracting(start..<start + queries.width)
      let begin = clock.now
      let found =
        switch effort {
        case .probing(let probing):
          try store.nearestRows(to: query, k: k, probing, work: &pass.work)
        case .recall(let recall):
          try store.nearestRows(to: query, k: k, .recall(recall), work: &pass.work)
        }
      pass.seconds.append((clock.now - begin) / .seconds(1))
      pass.append(found, k: k)
    }
  }

  /// All in one call; its seconds count as one query's.
  private func together(_ queries: Queries, _ effort: BenchEffort, _ pass: inout Pass) throws {
    guard case .probing(let probing) = effort else { throw BenchError.recallOfBatch }
    let clock = ContinuousClock()
    let begin = clock.now
    let found = try store.nearestRows(
      toAll: queries.values.span, width: queries.width, k: k, probing, work: &pass.work)
    pass.seconds.append((clock.now - begin) / .seconds(1))
    for found in found { pass.append(found, k: k) }
  }

  private func threadSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Pages of everything that an index consists of.
  private func indexSizeInBytes() throws -> Int {
    let names = ["indexes", "centroids", "lists", "fresh", "directory", "places", "calibration"]
    return try store.statistics().tables.filter { names.contains($0.name) }
      .reduce(0) { $0 + $1.sizeInBytes }
  }

  /// Memory of this process that no file is behind.
  private func rssAnonInBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    for line in status.split(separator: "\n") where line.hasPrefix("RssAnon:") {
      return (Int(line.filter { $0.isASCII && $0.isNumber }) ?? 0) * 1024
    }
    return 0
  }
}

enum BenchError: Error, CustomStringConvertible {
  case recallOfBatch

  var description: String { "batches are timed by margins or numbers of lists, not for a recall" }
}

/// How much work a timed search does.
enum BenchEffort {
  case probing(Probing)
  /// What the stored calibration says for this recall.
  case recall(Double)

  /// A number of lists, a margin, which has a point, or "r" and a recall.
  init?(argument: String) {
    if argument.hasPrefix("r"), let recall = Double(argument.dropFirst()) {
      self = .recall(recall)
    } else if let count = Int(argument) {
      self = .probing(.lists(count))
    } else if let margin = Float(argument) {
      self = .probing(.margin(margin))
    } else {
      return nil
    }
  }
}
