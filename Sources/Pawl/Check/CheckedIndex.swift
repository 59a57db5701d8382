internal import IVF
internal import LMDB

/// What a check has seen of one index's codes.
final class CheckedIndex {
  let id: UInt32
  let record: IndexRecord
  /// D; nil where the space could not be read.
  let width: Int?
  var codeCount = 0
  /// Some codes could not be read, or some blocks were not seen.
  var isPartial = false
  /// The next row, by its place among all rows, whose code is to come; of an index without clusters.
  var nextPlace = 0
  /// Hash of each row's code and scale, by the row's place; 0 where it has none.
  var codeHashes: [UInt64]
  /// Nil in an index without clusters, and where how it is clustered cannot be.
  var lists: CheckedLists?

  init(_ id: UInt32, _ record: IndexRecord, width: Int?, codeHashes: [UInt64]) {
    (self.id, self.record, self.width, self.codeHashes) = (id, record, width, codeHashes)
  }

  var name: String { StoreObject.index(id) }

  func name(ofBlock number: UInt32) -> String { StoreObject.block(number, ofIndex: id) }

  func name(ofBlock number: Int, ofList list: Int) -> String {
    StoreObject.block(UInt32(clamping: number), ofList: list, ofIndex: id)
  }
}

extension CodeBlock {
  /// A hash of the bits of a code and its scale, never 0, and whether all its floats are finite.
  ///
  /// - Complexity: O(D) / 8.
  func look(at index: Int) -> (hash: UInt64, isFinite: Bool) {
    let code = code(at: index)
    var hash = UInt64(scale(at: index).bitPattern) ^ 0x9e37_79b9_7f4a_7c15
    // An exponent that is all ones: infinity or NaN.
    let (exponent, bits): (UInt64, Int) =
      switch codec {
      case .int8, .binary: (0, 64)
      case .float16: (0x7c00, 16)
      case .float32: (0x7f80_0000, 32)
      }
    var isFinite = true
    for start in stride(from: 0, to: code.byteCount, by: 8) {
      let word = code.word(at: start)
      // Steele, Lea & Flood's mixing, a step a word.
      hash = (hash ^ word) &* 0xbf58_476d_1ce4_e5b9
      hash ^= hash >> 29
      if exponent != 0, Self.has(exponent, in: word, bits: bits) { isFinite = false }
    }
    return (hash == 0 ? 1 : hash, isFinite)
  }

  private static func has(_ exponent: UInt64, in word: UInt64, bits: Int) -> Bool {
    stride(from: 0, to: 64, by: bits).contains { (word >> UInt64($0)) & exponent == exponent }
  }
}

extension RawSpan {
  /// Eight bytes, or what is left of them.
  fileprivate func word(at offset: Int) -> UInt64 {
    if offset + 8 <= byteCount {
      // Sound: within the bounds, and every pattern is a number.
      return unsafe UInt64(
        littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var word: UInt64 = 0
    for place in offset..<byteCount {
      let byte = unsafe unsafeLoadUnaligned(fromByteOffset: place, as: UInt8.self)
      word |= UInt64(byte) << UInt64(8 * (place - offset))
    }
    return word
  }
}
