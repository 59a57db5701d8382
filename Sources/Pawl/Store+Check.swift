internal import Corpus
internal import Encoding
internal import IVF
internal import LMDB

/// What a check looked at and what it found wrong.
public struct CheckReport: Sendable, Equatable, Encodable {
  public internal(set) var valueCount = 0
  public internal(set) var passageCount = 0
  public internal(set) var codeCount = 0
  public internal(set) var pendingCount = 0
  /// One sentence a problem, at most `problemLimit` of them.
  public internal(set) var problems: [String] = []
  public internal(set) var problemCount = 0

  public static let problemLimit = 100

  public init() {}

  public mutating func report(_ problem: String) {
    problemCount += 1
    if problems.count < Self.problemLimit { problems.append(problem) }
  }
}

extension Store {
  /// Reads everything once and compares what must agree: checksums, rows with ids and texts, codes
  /// with rows, versions with their checkpoints.
  ///
  /// - Throws: where reading itself fails; what is wrong with the content is in the report.
  /// - Complexity: one pass over the file, memory for the numbers of all rows.
  public func check() throws -> CheckReport {
    var report = CheckReport()
    let snapshot = try environment.snapshot()
    try checkValues(&report, snapshot)
    // Without whole values the rest would only repeat the same damage.
    if report.problemCount > 0 { return report }
    try checkPassages(&report, snapshot)
    try checkTexts(&report, snapshot)
    try checkVersions(&report, snapshot)
    return report
  }

  /// Every value against its checksum.
  private func checkValues(_ report: inout CheckReport, _ snapshot: borrowing Snapshot) throws {
    for table in tables.all {
      var cursor = try table.cursor(in: snapshot)
      while try cursor.next() {
        report.valueCount += 1
        do throws(LMDBError) { try cursor.recheckValue() } catch { report.report("\(error)") }
      }
    }
  }

  /// Rows, ids and updates: every row is its id's, or waits to be replaced by a row that is.
  private func checkPassages(_ report: inout CheckReport, _ snapshot: borrowing Snapshot) throws {
    var reader = try RowReader(self, in: snapshot)
    let nextRow = try storeRecord(in: snapshot).nextRow
    var replaced: Set<UInt32> = []
    var updates = try tables.updates.cursor(in: snapshot)
    while try updates.next() {
      let old = RowNumber.decode(try updates.value) ?? .max
      replaced.insert(old)
      for row in [old, updates.key.bigEndianUInt32(at: 0) ?? .max]
      where try !tables.rows.contains(Key(row), in: snapshot) {
        report.report("an update names row \(row), which is not there")
      }
    }
    var rows = try tables.rows.cursor(in: snapshot)
    while try rows.next() {
      let row = rows.key.bigEndianUInt32(at: 0) ?? .max
      if row >= nextRow { report.report("row \(row) is not below the next row, \(nextRow)") }
      let value = try rows.value
      guard let id = PassageRecord.id(value) else {
        report.report("row \(row) has no id")
        continue
      }
      guard let text = reader.text(in: value) else {
        report.report("row \(row) (\(id.text)): its text cannot be decompressed")
        continue
      }
      let current = try self.row(of: id, in: snapshot)
      if current != row, !replaced.contains(row) {
        report.report(
          "row \(row) (\(id.text)): the id points at \(current.map(String.init) ?? "nothing")")
      }
      if try !tables.texts.contains(TextIndex.key(text.span, row: row), in: snapshot) {
        report.report("row \(row) (\(id.text)) is not among the texts")
      }
    }
    try checkIDs(&report, snapshot)
  }

  private func checkIDs(_ report: inout CheckReport, _ snapshot: borrowing Snapshot) throws {
    var ids = try tables.ids.cursor(in: snapshot)
    while try ids.next() {
      report.passageCount += 1
      let name = unsafe ids.key.withUnsafeBufferPointer {
        unsafe String(decoding: $0, as: UTF8.self)
      }
      guard let row = RowNumber.decode(try ids.value),
        try tables.rows.contains(Key(row), in: snapshot)
      else {
        report.report("the id \(name) points at a row that is not there")
        continue
      }
    }
  }

