/// Reads the rows of a file of vectors: `.npy` (float32 or float16) or `.fvecs`, packed or not.
///
/// `.npy` is told by its first bytes, `.fvecs` (an int32 and that many float32, for each row) by its
/// name. Header, size and every number are checked; all rows are finite.
package struct VectorReader: ~Copyable {
  /// More floats a row than any encoder gives: a bound on memory.
  package static let maximumDimension = 65_536

  /// Floats in a row.
  package let dimension: Int
  /// Rows in the file; nil where only reading tells (a compressed `.fvecs`).
  package let rowCount: Int?

  private let layout: Layout
  private var source: ByteSource
  private var row = 0
  private var packed: [UInt8] = []

  private enum Layout {
    case npy(VectorElement)
    case fvecs
  }

  /// Opens `path` and checks the header, and the size of a file that is not compressed.
  package init(path: String) throws(CorpusError) {
    var source = try ByteSource(path: path)
    let header = try source.readNpyHeader()
    let shape =
      if let header {
        VectorShape(dimension: header.dimension, rowCount: header.rowCount)
      } else {
        try source.readFvecsShape()
      }
    layout = header.map { .npy($0.element) } ?? .fvecs
    dimension = shape.dimension
    rowCount = shape.rowCount
    self.source = source
  }

  package var path: String { source.path }
  /// Size of the file, as it is packed.
  package var sizeInBytes: Int64 { source.sizeInBytes }
  /// Bytes of the file that were read since the start, as they are packed: for progress.
  package var position: Int64 { source.position }

  /// Goes back to the first row.
  package mutating func rewind() throws(CorpusError) {
    try source.rewind()
    row = 0
    if case .npy = layout { _ = try source.readNpyHeader() }
  }

  /// How many rows there are; where the header does not say, by reading them all, from the start.
  package mutating func countRows() throws(CorpusError) -> Int {
    if let rowCount { return rowCount }
    var values: [Float] = []
    while try read(rows: .max, into: &values) > 0 {}
    let count = row
    try rewind()
    return count
  }

  /// Reads the next rows, at most `maximum`.
  ///
  /// - Parameter values: overwritten: result × D, row-major.
  /// - Returns: the number of rows; 0 at the end.
  package mutating func read(
    rows maximum: Int, into values: inout [Float]
  ) throws(CorpusError) -> Int {
    precondition(maximum > 0, "asked for \(maximum) rows")
    let wanted = min(maximum, (rowCount ?? .max) - row)
    let count = try fillPacked(rows: wanted)
    values.removeAll(keepingCapacity: true)
    values.reserveCapacity(count * dimension)
    do {
      for index in 0..<count {
        try decodeRow(at: index * rowSizeInBytes, into: &values)
        row += 1
      }
    } catch {
      throw .vectors(path: path, fault: error)
    }
    return count
  }
}

// MARK: - Rows

extension VectorReader {
  private var rowSizeInBytes: Int {
    switch layout {
    case .npy(let element): dimension * element.sizeInBytes
    case .fvecs: 4 + dimension * 4
    }
  }

  /// Reads the bytes of up to `wanted` rows, 4 MiB or one row at most; gives the number of rows.
  private mutating func fillPacked(rows wanted: Int) throws(CorpusError) -> Int {
    let rowsAtOnce = min(wanted, max(1, (4 << 20) / rowSizeInBytes))
    let size = rowsAtOnce * rowSizeInBytes
    if packed.count < size {
      packed.append(contentsOf: repeatElement(0, count: size - packed.count))
    }
    let count = try source.readFully(into: &packed, count: size)
    let isShort = rowCount != nil && count < size
    guard !isShort, count % rowSizeInBytes == 0 else {
      throw .vectors(path: path, fault: .truncated(row: row + count / rowSizeInBytes))
    }
    let rows = count / rowSizeInBytes
    if let rowCount, row + rows == rowCount {
      // Reading on to the end checks that nothing follows, checksums and that the file is the same.
      var rest: [UInt8] = [0]
      guard try source.readFully(into: &rest, count: 1) == 0 else {
        throw .vectors(path: path, fault: .trailingBytes)
      }
    }
    return rows
  }

  private func decodeRow(at start: Int, into values: inout [Float]) throws(VectorFault) {
    // Sound: `packed` holds the whole row from `start` on, `fillPacked` has seen to that.
    let bytes = unsafe packed.span.bytes
    switch layout {
    case .npy(.float32): try appendFloat32(bytes, at: start, to: &values)
    case .npy(.float16): try appendFloat16(bytes, at: start, to: &values)
    case .fvecs:
      let found = unsafe Int32(
        littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: Int32.self))
      guard found == dimension else {
        throw .dimensionChanged(row: row, expected: dimension, found: Int64(found))
      }
      try appendFloat32(bytes, at: start + 4, to: &values)
    }
  }

  private func appendFloat32(
    _ bytes: RawSpan, at start: Int, to values: inout [Float]
  ) throws(VectorFault) {
    for column in 0..<dimension {
      let bits = unsafe bytes.unsafeLoadUnaligned(
        fromByteOffset: start + column * 4, as: UInt32.self)
      let value = Float(bitPattern: UInt32(littleEndian: bits))
      guard value.isFinite else { throw .notFinite(row: row, column: column) }
      values.append(value)
    }
  }

  private func appendFloat16(
    _ bytes: RawSpan, at start: Int, to values: inout [Float]
  ) throws(VectorFault) {
    for column in 0..<dimension {
      let bits = unsafe bytes.unsafeLoadUnaligned(
        fromByteOffset: start + column * 2, as: UInt16.self)
      let value = Float(Float16(bitPattern: UInt16(littleEndian: bits)))
      guard value.isFinite else { throw .notFinite(row: row, column: column) }
      values.append(value)
    }
  }
}
