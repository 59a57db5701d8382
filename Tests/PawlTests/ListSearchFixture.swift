import Corpus
import IVF

@testable import Pawl

/// A store of vectors around a few directions, clustered.
struct ListSearchFixture {
  static let count = 1_500
  static let listCount = 30
  let vectors: VectorFixture
  let store: Store
  let queries: [[Float]]

  init(codec: Codec = .int8) throws {
    vectors = try VectorFixture()
    store = try vectors.store(codec: codec)
    let centres = VectorFixture.vectors(12, seed: 3)
    func near(_ count: Int, seed: UInt64) -> [[Float]] {
      VectorFixture.vectors(count, seed: seed).enumerated().map { place, noise in
        VectorFixture.unit(zip(centres[place % 12], noise).map { $0 + 0.7 * $1 })
      }
    }
    try vectors.fill(store, near(Self.count, seed: 1))
    queries = near(60, seed: 2)
    var options = ReindexOptions()
    options.listCount = Self.listCount
    _ = try store.reindex(options)
  }

  /// The run of all queries, and what it took.
  func run(_ effort: SearchEffort, k: Int) throws -> (run: Run, summary: BatchSummary?) {
    let out = vectors.folder.path + "/out.trec"
    let file = try vectors.npy("q.npy", queries)
    let summary = try store.writeRun(of: .vectors(file, ids: nil), to: out, k: k, effort)
    return (try Run(path: out), summary)
  }

  /// The share of the best k of exact search that an effort finds, over all queries.
  func recall(_ effort: SearchEffort, k: Int) throws -> Double {
    let (wanted, found) = (try run(.exact, k: k).run, try run(effort, k: k).run)
    var shared = 0
    for number in queries.indices {
      let id = Identifier("\(number)")
      shared += Set(found[id].map(\.passage)).intersection(wanted[id].map(\.passage)).count
    }
    return Double(shared) / Double(k * queries.count)
  }
}
