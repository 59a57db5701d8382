package import LinearAlgebra

/// A block of codes as it lies in the database: header ‖ codes ‖ scales ‖ rows, and what its place in
/// an index asks for.
///
/// ```
/// 0   layout, 1                    UInt8
/// 1   codec                        UInt8
/// 2   unused, 0                    UInt16
/// 4   D                            UInt32
/// 8   n                            UInt32
/// 12  sections: 1 lists, 2 bits    UInt8
/// 13  unused, 0                    35 bytes
/// 48  bits, where there are any    BitCodes.sizeInBytes, up to a multiple of 64
///     codes                        n × codeSize
///     scales (int8, binary)        n × Float32
///     rows                         n × UInt32
///     lists, where there are any   n × UInt16
/// ```
/// Numbers are little-endian. LMDB puts a value that is too long for a page at 16 mod 64, so with a
/// header of 48 bytes bits and codes start at a multiple of 64.
///
/// Rows ascend. In a block with lists (`fresh` of a clustered index) the lists do, and rows within one.
package struct CodeBlock: ~Escapable {
  package static let headerSizeInBytes = 48
  static let layout: UInt8 = 1

  package let codec: Codec
  /// D.
  package let width: Int
  /// n, the number of codes.
  package let count: Int
  /// Whether each code's list is told.
  package let hasLists: Bool
  private let codesStart: Int
  private let bytes: RawSpan

  /// Reads the header and checks it against the length, so that nothing later leaves the block.
  @_lifetime(copy value)
  package init(_ value: Span<UInt8>) throws(CodeBlockError) {
    // Sound: bytes are read as integers and floats, for which every pattern is a value.
    let bytes = unsafe value.bytes
    guard bytes.byteCount >= Self.headerSizeInBytes else {
      throw .tooShort(byteCount: bytes.byteCount)
    }
    let sections = CodeBlockSections(rawValue: bytes.uint8(at: 12))
    guard bytes.uint8(at: 0) == Self.layout, let codec = Codec(number: bytes.uint8(at: 1)),
      sections.isSubset(of: codec == .binary ? [.lists, .bits] : .lists)
    else {
      throw .unknownLayout(layout: bytes.uint8(at: 0), codec: bytes.uint8(at: 1))
    }
    let (width, count) = (Int(bytes.uint32(at: 4)), Int(bytes.uint32(at: 8)))
    // Longer than any value, and too short for products of these two to overflow.
    guard width <= 1 << 24, count <= 1 << 24,
      bytes.byteCount == Self.sizeInBytes(codec, width: width, count: count, sections)
    else {
      throw .wrongLength(byteCount: bytes.byteCount, count: count, width: width)
    }
    hasLists = sections.contains(.lists)
    codesStart = Self.headerSizeInBytes + Self.bitsSizeInBytes(width: width, count: count, sections)
    self.codec = codec
    self.width = width
    self.count = count
    self.bytes = bytes
  }

  /// Bytes of a block.
  static func sizeInBytes(
    _ codec: Codec, width: Int, count: Int, _ sections: CodeBlockSections
  ) -> Int {
    headerSizeInBytes + bitsSizeInBytes(width: width, count: count, sections)
      + count * (codec.postingSizeInBytes(width: width) + (sections.contains(.lists) ? 2 : 0))
  }

  private static func bitsSizeInBytes(
    width: Int, count: Int, _ sections: CodeBlockSections
  ) -> Int {
    guard sections.contains(.bits) else { return 0 }
    return (BitCodes.sizeInBytes(count: count, width: width) + 63) / 64 * 64
  }

  /// Whether the rows lie in `range` and ascend; where lists are told, within each list.
  package func hasRowsInOrder(within range: Range<UInt32>) -> Bool {
    var last: (list: UInt16, row: UInt32)?
    for index in 0..<count {
      let this = (hasLists ? list(at: index) : 0, row(at: index))
      if !range.contains(this.1) { return false }
      if let last, last >= this { return false }
      last = this
    }
    return true
  }

  private var codesEnd: Int { codesStart + count * codec.codeSizeInBytes(width: width) }
  private var rowsStart: Int { codesEnd + count * codec.scaleSizeInBytes }
  private var rowsEnd: Int { rowsStart + 4 * count }

  /// - Throws: `.wrongKind` where the codes are of another codec or width than the index's.
  package func requireKind(codec expected: Codec, width expectedWidth: Int) throws(CodeBlockError) {
    guard codec == expected, width == expectedWidth else {
      throw .wrongKind(
        codec: codec, width: width, expected: expected, expectedWidth: expectedWidth)
    }
  }

  /// All codes, one behind another.
  var codes: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(codesStart..<codesEnd) }
  }

  /// The 1-bit codes; empty where there are none.
  package var bits: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(Self.headerSizeInBytes..<codesStart) }
  }

  package var hasBits: Bool { codesStart > Self.headerSizeInBytes }

  /// All scales; none where the codec has none.
  var scales: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(codesEnd..<rowsStart) }
  }

  /// All row numbers.
  var rows: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(rowsStart..<rowsEnd) }
  }

  /// The list of the code at `index`, in a block that tells lists.
  package func list(at index: Int) -> UInt16 {
    precondition(hasLists && index >= 0 && index < count, "list of code \(index) of \(count)")
    return bytes.uint16(at: rowsEnd + 2 * index)
  }

  /// The row of the code at `index`.
  package func row(at index: Int) -> UInt32 {
    precondition(index >= 0 && index < count, "code \(index) of \(count)")
    return bytes.uint32(at: rowsStart + 4 * index)
  }

  /// Where the codes of a list are, in a block that tells lists.
  ///
  /// - Complexity: O(log n).
  package func places(ofList list: UInt16) -> Range<Int> {
    firstPlace(atOrAfter: Int(list))..<firstPlace(atOrAfter: Int(list) + 1)
  }

  private func firstPlace(atOrAfter list: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if Int(self.list(at: middle)) < list { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Where the code of `row` is; nil if it is not here.
  ///
  /// - Complexity: O(log n); O(n) where lists are told, by which rows are sorted.
  package func index(of row: UInt32) -> Int? {
    if hasLists { return (0..<count).first { self.row(at: $0) == row } }
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self.row(at: middle) < row { low = middle + 1 } else { high = middle }
    }
    return low < count && self.row(at: low) == row ? low : nil
  }

  /// The bytes of the code at `index`, without its scale.
  @_lifetime(copy self)
  package func code(at index: Int) -> RawSpan {
    precondition(index >= 0 && index < count, "code \(index) of \(count)")
    let size = codec.codeSizeInBytes(width: width)
    let start = codesStart + index * size
    return bytes.extracting(start..<start + size)
  }

  /// The scale of the code at `index`; 1 where the codec has none.
  package func scale(at index: Int) -> Float {
    precondition(index >= 0 && index < count, "code \(index) of \(count)")
    if codec.scaleSizeInBytes == 0 { return 1 }
    return Float(bitPattern: bytes.uint32(at: codesEnd + 4 * index))
  }

  /// scores[i] ← the inner product of the query and code i.
  ///
  /// - Parameters:
  ///   - query: D floats.
  ///   - scores: at least n floats, overwritten.
  /// - Complexity: n · D multiplications; reads the codes once, in order.
  package func score(
    _ query: Span<Float>, kernels: Kernels, into scores: inout MutableSpan<Float>
  ) {
    precondition(query.count == width, "a query of \(query.count) for codes of \(width)")
    codec.score(
      query, codes: codes, scales: scales, count: count, kernels: kernels, into: &scores)
  }
}

