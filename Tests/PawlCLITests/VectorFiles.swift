import Foundation

/// Files of vectors, whole ones and broken ones, as another program would write them.
struct VectorFiles {
  /// D.
  static let width = 16
  let pawl: CommandRunner

  /// Steele, Lea & Flood's mixing of a place in the matrix, in -1..<1.
  private static func value(_ row: Int, _ column: Int) -> Float {
    var z = UInt64(row * width + column + 1) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Float(z >> 40) * 0x1p-23 - 1
  }

  /// The rows of a file, each of D little-endian floats behind `prefix`.
  private static func rows(_ count: Int, prefix: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * (4 * width + prefix.count))
    for row in 0..<count {
      bytes += prefix
      for column in 0..<width {
        withUnsafeBytes(of: value(row, column).bitPattern.littleEndian) { bytes += $0 }
      }
    }
    return bytes
  }

  static func npyBytes(
    _ count: Int, type: String = "<f4", order: String = "False"
  ) -> [UInt8] {
    let text = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (\(count), \(width)), }"
    let header = Array(text.utf8) + [UInt8](repeating: 0x20, count: 117 - text.utf8.count) + [0x0A]
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + header + rows(count)
  }

  func npy(_ name: String, _ count: Int) throws -> String {
    try pawl.write(name, Self.npyBytes(count))
  }

  func fvecs(_ name: String, _ count: Int) throws -> String {
    try pawl.write(name, Self.rows(count, prefix: [UInt8(Self.width), 0, 0, 0]))
  }

  func ids(_ name: String, _ count: Int) throws -> String {
    try pawl.write(name, (0..<count).map { "v\($0)\n" }.joined())
  }
}
