/// What is wrong with a file of vectors. Rows and columns count from 0; messages count from 1.
package enum VectorFault: Error, Equatable, Sendable {
  /// Neither `.npy` by its first bytes nor `.fvecs` by its name.
  case unknownFormat
  case unsupportedVersion(major: UInt8, minor: UInt8)
  case badHeader(reason: String)
  case elementType(String)
  case columnMajor
  case notTwoDimensional(shape: [Int])
  case dimensionOutOfRange(Int64)
  /// The file has another size than its header says.
  case size(expected: Int64, found: Int64)
  /// The data ends inside or before this row.
  case truncated(row: Int)
  case trailingBytes
  /// A row of an `.fvecs` file with another dimension than the first.
  case dimensionChanged(row: Int, expected: Int, found: Int64)
  case notFinite(row: Int, column: Int)
  /// A vector without direction, where one is needed.
  case zero(row: Int)

  /// The fact and the advice.
  var sentence: String {
    switch self {
    case .unknownFormat:
      "is no .npy file, and its name does not end in .fvecs. Save the vectors with numpy.save."
    case .unsupportedVersion(let major, let minor):
      ".npy version \(major).\(minor) is not known (1.0, 2.0 and 3.0 are). \(Self.saveAgain)"
    case .badHeader(let reason): "the .npy header is damaged (\(reason)). \(Self.saveAgain)"
    case .elementType(let type):
      """
      the elements are \(quoted(type)), expected little-endian float32 ("<f4") or float16 ("<f2"). \
      Save the array with .astype("<f4").
      """
    case .columnMajor:
      "the array is in Fortran order. Save numpy.ascontiguousarray(x) instead."
    case .notTwoDimensional(let shape):
      "the array has shape \(shape), expected two dimensions (rows, width). Reshape and save again."
    case .dimensionOutOfRange(let dimension):
      """
      rows of \(dimension) floats, expected 1 to \(VectorReader.maximumDimension). \
      Check that this is a file of vectors.
      """
    case .size(let expected, let found):
      "expected \(expected) bytes, found \(found). Fetch or make the file again."
    case .truncated(let row):
      "the data ends before the end of row \(row + 1). Fetch or make the file again."
    case .trailingBytes:
      "more bytes follow the last row. Fetch or make the file again."
    case .dimensionChanged(let row, let expected, let found):
      "row \(row + 1) has dimension \(found), the rows before it have \(expected). \(Self.saveAgain)"
    case .notFinite(let row, let column):
      "row \(row + 1), column \(column + 1) is infinite or not a number. Remove that row."
    case .zero(let row):
      "row \(row + 1) is nothing but zeros, so it points nowhere. Remove that row."
    }
  }

  private static let saveAgain = "Save the array again."
}
