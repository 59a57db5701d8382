internal import Corpus

/// Reads the rows of a file of vectors as unit vectors.
///
/// A vector whose length is within 1 % of 1 stays as it is: so far codes, half floats and single precision
/// round it, and an exported code must come back as the same code. Others are brought to unit length.
struct UnitVectorReader: ~Copyable {
  private static let tolerance = 0.01

  /// Rows read so far that were brought to unit length.
  private(set) var normalizedCount = 0
  private var reader: VectorReader
  private var row = 0

  /// - Parameter width: D.
  /// - Throws: `CorpusError` for what is no file of vectors, `StoreError.vectorWidth`.
  init(path: String, width: Int) throws {
    let reader = try VectorReader(path: path)
    guard reader.dimension == width else {
      throw StoreError.vectorWidth(file: path, width: reader.dimension, expected: width)
    }
    self.reader = reader
  }

  /// Rows in the file; a packed `.fvecs` is read as a whole for that.
  mutating func countRows() throws(CorpusError) -> Int { try reader.countRows() }

  /// Goes back to the first row.
  mutating func rewind() throws(CorpusError) {
    try reader.rewind()
    row = 0
    normalizedCount = 0
  }

  /// The next rows, fewer than `wanted` only at the end.
  ///
  /// - Returns: rows × D, row-major.
  /// - Throws: `CorpusError.vectors` also for a vector of zeros, which has no direction.
  mutating func read(rows wanted: Int) throws(CorpusError) -> [Float] {
    var all: [Float] = []
    var part: [Float] = []
    var missing = wanted
    while missing > 0 {
      let count = try reader.read(rows: missing, into: &part)
      if count == 0 { break }
      try normalize(&part, rows: count)
      missing -= count
      if all.isEmpty { swap(&all, &part) } else { all += part }
    }
    return all
  }

  private mutating func normalize(_ vectors: inout [Float], rows: Int) throws(CorpusError) {
    let D = reader.dimension
    for start in stride(from: 0, to: rows * D, by: D) {
      // Double, in which no square of a float overflows or vanishes.
      var square = 0.0
      for index in start..<start + D { square += Double(vectors[index]) * Double(vectors[index]) }
      guard square > 0 else { throw .vectors(path: reader.path, fault: .zero(row: row)) }
      row += 1
      let length = square.squareRoot()
      if abs(length - 1) <= Self.tolerance { continue }
      normalizedCount += 1
      for index in start..<start + D { vectors[index] = Float(Double(vectors[index]) / length) }
    }
  }
}
