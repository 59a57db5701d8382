/// A key: bytes that sort as LMDB compares them, the first byte first.
///
/// Numbers are appended big-endian, so that their order is the keys' order. Up to 64 bytes lie in the
/// value itself; longer ones (external ids) on the heap.
package struct Key: Sendable {
  /// LMDB's limit as Debian and others build it.
  package static let maximumLength = 511
  /// Three numbers of 64 bits and some text: every composite key of a store, and most ids.
  private static let inlineCapacity = 64

  private var inline = InlineArray<64, UInt8>(repeating: 0)
  /// All bytes, once there are more than fit inline.
  private var spilled: [UInt8] = []
  package private(set) var count = 0

  package init() {}
  package init(_ number: UInt8) { append(number) }
  package init(_ number: UInt32) { append(number) }
  package init(_ number: UInt64) { append(number) }
  package init(_ bytes: Span<UInt8>) { append(bytes) }
  package init(_ text: String) { append(text) }

  package mutating func append(_ number: UInt8) {
    if count < Self.inlineCapacity {
      inline[count] = number
    } else {
      if spilled.isEmpty { for index in inline.indices { spilled.append(inline[index]) } }
      spilled.append(number)
    }
    count += 1
  }

  package mutating func append(_ number: UInt32) {
    for shift: UInt32 in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  package mutating func append(_ number: UInt64) {
    append(UInt32(truncatingIfNeeded: number >> 32))
    append(UInt32(truncatingIfNeeded: number))
  }

  package mutating func append(_ bytes: Span<UInt8>) {
    for index in bytes.indices { append(bytes[index]) }
  }

  /// Appends the text's UTF-8.
  package mutating func append(_ text: String) {
    for byte in text.utf8 { append(byte) }
  }

  /// The key's bytes.
  package var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      count <= Self.inlineCapacity ? inline.span.extracting(first: count) : spilled.span
    }
  }
}

extension Key: ExpressibleByStringLiteral {
  package init(stringLiteral text: String) { self.init(text) }
}

extension Span where Element == UInt8 {
  /// The number that `Key.append` put at that offset; nil where the bytes end before.
  package func bigEndianUInt32(at offset: Int) -> UInt32? {
    guard offset >= 0, count >= 4, offset <= count - 4 else { return nil }
    return (0..<4).reduce(0) { $0 << 8 | UInt32(self[offset + $1]) }
  }

  /// The number that `Key.append` put at that offset; nil where the bytes end before.
  package func bigEndianUInt64(at offset: Int) -> UInt64? {
    guard let high = bigEndianUInt32(at: offset), let low = bigEndianUInt32(at: offset + 4) else {
      return nil
    }
    return UInt64(high) << 32 | UInt64(low)
  }

  /// Whether the bytes begin with those of `prefix`.
  package func starts(with prefix: Key) -> Bool {
    let start = prefix.bytes
    guard count >= start.count else { return false }
    for index in start.indices where self[index] != start[index] { return false }
    return true
  }
}
