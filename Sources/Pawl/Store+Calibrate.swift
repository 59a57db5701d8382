internal import Corpus
internal import Encoding
internal import IVF
internal import LMDB
internal import LinearAlgebra

extension Store {
  /// Queries that a calibration takes; more are sampled.
  public static let calibrationSize = 1_000
  /// Words of a span that stands for a query: what people type. Longer ones find their passage too easily.
  private static let spanWords = 3...6

  /// Measures recall against effort anew, of a version's queries, and stores it with the index.
  ///
  /// - Parameters:
  ///   - name: a version; nil: the active one.
  ///   - file: queries to measure with; nil: a stored set with the role calibration, or else what the
  ///     store has.
  /// - Throws: `StoreError.notClustered`, `.stopped`, `.busy` where another process makes or calibrates
  ///   an index, what reading the file throws.
  public func calibrate(
    version name: String? = nil, with file: QueryFile? = nil,
    progress: @escaping ProgressHandler = { _ in true }
  ) throws -> Calibration {
    let (version, calibration) = try asOnlyIndexer {
      let version = try nameOfVersion(name)
      return try (
        version,
        calibrate(
          index: indexOfVersion(version), version: version, with: file, progress: progress)
      )
    }
    guard let calibration else { throw StoreError.notClustered(path: path, version: version) }
    return calibration
  }

  /// - Parameter name: of a version whose queries the index answers.
  /// - Returns: nil where the index has no lists.
  func calibrate(
    index id: UInt32, version name: String, with file: QueryFile? = nil,
    progress: @escaping ProgressHandler
  ) throws -> Calibration? {
    let (record, width) = try facts(ofIndex: id)
    guard record.clustering != nil, record.count > 0 else { return nil }
    guard progress(Progress(stage: .calibrating, done: 0, total: Calibration.ks.count)) else {
      throw StoreError.stopped(path: path)
    }
    let queries = try calibrationQueries(index: id, version: name, file)
    let calibration = try measured(queries, index: id, width: width, progress)
    try growingMap {
      var write = try environment.beginWrite()
      // Nobody would remove what is stored for an index that is gone.
      guard try index(id, in: write).state != .retired else {
        throw StoreError.overtaken(path: path, index: id)
      }
      let version = try self.version(name, in: write)
      try tables.calibration.put(
        record: calibration, at: Calibration.key(id, version.queryDigest), in: &write)
      try write.commit()
    }
    return calibration
  }

  /// The snapshots that this takes are closed when it returns: growing the map waits for them.
  private func measured(
    _ queries: CalibrationQueries, index id: UInt32, width: Int,
    _ progress: @escaping ProgressHandler
  ) throws -> Calibration {
    let snapshots = try HeldSnapshots(environment, count: Process.processorCount)
    return try CalibrationRun(
      store: self, indexID: id, snapshots: snapshots, queries: queries.vectors,
      ownRows: queries.rows, width: width, source: queries.source, progress: progress
    ).run()
  }

  private func facts(ofIndex id: UInt32) throws -> (record: IndexRecord, width: Int) {
    let snapshot = try environment.snapshot()
    let record = try index(id, in: snapshot)
    return (record, try space(record.space, in: snapshot).width)
  }

  private func calibrationQueries(
    index id: UInt32, version name: String, _ file: QueryFile?
  ) throws -> CalibrationQueries {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    let space = try space(version.space, in: snapshot)
    if case .vectors(let path, _) = file {
      return CalibrationQueries(
        vectors: try Self.vectors(path, width: space.width), source: .file(path: path))
    }
    if space.checkpoint == nil {
      if file != nil { throw StoreError.noEncoder(path: self.path) }
      return try storedVectors(ofIndex: id, in: snapshot)
    }
    let (texts, kind) = try calibrationTexts(file, in: snapshot)
    let vectors = try queryEncoder(of: version, space, in: snapshot).encode(
      Self.sample(of: texts.count).map { texts[$0] })
    return CalibrationQueries(vectors: vectors, source: kind)
  }

