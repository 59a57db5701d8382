import Corpus
import Foundation
import IVF
import LMDB
import LinearAlgebra
import Testing

@testable import Pawl

extension VectorFixture {
  /// Vectors around some directions, as passages lie around topics.
  static func topics(_ count: Int, of topicCount: Int = 40, seed: UInt64 = 1) -> [[Float]] {
    let centres = vectors(topicCount, seed: 99)
    return vectors(count, seed: seed).enumerated().map { number, vector in
      let centre = centres[number % topicCount]
      return unit(zip(centre, vector).map { $0 + 0.7 * $1 })
    }
  }

  /// A store of `count` vectors in `listCount` lists.
  func clustered(
    _ count: Int, lists: Int, codec: Codec = .int8, _ name: String = "s.pawl"
  ) throws -> Store {
    let store = try store(name, codec: codec)
    try fill(store, Self.topics(count))
    _ = try store.cluster(lists)
    return store
  }

  /// 2,500 vectors in lists and 600 fresh ones, some deleted.
  func used(_ codec: Codec, lists: Int = 40) throws -> Store {
    let made = try SharedStores.path("used \(codec) \(lists)") { path, folder in
      let fixture = VectorFixture(folder: folder)
      let name = URL(filePath: path).lastPathComponent
      let store = try fixture.clustered(2_500, lists: lists, codec: codec, name)
      try fixture.fill(store, Self.topics(600, seed: 2), ids: Self.ids(2_400..<3_000))
      _ = try store.delete(Self.ids(100..<300) + Self.ids(2_800..<2_850))
      try store.environment.close()
    }
    let path = folder.path + "/s.pawl"
    try FileManager.default.copyItem(atPath: made, toPath: path)
    return try Store(path: path)
  }
}

extension Store {
  @discardableResult
  func cluster(_ lists: Int?, codec: Codec? = nil) throws -> ReindexSummary {
    var options = ReindexOptions()
    options.listCount = lists
    options.codec = codec
    return try reindex(options)
  }

  /// The active version's index.
  func activeIndex() throws -> (id: UInt32, record: IndexRecord) {
    let snapshot = try environment.snapshot()
    let id = try version(nil, in: snapshot).index
    return (id, try index(id, in: snapshot))
  }

  /// The best rows through so many lists, for each query.
  func throughLists(
    _ queries: [[Float]], k: Int, probes: Int, work: inout ListWork
  ) throws -> [[TopK.Candidate]] {
    var found: [[TopK.Candidate]] = []
    for query in queries {
      found.append(try nearestRows(to: query.span, k: k, .lists(probes), work: &work))
    }
    return found
  }

  func throughLists(_ queries: [[Float]], k: Int, probes: Int) throws -> [[TopK.Candidate]] {
    var work = ListWork()
    return try throughLists(queries, k: k, probes: probes, work: &work)
  }

  /// By the plain scan over all codes.
  func byFlatScan(_ queries: [[Float]], k: Int) throws -> [[TopK.Candidate]] {
    let snapshot = try environment.snapshot()
    let (id, record) = try activeIndex()
    var found: [[TopK.Candidate]] = []
    for query in queries {
      found.append(
        try FlatScan(blocks: IndexCodes.blocks(self, id, record, width: query.count)).search(
          query: query.span, k: k, kernels: kernels(), in: snapshot))
    }
    return found
  }

  func byBatchScan(_ queries: [[Float]], k: Int) throws -> [[TopK.Candidate]] {
    let snapshot = try environment.snapshot()
    let (id, record) = try activeIndex()
    let values = Array(queries.joined())
    return try BatchScan(blocks: IndexCodes.blocks(self, id, record, width: queries[0].count))
      .search(queries: values.span, k: k, kernels: kernels(), workerCount: 2, in: snapshot)
  }
}

extension [[TopK.Candidate]] {
  /// Rows and scores, to the bit.
  var bits: [[UInt64]] { map { $0.map { UInt64($0.score.bitPattern) << 32 | UInt64($0.row) } } }
}
