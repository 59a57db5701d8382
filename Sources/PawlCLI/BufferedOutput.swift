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

  mutating func flush() {
    unsafe bytes.withUnsafeBytes { unsafe Output.write($0) }
    bytes.removeAll(keepingCapacity: true)
  }
}
