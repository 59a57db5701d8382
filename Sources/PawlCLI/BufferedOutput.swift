internal import Glibc

/// Bytes for stdout, written in large pieces.
struct BufferedOutput: ~Copyable {
  private var bytes: [UInt8] = []
  private static let pieceSize = 1 << 16

  mutating func append(_ byte: UInt8) {
    bytes.append(byte)
    if bytes.count >= Self.pieceSize { flush() }
  }

  /// A number in decimal digits.
  mutating func append(decimal number: Int32) {
    if number < 0 { append(UInt8(ascii: "-")) }
    var divisor: UInt32 = 1
    while number.magnitude / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(UInt8(ascii: "0") + UInt8(number.magnitude / divisor % 10))
      divisor /= 10
    }
  }

  /// Writes what is there; commands that use it do not print otherwise, so the order is theirs.
  mutating func flush() {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      rest = rest.dropFirst(count)
    }
    bytes.removeAll(keepingCapacity: true)
  }
}
