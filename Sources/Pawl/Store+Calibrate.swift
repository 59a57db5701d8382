internal import Corpus
internal import Encoding
internal import IVF
internal import LMDB

extension Store {
  /// Queries that a calibration takes; more are sampled.
  public static let calibrationSize = 1_000
  /// Words of a span that stands for a query: what people type. Longer ones find their passage too easily.
  private static let spanWords = 3...6

  /// Measures recall against effort anew and stores it with the index.
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
    // Nobody takes the index away meanwhile.
    let job = try growingMap { try beginOnlyJob(JobRecord.reindex) }
    let calibration: Calibration?
    do {
      calibration = try calibrate(
        index: indexOfVersion(name), version: name, with: file, progress: progress)
    } catch {
      giveUp(job)
      throw error
    }
    try growingMap { try endJob(job) }
    guard let calibration else { throw StoreError.notClustered(path: path) }
    return calibration
  }

  /// - Returns: nil where the index has no lists.
  func calibrate(
    index id: UInt32, version name: String?, with file: QueryFile? = nil,
    progress: @escaping ProgressHandler
  ) throws -> Calibration? {
    let (record, width) = try facts(ofIndex: id)
    guard record.clustering != nil, record.count > 0 else { return nil }
    guard progress(Progress(stage: .calibrating, done: 0, total: Calibration.ks.count)) else {
      throw StoreError.stopped(path: path)
    }
    let (queries, kind) = try calibrationQueries(index: id, version: name, file)
    let run = CalibrationRun(
      store: self, indexID: id, queries: queries, width: width, source: kind, progress: progress)
    let calibration = try run.run()
    try growingMap {
      var write = try environment.beginWrite()
      // Nobody would remove what is stored for an index that is gone.
      guard try index(id, in: write).state != .retired else { throw indexIsGone(id) }
      try tables.calibration.put(record: calibration, at: Key(id), in: &write)
      try write.commit()
    }
    return calibration
  }

  private func indexIsGone(_ id: UInt32) -> StoreError {
    damaged("index \(id)", "another one has taken its place")
  }

  private func facts(ofIndex id: UInt32) throws -> (record: IndexRecord, width: Int) {
    let snapshot = try environment.snapshot()
    let record = try index(id, in: snapshot)
    return (record, try space(record.space, in: snapshot).width)
  }

  /// Q × D floats, and what they are.
  private func calibrationQueries(
    index id: UInt32, version name: String?, _ file: QueryFile?
  ) throws -> ([Float], Calibration.Source) {
    let snapshot = try environment.snapshot()
    let version = try version(name, in: snapshot)
    let space = try space(version.space, in: snapshot)
    if case .vectors(let path, _) = file {
      return (try Self.vectors(path, width: space.width), .file(path: path))
    }
    if space.checkpoint == nil {
      if file != nil { throw StoreError.noEncoder(path: self.path) }
      return (try storedVectors(ofIndex: id, in: snapshot), .vectors)
    }
    let (texts, kind) = try calibrationTexts(file, in: snapshot)
    let vectors = try encoder(for: space).encode(
      Self.thinned(texts), prefix: version.queryPrefix, workerCount: Process.processorCount)
    return (vectors, kind)
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

  /// As many as a calibration takes, evenly from the whole.
  private static func thinned(_ texts: [String]) -> [String] {
    if texts.count <= calibrationSize { return texts }
    return (0..<calibrationSize).map { texts[$0 * texts.count / calibrationSize] }
  }

  private static func vectors(_ path: String, width: Int) throws -> [Float] {
    var source = try QuerySource.open(.vectors(path, ids: nil), width: width)
    var vectors: [Float] = []
    while let batch = try source.next(atMost: calibrationSize) {
      if case .vectors(let part) = batch.content { vectors += part }
    }
    let count = vectors.count / width
    if count <= calibrationSize { return vectors }
    return (0..<calibrationSize).flatMap { place in
      let row = place * count / calibrationSize
      return vectors[row * width..<(row + 1) * width]
    }
  }

  /// Vectors that codes stand for, chosen by a seed.
  private func storedVectors(
    ofIndex id: UInt32, in snapshot: borrowing Snapshot
  ) throws -> [Float] {
    let codes = try IndexCodes(self, id, in: snapshot)
    var random = SplitMix64(seed: 1)
    var found = CodeBlockBuilder(codec: codes.record.codec, width: codes.width)
    var triesLeft = 16 * Self.calibrationSize
    while found.count < Self.calibrationSize, triesLeft > 0, codes.record.nextRow > 0 {
      triesLeft -= 1
      let row = UInt32.random(in: 0..<codes.record.nextRow, using: &random)
      _ = try codes.copyCode(of: row, to: row, &found, in: snapshot)
    }
    return found.decoded()
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
