internal import Corpus
internal import IVF
internal import LMDB

/// What an export of vectors wrote.
public struct VectorExportSummary: Sendable, Equatable {
  public let version: String
  public let vectorCount: Int
  /// D.
  public let width: Int
  /// Passages that the version does not have yet.
  public let pendingCount: Int
}

extension Store {
  /// Writes the vectors that a version's codes stand for and the ids of their passages, in the order of
  /// the rows, as one commit left them.
  ///
  /// Ingested into a store of the same codec they give the same codes. Each file appears whole or not at
  /// all.
  /// - Parameters:
  ///   - file: an .npy matrix, float32.
  ///   - idFile: one id a line.
  ///   - version: nil: the active one.
  ///   - progress: answering false stops; nothing is written then.
  /// - Returns: nil where it was stopped.
  /// - Throws: `StoreError.outputOverInput` for a file of the store, or one file for both;
  ///   `CorpusError.unwritable` for an id that no line can hold; `StoreError.damaged`.
  /// - Complexity: reads all codes once; memory for one block of them.
  public func exportVectors(
    to file: String, ids idFile: String, version name: String? = nil,
    progress: ProgressHandler = { _ in true }
  ) throws -> VectorExportSummary? {
    try requireOutputs(file, idFile)
    try requireCodes(version: name)
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    let space = try space(version.space, in: snapshot)
    let index = try index(version.index, in: snapshot)
    var output = try VectorOutput(
      vectors: VectorWriter(path: file, rowCount: index.count, dimension: space.width),
      ids: TSVWriter(path: idFile))
    guard
      try export(
        IndexCodes(self, version.index, in: snapshot), to: &output, progress, in: snapshot)
    else { return nil }
    try output.commit()
    return VectorExportSummary(
      version: version.name, vectorCount: index.count, width: space.width,
      pendingCount: try pendingCount(of: index, in: snapshot))
  }

  private func requireOutputs(_ file: String, _ idFile: String) throws {
    for output in [file, idFile] { try requireOutput(output, apartFrom: []) }
    // Neither need be there, so places are compared and not files; links to one file are one, too.
    if try StorePlace(file) == StorePlace(idFile) {
      throw StoreError.outputOverInput(path: idFile, input: "the vectors")
    }
    try requireOutput(idFile, apartFrom: [file])
  }

  /// All codes of an index, 1,024 rows at a time; whether it came to the end.
  private func export(
    _ codes: IndexCodes, to output: inout VectorOutput, _ progress: ProgressHandler,
    in snapshot: borrowing Snapshot
  ) throws -> Bool {
    let total = codes.record.count
    var (done, start) = (0, UInt32(0))
    while start < codes.record.nextRow {
      let rows = FreshBlocks.rows(from: start, to: codes.record.nextRow)
      let found = try codes.codes(of: rows, in: snapshot)
      guard done + found.count <= total else {
        throw damaged("index \(codes.id)", "it has more codes than the \(total) of its record")
      }
      try export(found, to: &output, in: snapshot)
      done += found.count
      start = rows.upperBound
      if !progress(Progress(stage: .exporting, done: done, total: total)) { return false }
    }
    guard done == total else {
      throw damaged("index \(codes.id)", "it has \(done) codes, its record says \(total)")
    }
    return true
  }

  private func export(
    _ codes: CodeBlockBuilder, to output: inout VectorOutput, in snapshot: borrowing Snapshot
  ) throws {
    for row in codes.rows {
      guard let value = try tables.rows.value(of: Key(row), in: snapshot),
        let id = PassageRecord.id(value)
      else { throw damaged("row \(row)", "the index has it, but there is no passage") }
      try output.ids.append(columns: id.text)
    }
    try output.vectors.append(codes.decoded().span)
  }
}

/// The two files of an export.
private struct VectorOutput: ~Copyable {
  var vectors: VectorWriter
  var ids: TSVWriter

  /// The ids first: vectors without ids would be of no use to anybody.
  consuming func commit() throws {
    try ids.commit()
    try vectors.commit()
  }
}
