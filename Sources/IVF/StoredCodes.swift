internal import LMDB
internal import LinearAlgebra

/// Where all codes of an index lie in the map, so that several threads can read them.
///
/// Codes are numbered: 1,024 × part + position, a part being a block or 1,024 codes of a longer one.
@safe struct StoredCodes: @unchecked Sendable {
  // Sendable: constant addresses of bytes that never change while the snapshot lives. Whoever makes
  // this value keeps the snapshot alive as long as it is used, and nobody else gets it.

  /// Up to 1,024 codes that lie behind each other.
  @safe private struct Part {
    let count: Int
    let codes: UnsafeRawPointer
    let scales: UnsafeRawPointer
    let rows: UnsafeRawPointer
  }

  static let partCapacity = 1024

  let codec: Codec
  let width: Int
  /// Codes in all.
  private(set) var count = 0
  private var parts: [Part] = []

  /// Looks at all blocks of an index.
  ///
  /// - Throws: `LMDBError.damaged`, or `CodeBlockError` for a block that is not what it should be.
  init(
    index: UInt32, codec: Codec, width: Int, blocks: Table, in snapshot: borrowing Snapshot
  ) throws {
    self.codec = codec
    self.width = width
    try blocks.forEachBlock(of: index, codec: codec, width: width, in: snapshot) { append($0) }
  }

  /// Whether numbers of 32 bits suffice.
  var isNumbered: Bool { parts.count <= 1 << 22 }

  private mutating func append(_ block: borrowing CodeBlock) {
    let (codes, scales, rows) = (block.codes, block.scales, block.rows)
    var start = 0
    while start < block.count {
      let size = min(Self.partCapacity, block.count - start)
      let offsets = (
        start * codec.codeSizeInBytes(width: width), start * codec.scaleSizeInBytes, start * 4
      )
      // The lengths were checked when the block was read, so all of these lie in it.
      unsafe codes.withUnsafeBytes { codes in
        unsafe scales.withUnsafeBytes { scales in
          unsafe rows.withUnsafeBytes { rows in
            guard let codes = codes.baseAddress, let rows = rows.baseAddress else { return }
            unsafe parts.append(
              Part(
                count: size, codes: codes + offsets.0,
                scales: (scales.baseAddress ?? codes) + offsets.1, rows: rows + offsets.2))
          }
        }
      }
      start += size
    }
    count += block.count
  }
}

// Reading.
extension StoredCodes {
  var partCount: Int { parts.count }

  func count(ofPart number: Int) -> Int { parts[number].count }

  /// Packs codes of a part.
  func pack(_ range: Range<Int>, ofPart number: Int, into packed: PackedCodes) {
    let part = parts[number]
    precondition(range.lowerBound >= 0 && range.upperBound <= part.count, "codes \(range)")
    let size = codec.codeSizeInBytes(width: width)
    let codes = unsafe UnsafeRawBufferPointer(
      start: part.codes + range.lowerBound * size, count: range.count * size)
    let scales = unsafe UnsafeRawBufferPointer(
      start: part.scales + range.lowerBound * codec.scaleSizeInBytes,
      count: range.count * codec.scaleSizeInBytes)
    unsafe packed.append(
      codec.kind, codes: RawSpan(_unsafeBytes: codes), scales: RawSpan(_unsafeBytes: scales),
      rows: range.count, number: UInt32(number * Self.partCapacity + range.lowerBound))
  }

  /// Copies the code of that number, and its scale, to the place `position` of codes side by side.
  func copyCode(
    _ number: UInt32, to position: Int, of codes: inout [UInt8], scale scales: inout [Float]
  ) {
    let (part, source) = place(number)
    let size = codec.codeSizeInBytes(width: width)
    precondition((position + 1) * size <= codes.count, "no place \(position)")
    unsafe codes.withUnsafeMutableBytes { codes in
      unsafe codes.baseAddress?.advanced(by: position * size)
        .copyMemory(from: part.codes + source * size, byteCount: size)
    }
    if codec.scaleSizeInBytes > 0 {
      scales[position] = unsafe part.scales.loadUnaligned(
        fromByteOffset: source * codec.scaleSizeInBytes, as: Float.self)
    }
  }

  /// Asks for the code of that number, which will be copied soon.
  func fetchAhead(_ number: UInt32) {
    let (part, position) = place(number)
    let size = codec.codeSizeInBytes(width: width)
    unsafe Kernels.fetchAhead(part.codes + position * size, byteCount: size)
  }

  /// The row of the code of that number.
  func row(_ number: UInt32) -> UInt32 {
    let (part, position) = place(number)
    return unsafe UInt32(
      littleEndian: part.rows.loadUnaligned(fromByteOffset: 4 * position, as: UInt32.self))
  }

  @inline(__always)
  private func place(_ number: UInt32) -> (Part, Int) {
    let position = Int(number) % Self.partCapacity
    let part = parts[Int(number) / Self.partCapacity]
    precondition(position < part.count, "code \(number)")
    return (part, position)
  }
}

extension Codec {
  fileprivate var kind: PackedCodes.Kind {
    switch self {
    case .int8: .int8
    case .float16: .float16
    case .float32: .float32
    }
  }
}
