import Corpus
import IVF
import LinearAlgebra
import Testing

@testable import Pawl

/// Vectors that are made elsewhere: by a seeded generator.
struct VectorFixture: Sendable {
  /// D.
  static let width = 24
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  init(folder: TemporaryFolder) { self.folder = folder }

  func store(_ name: String = "s.pawl", codec: Codec = .int8) throws -> Store {
    try Store.create(at: folder.path + "/" + name, dimension: Self.width, codec: codec)
  }

  /// `count` vectors of unit length.
  static func vectors(_ count: Int, seed: UInt64 = 1) -> [[Float]] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      unit((0..<width).map { _ in Float(random.nextUnit() - 0.5) })
    }
  }

  static func unit(_ vector: [Float]) -> [Float] {
    let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return vector.map { Float(Double($0) / length) }
  }

  static func ids(_ range: Range<Int>) -> [String] { range.map { "p\($0)" } }

  func npy(_ name: String, _ vectors: [[Float]], width: Int = width) throws -> String {
    let path = folder.path + "/" + name
    var writer = try VectorWriter(path: path, rowCount: vectors.count, dimension: width)
    for vector in vectors { try writer.append(vector.span) }
    try writer.commit()
    return path
  }

  /// Ingests vectors as p0, p1, …, or under ids of their own.
  @discardableResult
  func fill(
    _ store: Store, _ vectors: [[Float]], ids: [String]? = nil, limit: Int? = nil,
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> VectorIngestSummary {
    try store.ingest(
      vectors: try npy("x.npy", vectors),
      ids: try folder.file("ids.txt", ids ?? Self.ids(0..<vectors.count)), limit: limit,
      progress: progress)
  }

  /// The run of these queries by exact search, whole.
  func run(_ store: Store, _ queries: [[Float]], k: Int) throws -> Run {
    let out = folder.path + "/out.trec"
    _ = try store.writeRun(of: .vectors(try npy("q.npy", queries), ids: nil), to: out, k: k, .exact)
    return try Run(path: out)
  }

  /// Ids and scores of the answers to these queries, to the bit.
  func answers(_ store: Store, _ queries: [[Float]], k: Int) throws -> [[String]] {
    let run = try run(store, queries, k: k)
    return queries.indices.map { number in
      run[Identifier("\(number)")].map { "\($0.passage) \($0.score.bitPattern)" }
    }
  }

  /// The ids of the passages nearest to a vector, best first.
  func nearest(_ store: Store, _ query: [Float], k: Int) throws -> [String] {
    try run(store, [query], k: k)["0"].map(\.passage.text)
  }
}