/// What a block holds beside codes and rows.
struct CodeBlockSections: OptionSet {
  let rawValue: UInt8
  static let lists = Self(rawValue: 1)
  static let bits = Self(rawValue: 2)
}

/// What is wrong with a block of codes.
package enum CodeBlockError: Error, Equatable, CustomStringConvertible {
  case tooShort(byteCount: Int)
  case unknownLayout(layout: UInt8, codec: UInt8)
  case wrongLength(byteCount: Int, count: Int, width: Int)
  case tooLong(count: Int, capacity: Int)
  case wrongKind(codec: Codec, width: Int, expected: Codec, expectedWidth: Int)

  package var description: String {
    switch self {
    case .tooShort(let byteCount): "a block of codes has only \(byteCount) bytes"
    case .unknownLayout(let layout, let codec):
      "a block of codes has the unknown layout \(layout) or codec \(codec)"
    case .wrongLength(let byteCount, let count, let width):
      "a block of \(count) codes of \(width) dimensions has \(byteCount) bytes"
    case .tooLong(let count, let capacity):
      "a block has \(count) codes, not \(capacity) at most"
    case .wrongKind(let codec, let width, let expected, let expectedWidth):
      "a block holds \(codec) codes of \(width) dimensions, not \(expected) of \(expectedWidth)"
    }
  }
}

extension RawSpan {
  func uint8(at offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < byteCount, "byte \(offset) of \(byteCount)")
    return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
  }

  func uint16(at offset: Int) -> UInt16 {
    precondition(offset >= 0 && offset + 2 <= byteCount, "2 bytes at \(offset) of \(byteCount)")
    return UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  func uint32(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset + 4 <= byteCount, "4 bytes at \(offset) of \(byteCount)")
    return UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
