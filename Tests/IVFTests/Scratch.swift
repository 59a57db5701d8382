import Glibc
import LMDB
import LinearAlgebra
import Testing

@testable import IVF

/// An index in a temporary folder, removed when the test lets it go.
final class Scratch {
  static let index: UInt32 = 7
  let environment: Environment
  let table: Table
  private let path: String

  init() throws {
    path = "/tmp/pawl-ivf-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    environment = try Environment.open(path: path, mode: .create, mapSize: 256 << 20, maxTables: 4)
    table = try environment.makeTables(named: ["codes"])[0]
  }

  deinit {
    // First closed: a new file may get the number of the removed one, which must not be taken for open.
    do { try environment.close() } catch { Issue.record("\(error)") }
    for file in ["data.mdb", "lock.mdb", "writer.lock"] { unsafe unlink("\(path)/\(file)") }
    unsafe rmdir(path)
  }

  /// Stores vectors as blocks of `blockSize` codes, their rows 3 apart.
  func store(
    _ vectors: [[Float]], codec: Codec, blockSize: Int, kernels: Kernels = .best
  ) throws {
    var write = try environment.beginWrite()
    for (number, start) in stride(from: 0, to: vectors.count, by: blockSize).enumerated() {
      let part = start..<min(start + blockSize, vectors.count)
      var builder = CodeBlockBuilder(codec: codec, width: vectors[0].count)
      for row in part {
        let embedding = vectors[row]
        builder.append(row: UInt32(3 * row), embedding: embedding.span, kernels: kernels)
      }
      try put(builder.build(), block: UInt32(number), in: &write)
    }
    try write.commit()
  }

  /// Stores a block's bytes as they are.
  func put(_ bytes: [UInt8], block: UInt32, in write: inout WriteTransaction) throws {
    var key = Key(Self.index)
    key.append(block)
    try table.put(bytes.span, at: key, in: &write)
  }

  /// One query at a time: the oracle.
  func flat(
    _ queries: [[Float]], codec: Codec, k: Int, kernels: Kernels = .best
  ) throws -> [[TopK.Candidate]] {
    let snapshot = try environment.snapshot()
    var results: [[TopK.Candidate]] = []
    for query in queries {
      results.append(
        try FlatScan(blocks: blocks(codec, query.count)).search(
          query: query.span, k: k, kernels: kernels, in: snapshot))
    }
    return results
  }

  func batch(
    _ queries: [[Float]], codec: Codec, k: Int, kernels: Kernels = .best,
    filter: CodeFilter? = nil, workers: Int = 2, work: inout BatchWork
  ) throws -> [[TopK.Candidate]] {
    let values = Array(queries.joined())
    let width = queries.isEmpty ? 1 : queries[0].count
    let chosen = filter ?? CodeFilter(for: kernels)
    let snapshot = try environment.snapshot()
    return try BatchScan(blocks: blocks(codec, width)).search(
      queries: values.span, k: k, kernels: kernels, filter: chosen, workerCount: workers,
      work: &work, in: snapshot)
  }

  private func blocks(_ codec: Codec, _ width: Int) -> IndexBlocks {
    IndexBlocks(index: Self.index, codec: codec, width: width, fresh: table)
  }

  func batch(
    _ queries: [[Float]], codec: Codec, k: Int, kernels: Kernels = .best,
    filter: CodeFilter? = nil, workers: Int = 2
  ) throws -> [[TopK.Candidate]] {
    var work = BatchWork()
    return try batch(
      queries, codec: codec, k: k, kernels: kernels, filter: filter, workers: workers, work: &work)
  }
}

extension TopK.Candidate {
  /// Row and the score's very bits: `==` would call 0 and -0 equal.
  var bits: UInt64 { UInt64(score.bitPattern) << 32 | UInt64(row) }
}

extension [[TopK.Candidate]] {
  var bits: [[UInt64]] { map { $0.map(\.bits) } }
}

extension CodeFilter: CustomTestStringConvertible {
  /// What this processor runs.
  static let all = ["portable", "avx2", "avx512", "avx512vnni"].compactMap(CodeFilter.init(named:))

  public var testDescription: String { name }
}

/// Numbers that look random and are the same in every run.
///
/// Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators" (SplitMix64).
struct Numbers {
  private var state: UInt64

  init(seed: Int) { state = UInt64(seed) }

  mutating func word() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number below `bound`.
  mutating func below(_ bound: Int) -> Int { Int(word() >> 1) % bound }

  mutating func float() -> Float { Float(word() >> 40) / 8_388_608 - 1 }

  mutating func vector(_ width: Int) -> [Float] { (0..<width).map { _ in float() } }

  /// Unit vectors of which neighbours resemble each other, as passages do.
  mutating func embeddings(_ count: Int, width: Int) -> [[Float]] {
    let centres = (0..<8).map { _ in vector(width) }
    return (0..<count).map { row in
      let centre = centres[row * 8 / max(count, 1)]
      let mixed = zip(centre, vector(width)).map { $0 + 0.8 * $1 }
      let norm = mixed.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return mixed.map { $0 / norm }
    }
  }
}