  /// Every row that `texts` names is there.
  private func checkTexts(_ report: inout CheckReport, _ snapshot: borrowing Snapshot) throws {
    var texts = try tables.texts.cursor(in: snapshot)
    while try texts.next() {
      let row = texts.key.bigEndianUInt32(at: 8) ?? .max
      if try !tables.rows.contains(Key(row), in: snapshot) {
        report.report("the texts name row \(row), which is not there")
      }
    }
  }

  private func checkVersions(_ report: inout CheckReport, _ snapshot: borrowing Snapshot) throws {
    let active = try version(nil, in: snapshot)
    let nextRow = try storeRecord(in: snapshot).nextRow
    var checkpoints: Set<String> = []
    var checkedIndexes: Set<UInt32> = []
    for version in try versionRecords(in: snapshot) {
      let space = try space(version.space, in: snapshot)
      let index = try index(version.index, in: snapshot)
      if space.id != version.space {
        report.report("space \(version.space) has a record whose digest is \(space.id)")
      }
      if index.nextRow > nextRow {
        report.report("index \(version.index) is ahead of the rows: \(index.nextRow) > \(nextRow)")
      }
      if index.space != version.space {
        report.report("version \(version.name) is of another space than index \(version.index)")
      }
      do {
        try Checkpoint.verify(space.files, of: space.checkpoint, inStoreAt: path)
        let digest = try ModelDirectory(path: checkpointPath(space.checkpoint)).digest()
        if digest != space.checkpoint {
          report.report("checkpoint \(space.checkpoint) has the digest \(digest)")
        }
      } catch {
        report.report("version \(version.name): \(error)")
      }
      checkpoints.insert(space.checkpoint)
      guard checkedIndexes.insert(version.index).inserted else { continue }
      let count = try checkCodes(version.index, index, width: space.width, &report, snapshot)
      if version.name == active.name {
        report.codeCount = count
        report.pendingCount = try tables.rows.count(in: snapshot) - count
      }
    }
    for name in Files.names(in: path + "/checkpoints") where !checkpoints.contains(name) {
      report.report("checkpoints/\(name) belongs to no version")
    }
  }

  /// Every row below the index's high-water mark has exactly one code, in its block; no other has.
  private func checkCodes(
    _ id: UInt32, _ index: IndexRecord, width: Int, _ report: inout CheckReport,
    _ snapshot: borrowing Snapshot
  ) throws -> Int {
    var coded: [UInt32] = []
    let prefix = Key(id)
    var blocks = try tables.fresh.cursor(in: snapshot)
    var found = try blocks.seek(atOrAfter: prefix)
    while found, blocks.key.starts(with: prefix) {
      let number = blocks.key.bigEndianUInt32(at: 4) ?? .max
      do {
        let block = try CodeBlock(try blocks.value)
        if block.codec != index.codec || block.width != width {
          report.report("block \(number) of index \(id) holds codes of another kind")
        }
        for place in 0..<block.count {
          let row = block.row(at: place)
          if !block.scale(at: place).isFinite || block.scale(at: place) <= 0 {
            report.report("block \(number) of index \(id): row \(row) has a scale that is no scale")
          }
          if row / PendingEncoder.rangeSize != number || coded.last.map({ $0 >= row }) ?? false {
            report.report("block \(number) of index \(id): row \(row) is out of place")
          }
          coded.append(row)
        }
      } catch let error as CodeBlockError {
        report.report("block \(number) of index \(id): \(error)")
      }
      found = try blocks.next()
    }
    if coded.count != index.count {
      report.report("index \(id) has \(coded.count) codes, its record says \(index.count)")
    }
    var expected = coded.makeIterator()
    var next = expected.next()
    var rows = try tables.rows.cursor(in: snapshot)
    while try rows.next(), let row = rows.key.bigEndianUInt32(at: 0), row < index.nextRow {
      while let code = next, code < row {
        report.report("index \(id) has a code of row \(code), which is not there")
        next = expected.next()
      }
      if next == row {
        next = expected.next()
      } else {
        report.report("index \(id) has no code of row \(row)")
      }
    }
    while let code = next {
      report.report("index \(id) has a code of row \(code), which is not there or not yet due")
      next = expected.next()
    }
    return coded.count
  }
}
