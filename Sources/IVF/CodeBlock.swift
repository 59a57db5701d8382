package import LinearAlgebra

/// A block of codes as it lies in the database: header ‖ codes ‖ scales ‖ rows.
///
/// ```
/// 0   layout, 1                    UInt8
/// 1   codec                        UInt8
/// 2   unused, 0                    UInt16
/// 4   D                            UInt32
/// 8   n                            UInt32
/// 12  unused, 0                    36 bytes
/// 48  codes                        n × codeSize
///     scales (int8 only)           n × Float32
///     rows, ascending              n × UInt32
/// ```
/// Numbers are little-endian. LMDB puts a value that is too long for a page at 16 mod 64, so with a
/// header of 48 bytes the codes start at a multiple of 64.
package struct CodeBlock: ~Escapable {
  package static let headerSizeInBytes = 48
  static let layout: UInt8 = 1

  package let codec: Codec
  /// D.
  package let width: Int
  /// n, the number of codes.
  package let count: Int
  private let bytes: RawSpan

  /// Reads the header and checks it against the length, so that nothing later leaves the block.
  @_lifetime(copy value)
  package init(_ value: Span<UInt8>) throws(CodeBlockError) {
    // Sound: bytes are read as integers and floats, for which every pattern is a value.
    let bytes = unsafe value.bytes
    guard bytes.byteCount >= Self.headerSizeInBytes else {
      throw .tooShort(byteCount: bytes.byteCount)
    }
    guard bytes.uint8(at: 0) == Self.layout, let codec = Codec(number: bytes.uint8(at: 1)) else {
      throw .unknownLayout(layout: bytes.uint8(at: 0), codec: bytes.uint8(at: 1))
    }
    let (width, count) = (Int(bytes.uint32(at: 4)), Int(bytes.uint32(at: 8)))
    // Neither factor overflows by itself: both are numbers of 32 bits.
    let (size, overflow) = codec.postingSizeInBytes(width: width)
      .multipliedReportingOverflow(by: count)
    guard !overflow, bytes.byteCount - Self.headerSizeInBytes == size else {
      throw .wrongLength(byteCount: bytes.byteCount, count: count, width: width)
    }
    self.codec = codec
    self.width = width
    self.count = count
    self.bytes = bytes
  }

  /// Whether the rows ascend and lie in `range`.
  package func hasRowsInOrder(within range: Range<UInt32>) -> Bool {
    for index in 0..<count {
      let row = row(at: index)
      if !range.contains(row) || (index > 0 && self.row(at: index - 1) >= row) { return false }
    }
    return true
  }

  private var codesEnd: Int { Self.headerSizeInBytes + count * codec.codeSizeInBytes(width: width) }
  private var rowsStart: Int { codesEnd + count * codec.scaleSizeInBytes }

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
    get { bytes.extracting(Self.headerSizeInBytes..<codesEnd) }
  }

  /// All scales; none where the codec has none.
  var scales: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(codesEnd..<rowsStart) }
  }

  /// All row numbers.
  var rows: RawSpan {
    @_lifetime(copy self)
    get { bytes.extracting(rowsStart..<bytes.byteCount) }
  }

  /// The row of the code at `index`.
  package func row(at index: Int) -> UInt32 {
    precondition(index >= 0 && index < count, "code \(index) of \(count)")
    return bytes.uint32(at: rowsStart + 4 * index)
  }

  /// Where the code of `row` is; nil if it is not here.
  ///
  /// - Complexity: O(log n).
  package func index(of row: UInt32) -> Int? {
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
    let start = Self.headerSizeInBytes + index * size
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

/// What is wrong with a block of codes.
package enum CodeBlockError: Error, Equatable, CustomStringConvertible {
  case tooShort(byteCount: Int)
  case unknownLayout(layout: UInt8, codec: UInt8)
  case wrongLength(byteCount: Int, count: Int, width: Int)
  case wrongKind(codec: Codec, width: Int, expected: Codec, expectedWidth: Int)

  package var description: String {
    switch self {
    case .tooShort(let byteCount): "a block of codes has only \(byteCount) bytes"
    case .unknownLayout(let layout, let codec):
      "a block of codes has the unknown layout \(layout) or codec \(codec)"
    case .wrongLength(let byteCount, let count, let width):
      "a block of \(count) codes of \(width) dimensions has \(byteCount) bytes"
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

  func uint32(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset + 4 <= byteCount, "4 bytes at \(offset) of \(byteCount)")
    return UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
