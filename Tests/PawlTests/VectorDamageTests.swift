import LMDB
import Testing

@testable import Pawl

/// What can be wrong with a store of vectors that are made elsewhere, beyond what can be with any store.
@Suite struct VectorDamageTests {
  let fixture: VectorFixture
  let store: Store
  let space: Key

  init() throws {
    fixture = try VectorFixture()
    store = try fixture.store()
    try fixture.fill(store, VectorFixture.vectors(1_500))
    space = Key(SpaceRecord(ofVectors: VectorFixture.width).id)
  }

  private func expectProblem(
    _ kind: CheckProblemKind, _ description: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let report = try store.check()
    #expect(report.findings.contains { $0.kind == kind }, sourceLocation: sourceLocation)
    #expect(
      report.problems.contains { $0.hasSuffix(description) }, "\(report.problems)",
      sourceLocation: sourceLocation)
  }

  @Test("an entry among the texts of a row without text is found")
  func textEntry() throws {
    var write = try store.environment.beginWrite()
    let nothing: [UInt8] = []
    try TextIndex(table: store.tables.texts).add(nothing.span, row: 1_234, in: &write)
    try write.commit()
    try expectProblem(.textEntryWrong, "the text entry of row 1234: the row has no text")
  }

  @Test("a text size that is not 0 is found")
  func textSize() throws {
    var write = try store.environment.beginWrite()
    try store.tables.meta.change(StoreRecord.self, at: "store", in: &write) {
      $0.textSizeInBytes = 5
    }
    try write.commit()
    try expectProblem(.textSize, "the store's record: it counts 5 bytes of text; there are 0")
  }

  @Test("files of a model that is not named are found")
  func files() throws {
    var write = try store.environment.beginWrite()
    try store.tables.spaces.change(SpaceRecord.self, at: space, in: &write) {
      $0.files = [CheckpointFile(name: "model.safetensors", byteCount: 1, checksum: 2)]
    }
    try write.commit()
    try expectProblem(.spaceFiles, "it names files, but no model")
  }

  @Test("another width is found, and an ingest of it is refused")
  func width() throws {
    var write = try store.environment.beginWrite()
    try store.tables.spaces.change(SpaceRecord.self, at: space, in: &write) { $0.width = 3 }
    try write.commit()
    try expectProblem(.blockKind, "not int8 of 3")
    #expect(try store.check().findings.contains { $0.kind == .spaceDigest })
    let file = try fixture.npy("n.npy", [[1, 0, 0]], width: 3)
    let ids = try fixture.folder.file("n.txt", ["n"])
    let error = #expect(throws: StoreError.self) {
      try store.ingest(vectors: file, ids: ids) { _ in true }
    }
    #expect(error?.description.contains("is damaged") == true)
  }

  @Test("a version with an encoder of queries over passages without is found")
  func versionSpace() throws {
    var write = try store.environment.beginWrite()
    try store.tables.versions.change(VersionRecord.self, at: "v1", in: &write) {
      $0.checkpoint = "0123"
    }
    try write.commit()
    try expectProblem(
      .versionSpace, "version v1: it has an encoder of queries, but its space none of passages")
  }

  @Test("rows without codes cannot be caught up with: an ingest says so and writes nothing")
  func uncoded() throws {
    var write = try store.environment.beginWrite()
    try store.tables.meta.change(StoreRecord.self, at: "store", in: &write) { $0.nextRow += 2 }
    try write.commit()
    let error = #expect(throws: StoreError.self) {
      try fixture.fill(store, VectorFixture.vectors(1, seed: 2), ids: ["new"])
    }
    #expect(
      error?.description.contains(
        "index 1 is damaged: rows 1500..<1502 have neither codes nor texts to make them from")
        == true)
    #expect(throws: StoreError.self) { try store.passages(["new"]) }
  }
}