  private func calibrationTexts(
    _ file: QueryFile?, in snapshot: borrowing Snapshot
  ) throws -> ([String], Calibration.Source) {
    if case .texts(let path) = file {
      let queries = try Queries(path: path)
      if queries.isEmpty { throw StoreError.noQueries(file: path) }
      return (queries.map(\.text), .file(path: path))
    }
    if let stored = try sets().first(where: { $0.role == .calibration }) {
      return (try set(named: stored.name).queries.map(\.text), .set(name: stored.name))
    }
    return (try spans(in: snapshot), .spans)
  }

  /// As many places of so many as a calibration takes, chosen and put in order by a seed: the first of them
  /// stand for all.
  private static func sample(of count: Int) -> ArraySlice<Int> {
    var random = SplitMix64(seed: 1)
    return (0..<count).shuffled(using: &random).prefix(calibrationSize)
  }

  /// Sampled vectors of a file; the others are not kept.
  private static func vectors(_ path: String, width: Int) throws -> [Float] {
    var reader = try UnitVectorReader(path: path, width: width)
    let count = try reader.countRows()
    let places = Dictionary(
      uniqueKeysWithValues: sample(of: count).enumerated().map { ($0.element, $0.offset) })
    var vectors = [Float](repeating: 0, count: places.count * width)
    for start in stride(from: 0, to: count, by: calibrationSize) {
      let part = try reader.read(rows: min(calibrationSize, count - start))
      for offset in 0..<part.count / width {
        guard let place = places[start + offset] else { continue }
        vectors.replaceSubrange(
          place * width..<(place + 1) * width, with: part[offset * width..<(offset + 1) * width])
      }
    }
    return vectors
  }

  /// Vectors that codes stand for, chosen by a seed, none twice.
  private func storedVectors(
    ofIndex id: UInt32, in snapshot: borrowing Snapshot
  ) throws -> CalibrationQueries {
    let codes = try IndexCodes(self, id, in: snapshot)
    var random = SplitMix64(seed: 1)
    var found = CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
    var rows: [UInt32] = []
    var tried: Set<UInt32> = []
    while found.count < Self.calibrationSize, tried.count < codes.record.nextRow,
      tried.count < 16 * Self.calibrationSize
    {
      let row = UInt32.random(in: 0..<codes.record.nextRow, using: &random)
      if !tried.insert(row).inserted { continue }
      if try codes.copyCode(of: row, to: row, &found, in: snapshot) { rows.append(row) }
    }
    return CalibrationQueries(vectors: found.decoded(), rows: rows, source: .vectors)
  }

  /// Words in a row, each from another passage, chosen by a seed.
  private func spans(in snapshot: borrowing Snapshot) throws -> [String] {
    let end = try storeRecord(in: snapshot).nextRow
    guard end > 0 else { return [] }
    var random = SplitMix64(seed: 1)
    var reader = try RowReader(self, in: snapshot)
    var spans: [String] = []
    var triesLeft = 16 * Self.calibrationSize
    while spans.count < Self.calibrationSize, triesLeft > 0 {
      triesLeft -= 1
      let row = UInt32.random(in: 0..<end, using: &random)
      guard let text = try reader.textIfPresent(of: row, in: snapshot) else { continue }
      let words = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      let length = Int.random(in: Self.spanWords, using: &random)
      guard !words.isEmpty else { continue }
      let start = Int.random(in: 0...max(0, words.count - length), using: &random)
      spans.append(words[start...].prefix(length).joined(separator: " "))
    }
    return spans
  }
}

/// What a calibration asks.
private struct CalibrationQueries {
  /// Q × D.
  let vectors: [Float]
  /// Where they are stored vectors, their rows.
  var rows: [UInt32]?
  let source: Calibration.Source
}
