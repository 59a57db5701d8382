internal import Corpus

/// Vectors on their way into a store.
struct VectorBatch {
  var ids: [Identifier]
  /// ids.count × D, unit rows.
  var vectors: [Float]

  private var width: Int { vectors.count / max(1, ids.count) }

  func range(of place: Int) -> Range<Int> { place * width..<(place + 1) * width }

  func haveEqualVectors(at place: Int, _ other: Int) -> Bool {
    vectors[range(of: place)] == vectors[range(of: other)]
  }

  /// The vectors at ascending places, one behind another.
  func vectors(at places: [Int]) -> [Float] {
    places.count == ids.count ? vectors : places.flatMap { vectors[range(of: $0)] }
  }
}

/// Reads vectors and their ids side by side from two files, batch after batch.
struct VectorSource: ~Copyable {
  /// Vectors of one transaction, as many as passages of text.
  private static let batchSize = 4_096
  /// Bytes of vectors in memory at once; at least one vector.
  private static let batchSizeInBytes = 16 << 20

  /// Vectors to be read.
  let count: Int
  private(set) var done = 0
  private let rowsAtOnce: Int
  private var vectors: UnitVectorReader
  private var ids: IdentifierReader

  /// Of the vectors read so far, those that were brought to unit length.
  var normalizedCount: Int { vectors.normalizedCount }

  /// Opens both files and reads all ids.
  ///
  /// - Parameters:
  ///   - width: D.
  ///   - limit: read at most so many vectors.
  /// - Throws: `CorpusError` for a malformed file, `StoreError.vectorWidth`, `.vectorIDs`.
  init(vectors file: String, ids idFile: String, width: Int, limit: Int?) throws {
    var vectors = try UnitVectorReader(path: file, width: width)
    let rowCount = try vectors.countRows()
    var ids = try IdentifierReader(path: idFile)
    var idCount = 0
    while try ids.next() != nil { idCount += 1 }
    guard idCount == rowCount else {
      throw StoreError.vectorIDs(file: file, rowCount: rowCount, ids: idFile, idCount: idCount)
    }
    try ids.rewind()
    count = min(rowCount, limit ?? .max)
    rowsAtOnce = Self.rowsAtOnce(width: width)
    self.vectors = vectors
    self.ids = ids
  }

  /// Whole blocks where some fit, so that the next transaction does not write one of them anew.
  static func rowsAtOnce(width: Int) -> Int {
    let fitting = max(1, min(batchSize, batchSizeInBytes / (4 * width)))
    let block = Int(PendingEncoder.rangeSize)
    return fitting < block ? fitting : fitting / block * block
  }

  /// Reads all vectors once, so that nothing of a bad file is stored, and goes back.
  ///
  /// - Parameter progress: told how many are read; answering false stops.
  /// - Returns: whether all were read.
  mutating func check(progress: (Int) -> Bool) throws -> Bool {
    var read = 0
    while read < count {
      let wanted = min(rowsAtOnce, count - read)
      if try vectors.read(rows: wanted).isEmpty { break }
      read += wanted
      if !progress(read) { return false }
    }
    try vectors.rewind()
    return true
  }

  /// The next vectors; nil at the end.
  mutating func next() throws -> VectorBatch? {
    let wanted = min(rowsAtOnce, count - done)
    if wanted == 0 { return nil }
    var batch = VectorBatch(ids: [], vectors: try vectors.read(rows: wanted))
    batch.ids.reserveCapacity(wanted)
    while batch.ids.count < wanted, let id = try ids.next() { batch.ids.append(id) }
    // Both were counted, and a file that has changed since is an error of its reader.
    done += wanted
    return batch
  }
}
