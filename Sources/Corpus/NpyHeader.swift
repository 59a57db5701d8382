/// The element types of vector files.
package enum VectorElement: String, Sendable {
  case float32 = "<f4"
  case float16 = "<f2"

  package var sizeInBytes: Int { self == .float32 ? 4 : 2 }
}

/// The header of an `.npy` file that holds a matrix in C order, little-endian.
///
/// Source: NumPy Enhancement Proposal 1, versions 1.0, 2.0 and 3.0 of the format.
struct NpyHeader: Equatable {
  var element: VectorElement
  var rowCount: Int
  var dimension: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// A matrix needs about 70 bytes; numpy's own limit is 10,000.
  static let maximumSizeInBytes = 10_000

  /// Size of the matrix; nil on overflow.
  var dataSizeInBytes: Int64? {
    let (elements, first) = Int64(rowCount).multipliedReportingOverflow(by: Int64(dimension))
    let (bytes, second) = elements.multipliedReportingOverflow(by: Int64(element.sizeInBytes))
    return first || second ? nil : bytes
  }

  /// The whole header, magic included: version 1.0, padded so that the data starts at a multiple of
  /// 64 bytes.
  func encoded() -> [UInt8] {
    let dictionary =
      "{'descr': '\(element.rawValue)', 'fortran_order': False, "
      + "'shape': (\(rowCount), \(dimension)), }"
    let prefixCount = Self.magic.count + 4
    let count = (prefixCount + dictionary.utf8.count + 1 + 63) / 64 * 64
    let padding = count - prefixCount - dictionary.utf8.count - 1
    let length = UInt16(count - prefixCount)
    return Self.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(dictionary.utf8)
      + Array(repeating: 0x20, count: padding) + [0x0A]
  }

  /// Reads the Python dictionary that follows the length.
  init(dictionary: [UInt8]) throws(VectorFault) {
    var literal = NpyLiteral(bytes: dictionary)
    var element: VectorElement?
    var shape: [Int]?
    var isColumnMajor: Bool?
    try literal.expect("{")
    while !literal.skip("}") {
      let key = try literal.string()
      try literal.expect(":")
      switch key {
      case "descr" where element == nil:
        let type = try literal.string()
        guard let known = VectorElement(rawValue: type) else { throw .elementType(type) }
        element = known
      case "fortran_order" where isColumnMajor == nil: isColumnMajor = try literal.boolean()
      case "shape" where shape == nil: shape = try literal.tuple()
      default: throw .badHeader(reason: "unexpected key \(quoted(key))")
      }
      if !literal.skip(",") {
        try literal.expect("}")
        break
      }
    }
    try literal.expectEnd()
    guard let element, let shape, let isColumnMajor else {
      throw .badHeader(reason: "descr, fortran_order or shape is missing")
    }
    guard shape.count == 2 else { throw .notTwoDimensional(shape: shape) }
    // A single row or column lies in memory the same way in both orders.
    guard !isColumnMajor || shape.contains(1) else { throw .columnMajor }
    self.init(element: element, rowCount: shape[0], dimension: shape[1])
  }

  init(element: VectorElement, rowCount: Int, dimension: Int) {
    self.element = element
    self.rowCount = rowCount
    self.dimension = dimension
  }
}
