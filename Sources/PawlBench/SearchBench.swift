internal import Corpus
internal import FoundationEssentials
internal import Glibc
internal import IVF
internal import LMDB
internal import LinearAlgebra

/// Times the search of many queries over an index of real vectors, from LMDB's map to the results.
struct SearchBench {
  let codec: Codec
  let k: Int
  let threads: Int
  let kernels: Kernels

  /// Builds an index in a temporary folder, searches it and writes what was found.
  ///
  /// - Parameters:
  ///   - vectors, queries: files of N × D and Q × D floats.
  ///   - out: the row numbers of the best k, Q × k as `.npy` float32 (exact up to 2^24 rows): equal
  ///     scores by row.
  /// - Returns: one JSON object.
  func run(vectors: String, queries: String, out: String) throws -> String {
    let folder = "\(FileManager.default.temporaryDirectory.path)/pawl-bench-\(getpid())"
    defer { remove(folder) }
    let environment = try Environment.open(path: folder, mode: .create, maxTables: 1)
    let table = try environment.makeTables(named: ["codes"])[0]
    let (rows, width) = try index(vectors, in: environment, table)
    var reader = try VectorReader(path: queries)
    let queryCount = reader.rowCount ?? 0
    var values: [Float] = []
    var part: [Float] = []
    while try reader.read(rows: 4096, into: &part) > 0 { values += part }
    let blocks = IndexBlocks(index: 1, codec: codec, width: width, fresh: table)
    var work = BatchWork()
    let clock = ContinuousClock()
    let snapshot = try environment.snapshot()
    // Once to read the values' checksums, which this process then remembers.
    _ = try FlatScan(blocks: blocks).search(
      query: values.span.extracting(0..<width), k: 1, kernels: kernels, in: snapshot)
    let start = clock.now
    let processorStart = Glibc.clock()
    let results = try BatchScan(blocks: blocks).search(
      queries: values.span, k: k, kernels: kernels, filter: CodeFilter(for: kernels),
      workerCount: threads,
      work: &work, in: snapshot)
    let seconds = (clock.now - start) / .seconds(1)
    let processorSeconds = Double(Glibc.clock() - processorStart) / Double(CLOCKS_PER_SEC)
    try write(results, to: out)
    return """
      {"seconds":\(seconds),"processorSeconds":\(processorSeconds),"rows":\(rows),"queries":\(queryCount),"width":\(width),\
      "kernels":"\(kernels.name)","filter":"\(CodeFilter(for: kernels).name)",\
      "checksum":\(checksum(results)),"filterSeconds":\(work.filterSeconds),\
      "sampleSeconds":\(work.sampleSeconds),\
      "packSeconds":\(work.packSeconds),"refineSeconds":\(work.refineSeconds),\
      "candidates":\(work.candidateCount),"scored":\(work.scoredCount),\
      "repeated":\(work.repeatedCount),"single":\(work.unfilteredCount)}
      """
  }

  /// Stores the vectors as blocks of 1,024 codes.
  private func index(
    _ path: String, in environment: Environment, _ table: Table
  ) throws -> (rows: Int, width: Int) {
    var reader = try VectorReader(path: path)
    let width = reader.dimension
    var write = try environment.beginWrite()
    var (rows, block) = (0, UInt32(0))
    var values: [Float] = []
    while try reader.read(rows: 1024, into: &values) > 0 {
      var builder = CodeBlockBuilder(codec: codec, width: width)
      for start in stride(from: 0, to: values.count, by: width) {
        builder.append(
          row: UInt32(rows), embedding: values.span.extracting(start..<start + width),
          kernels: kernels)
        rows += 1
      }
      var key = Key(UInt32(1))
      key.append(block)
      try table.put(builder.build().span, at: key, in: &write)
      block += 1
    }
    try write.commit()
    return (rows, width)
  }

  private func write(_ results: [[TopK.Candidate]], to path: String) throws {
    var writer = try VectorWriter(path: path, rowCount: results.count, dimension: k)
    for result in results {
      let rows = (0..<k).map { $0 < result.count ? Float(result[$0].row) : -1 }
      try writer.append(rows.span)
    }
    try writer.commit()
  }

  /// The same for the same rows and scores in the same order. Source: FNV-1a.
  private func checksum(_ results: [[TopK.Candidate]]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for result in results {
      for candidate in result {
        hash = (hash ^ UInt64(candidate.row)) &* 0x100_0000_01b3
        hash = (hash ^ UInt64(candidate.score.bitPattern)) &* 0x100_0000_01b3
      }
    }
    return hash
  }

  private func remove(_ folder: String) {
    for file in ["data.mdb", "lock.mdb", "writer.lock"] { unsafe unlink("\(folder)/\(file)") }
    unsafe rmdir(folder)
  }
}
