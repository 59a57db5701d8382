internal import Corpus
internal import IVF
internal import LMDB

/// A value of `rows`: dictionary (1 byte) ‖ length of the pid (2, little-endian) ‖ pid ‖ text.
enum PassageRecord {
  private static let headerSizeInBytes = 3

  static func encode(id: Identifier, text: CompressedText) -> [UInt8] {
    let length = id.text.utf8.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headerSizeInBytes + length + text.bytes.count)
    bytes.append(text.dictionary)
    bytes.append(UInt8(length & 0xff))
    bytes.append(UInt8(length >> 8))
    bytes.append(contentsOf: id.text.utf8)
    bytes.append(contentsOf: text.bytes)
    return bytes
  }

  /// Where the pid lies in a value; nil if the value is not one of ours.
  private static func idRange(_ value: Span<UInt8>) -> Range<Int>? {
    guard value.count >= headerSizeInBytes else { return nil }
    let end = headerSizeInBytes + Int(value[1]) + Int(value[2]) << 8
    return end <= value.count ? headerSizeInBytes..<end : nil
  }

  static func id(_ value: Span<UInt8>) -> Identifier? {
    guard let range = idRange(value) else { return nil }
    let bytes = value.extracting(range)
    return unsafe bytes.withUnsafeBufferPointer {
      unsafe String(validating: $0, as: UTF8.self)
    }.map { Identifier($0) }
  }

  /// Bytes of the text once it is decompressed; nil where the value does not say.
  static func textSizeInBytes(_ value: Span<UInt8>) -> Int? {
    guard let range = idRange(value) else { return nil }
    return CompressedText.decompressedSize(
      value.extracting(range.upperBound..<value.count), dictionary: value[0])
  }

  /// The text's UTF-8.
  static func text(
    _ value: Span<UInt8>, _ decompressor: inout TextDecompressor,
    _ dictionaries: [UInt8: TextDictionary]
  ) -> [UInt8]? {
    guard let range = idRange(value) else { return nil }
    return decompressor.decompress(
      value.extracting(range.upperBound..<value.count), dictionary: value[0], from: dictionaries)
  }
}

/// A row number as a value: what `ids` and `updates` hold.
enum RowNumber {
  static func encode(_ row: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(row)
    return bytes
  }

  /// Nil where the value is not one of ours.
  static func decode(_ value: Span<UInt8>) -> UInt32? {
    guard value.count == 4 else { return nil }
    return (0..<4).reduce(0) { $0 | UInt32(value[$1]) << (8 * UInt32($1)) }
  }
}

extension Table {
  /// The row number at a key; nil where there is none.
  func row<T: Transaction & ~Copyable>(
    at key: Key, in transaction: borrowing T
  ) throws(LMDBError) -> UInt32? {
    guard let value = try value(of: key, in: transaction) else { return nil }
    return RowNumber.decode(value)
  }
}
