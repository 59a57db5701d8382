import IVF
import LMDB
import Testing

@testable import Pawl

/// What a calibration promises, and whether it is kept.
@Suite struct PromiseTests {
  let fixture: VectorFixture
  init() throws { fixture = try VectorFixture() }

  private func curve(_ k: Int, _ points: [(Float, Double)]) -> Calibration.Curve {
    .init(
      k: k,
      points: points.map {
        .init(margin: $0.0, recall: $0.1, promised: $0.1, meanProbes: 1, meanScanned: 1)
      })
  }

  @Test(
    "an effort between two measured ones is interpolated; what nothing promises is exact search's")
  func interpolation() {
    let calibration = Calibration(
      source: .spans, queryCount: 9, created: "",
      curves: [curve(10, [(0.1, 0.8), (0.3, 0.9)]), curve(1, [(0, 0.95)]), curve(100, [])])
    func margin(_ k: Int, _ recall: Double) -> (Float, Int)? {
      guard let found = calibration.probing(k: k, recall: recall),
        case .margin(let margin) = found.probing
      else { return nil }
      return ((margin * 1_000).rounded() / 1_000, found.k)
    }
    #expect(margin(10, 0.85) ?? (0, 0) == (0.2, 10))
    #expect(margin(10, 0.9) ?? (0, 0) == (0.3, 10))
    #expect(margin(10, 0.5) ?? (0, 0) == (0.1, 10))
    #expect(margin(2, 0.8) ?? (0, 0) == (0.1, 10))
    #expect(margin(1, 0.5) ?? (1, 0) == (0, 1))
    #expect(margin(10, 0.91) == nil && margin(1, 0.96) == nil)
    #expect(margin(11, 0.1) == nil && margin(101, 0.1) == nil)
  }

  /// Mean recall of searches that ask for one, against exact search.
  private func measured(
    _ store: Store, _ queries: [[Float]], k: Int, asked: Double
  ) throws -> (recall: Double, scanned: Double) {
    let exact = try store.byFlatScan(queries, k: k)
    let snapshot = try store.environment.snapshot()
    let served = try store.served(nil, in: snapshot)
    var (hits, cost) = (0, SearchCost())
    for (number, query) in queries.enumerated() {
      let found = try store.search(
        served, query.span, k, .recall(asked), cost: &cost, in: snapshot)
      let least = exact[number][k - 1].score
      hits += min(k, found.count { $0.score >= least })
    }
    return (
      Double(hits) / Double(k * queries.count), Double(cost.scannedCount) / Double(queries.count)
    )
  }

  @Test(
    "other queries find at least what was asked for, with less than all work",
    arguments: [Codec.int8, .binary], [false, true])
  func promise(codec: Codec, fromFile: Bool) throws {
    let store = try fixture.clustered(8_000, lists: 120, codec: codec)
    if fromFile {
      let file = try fixture.npy("c.npy", VectorFixture.topics(700, seed: 55))
      #expect(
        try store.calibrate(with: .vectors(file, ids: nil)).source == .file(path: file))
    }
    let queries = VectorFixture.topics(400, seed: 66)
    for k in [1, 10, 100] {
      for asked in [0.9, 0.98] {
        let (recall, scanned) = try measured(store, queries, k: k, asked: asked)
        #expect(recall >= asked - 0.005, "k = \(k), asked \(asked), \(scanned) scanned")
        if k <= 10, fromFile { #expect(scanned < 6_000, "k = \(k), asked \(asked)") }
      }
    }
  }

  @Test("a few queries, however well they do, do not promise everything")
  func fewQueries() throws {
    let store = try fixture.clustered(2_000, lists: 30)
    let file = try fixture.npy("c.npy", VectorFixture.topics(5, seed: 55))
    let calibration = try store.calibrate(with: .vectors(file, ids: nil))
    #expect(calibration.queryCount == 5)
    for curve in calibration.curves where curve.k == 1 {
      #expect(curve.points.allSatisfy { $0.promised < 0.9 }, "\(curve)")
    }
    #expect(calibration.curves.allSatisfy { $0.points.allSatisfy { $0.promised < 1 } })
  }

  @Test("where no passage can be sampled, every search is exact")
  func nothingToSample() throws {
    let store = try fixture.store()
    try store.startRows(at: 2_000_000_000)
    try fixture.fill(store, VectorFixture.topics(200))
    try store.cluster(5)
    let snapshot = try store.environment.snapshot()
    let served = try store.served(nil, in: snapshot)
    #expect(served.calibration?.queryCount == 0 || served.calibration == nil)
    #expect(served.route(.recall(0.5), k: 1) == .exact(.promise(recall: 0.5, k: 1)))
    let found = try fixture.nearest(store, VectorFixture.topics(200)[7], k: 1)
    #expect(found == ["p7"])
  }
}
