/// Writes an `.npy` file: version 1.0, N × D, row-major, little-endian. It appears at `commit`.
package struct VectorWriter: ~Copyable {
  private let header: NpyHeader
  private var rowsLeft: Int
  private var output: OutputFile
  private var packed: [UInt8] = []

  /// - Parameter rowCount: the rows that will be written, since the header comes first.
  package init(
    path: String, rowCount: Int, dimension: Int, element: VectorElement = .float32
  ) throws(CorpusError) {
    precondition(
      rowCount >= 0 && dimension > 0, "a matrix of \(rowCount) rows of \(dimension) floats")
    let header = NpyHeader(element: element, rowCount: rowCount, dimension: dimension)
    var output = try OutputFile(path: path)
    try output.write(header.encoded().span)
    self.header = header
    self.output = output
    rowsLeft = rowCount
  }

  /// Adds rows.
  ///
  /// - Parameter values: rows × D, row-major.
  package mutating func append(_ values: Span<Float>) throws(CorpusError) {
    let (rows, rest) = values.count.quotientAndRemainder(dividingBy: header.dimension)
    precondition(rest == 0, "\(values.count) floats in rows of \(header.dimension)")
    precondition(rows <= rowsLeft, "\(rows) rows where \(rowsLeft) are left")
    rowsLeft -= rows
    packed.removeAll(keepingCapacity: true)
    packed.reserveCapacity(values.count * header.element.sizeInBytes)
    for index in values.indices {
      switch header.element {
      case .float32: appendLittleEndian(values[index].bitPattern)
      case .float16:
        let half = Float16(values[index])
        guard half.isFinite || !values[index].isFinite else {
          throw .unwritable(path: output.path, fault: .doesNotFitFloat16(values[index]))
        }
        appendLittleEndian(half.bitPattern)
      }
    }
    let packed = packed  // `self` cannot lend its array while its output is written to.
    try output.write(packed.span)
  }

  /// Puts the file in place.
  package consuming func commit() throws(CorpusError) {
    precondition(rowsLeft == 0, "\(rowsLeft) of \(header.rowCount) rows were not written")
    try output.commit()
  }

  private mutating func appendLittleEndian(_ bits: some FixedWidthInteger) {
    // Sound: the pointer does not leave the closure.
    unsafe withUnsafeBytes(of: bits.littleEndian) { bytes in
      unsafe packed.append(contentsOf: bytes)
    }
  }
}
