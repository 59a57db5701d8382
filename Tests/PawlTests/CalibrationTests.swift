import Corpus
import Testing

@testable import Pawl

@Suite struct CalibrationTests {
  private func point(_ promised: Double, margin: Float) -> Calibration.Point {
    .init(
      margin: margin, recall: promised, promised: promised, meanProbes: Double(margin),
      meanScanned: 10 * Double(margin))
  }

  @Test("between two measured efforts one between them is taken, below the first the first")
  func interpolation() {
    let curve = Calibration.Curve(k: 10, points: [point(0.8, margin: 1), point(0.9, margin: 3)])
    #expect(curve.point(promising: 0.5)?.margin == 1)
    #expect(curve.point(promising: 0.9)?.margin == 3)
    let between = curve.point(promising: 0.85)
    #expect(abs((between?.margin ?? 0) - 2) < 1e-5)
    #expect(abs((between?.meanScanned ?? 0) - 20) < 1e-9)
    #expect(curve.point(promising: 0.91) == nil)
    #expect(curve.point(promising: 1) == nil)
  }

  @Test("a k takes the curve of the next larger one; above them all there is none")
  func nextLarger() {
    let calibration = Calibration(
      source: .spans, queryCount: 1, created: "",
      curves: [
        .init(k: 10, points: [point(0.9, margin: 1)]),
        .init(k: 100, points: [point(0.9, margin: 2)]),
      ])
    #expect(calibration.probing(k: 3, recall: 0.9)?.k == 10)
    #expect(calibration.probing(k: 11, recall: 0.9)?.k == 100)
    #expect(calibration.probing(k: 101, recall: 0.9) == nil)
  }

  @Test("queries of a file, of a set, of spans and of vectors are told apart")
  func sources() throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(Fixture.sampleCollection)
    var options = ReindexOptions()
    options.listCount = 8
    #expect(try store.reindex(options).calibration?.source == .spans)
    let queries = try folder.file("q.tsv", (0..<40).map { "q\($0)\tstar number \($0)" })
    let measured = try store.calibrate(with: .texts(queries))
    #expect(measured.source == .file(path: queries) && measured.queryCount == 40)
    #expect(try store.calibration() == measured)
    let qrels = try folder.file("qrels.tsv", (0..<40).map { "q\($0) 0 p001 1" })
    try store.addSet("cal", EvaluationSet(queries: queries, qrels: qrels), role: .calibration)
    #expect(try store.calibrate().source == .set(name: "cal"))
    let vectors = folder.path + "/q.npy"
    var writer = try VectorWriter(path: vectors, rowCount: 1, dimension: 32)
    try writer.append(Model(directory: Fixture.tinyModel).embed(["star"]).span)
    try writer.commit()
    let one = try store.calibrate(with: .vectors(vectors, ids: nil))
    #expect(one.source == .file(path: vectors) && one.queryCount == 1)
    for curve in one.curves {
      #expect(curve.points.allSatisfy { (0...1).contains($0.promised) && $0.meanProbes <= 8 })
    }
  }

  @Test(
    "without lists, without queries, or with texts for a store of vectors, nothing is calibrated")
  func refused() throws {
    let folder = try TemporaryFolder()
    let store = try Fixture.store(in: folder)
    _ = try store.ingestAll(try folder.file("c.tsv", Fixture.passages(0..<50)))
    #expect(throws: StoreError.notClustered(path: store.path, version: "v1")) {
      try store.calibrate()
    }
    var options = ReindexOptions()
    options.listCount = 3
    _ = try store.reindex(options)
    let empty = try folder.file("empty.tsv", [])
    #expect(throws: (any Error).self) { try store.calibrate(with: .texts(empty)) }
    let fixture = try ListSearchFixture()
    let queries = try folder.file("q.tsv", ["q\tone"])
    #expect(throws: StoreError.noEncoder(path: fixture.store.path)) {
      try fixture.store.calibrate(with: .texts(queries))
    }
    #expect(throws: StoreError.stopped(path: fixture.store.path)) {
      try fixture.store.calibrate { _ in false }
    }
    // None of them kept the job.
    _ = try fixture.store.calibrate()
    _ = try store.calibrate()
  }

  @Test("that a stored vector finds itself is not counted")
  func ownVectors() throws {
    let fixture = try VectorFixture()
    let store = try fixture.store()
    // Without any order: the second best is in another list more often than not.
    try fixture.fill(store, VectorFixture.vectors(2_000))
    var options = ReindexOptions()
    options.listCount = 40
    let calibration = try #require(try store.reindex(options).calibration)
    let curve = try #require(calibration.curves.first { $0.k == 1 })
    #expect(calibration.source == .vectors && calibration.queryCount == 1_000)
    #expect(try #require(curve.points.first).recall < 0.95)
    #expect(try #require(curve.points.last).meanProbes > 10)
  }

  @Test(
    "an ingest measures recall anew where it adds an eighth, but not what a person's queries measured"
  )
  func upkeep() throws {
    let fixture = try ListSearchFixture()
    let store = fixture.store
    func ingest(_ count: Int, from first: Int) throws -> IndexUpkeep {
      try fixture.vectors.fill(
        store, VectorFixture.vectors(count, seed: UInt64(first)),
        ids: VectorFixture.ids(first..<first + count)
      ).upkeep
    }
    #expect(try ingest(187, from: 2_000) == IndexUpkeep())
    #expect(try ingest(1, from: 3_000).calibration == store.calibration())
    #expect(try store.calibration()?.rowEnd == 1_688)
    #expect(try ingest(200, from: 4_000) == IndexUpkeep())
    let queries = try fixture.vectors.npy("q.npy", fixture.queries)
    let measured = try store.calibrate(with: .vectors(queries, ids: nil))
    #expect(try store.versions()[0].clustering?.isCalibrationOutgrown == false)
    #expect(try ingest(300, from: 5_000) == IndexUpkeep())
    #expect(try store.calibration() == measured)
    #expect(try store.versions()[0].clustering?.isCalibrationOutgrown == true)
    #expect(try store.reindex().lostQueryFiles == ["v1": queries])
  }

  @Test("of a large file of vectors a sample is taken")
  func sampled() throws {
    let fixture = try ListSearchFixture()
    let file = try fixture.vectors.npy("q.npy", VectorFixture.vectors(2_300))
    let calibration = try fixture.store.calibrate(with: .vectors(file, ids: nil))
    #expect(calibration.queryCount == Store.calibrationSize)
  }
}
