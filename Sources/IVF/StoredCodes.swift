package import LMDB
internal import LinearAlgebra

/// Where all codes of an index lie in the map, so that several threads can read them.
///
/// Codes are numbered: 1,024 × part + position, a part being a block or 1,024 codes of a longer one.
@safe package struct StoredCodes: @unchecked Sendable {
  // Sendable: constant addresses of bytes that never change while the snapshot lives. Whoever makes
  // this value keeps the snapshot alive as long as it is used, and nobody else gets it.

  /// Up to 1,024 codes that lie behind each other.
  @safe private struct Part {
    let count: Int
    let codes: UnsafeRawPointer
    let scales: UnsafeRawPointer
    let rows: UnsafeRawPointer
  }

  package static let partCapacity = 1024

  package let codec: Codec
  /// D.
  package let width: Int
  /// Codes in all.
  package private(set) var count = 0
  private var parts: [Part] = []

  /// Looks at all blocks of an index.
  ///
  /// - Throws: `LMDBError.damaged`, or `CodeBlockError` for a block that is not what it should be.
  package init(_ blocks: IndexBlocks, in snapshot: borrowing Snapshot) throws {
    codec = blocks.codec
    width = blocks.width
    try blocks.forEach(in: snapshot) { append($0, $1) }
  }

  /// Whether numbers of 32 bits suffice.
  var isNumbered: Bool { parts.count <= 1 << 22 }

  private mutating func append(_ block: borrowing CodeBlock, _ range: Range<Int>) {
    let (codes, scales, rows) = (block.codes, block.scales, block.rows)
    var start = range.lowerBound
    while start < range.upperBound {
      let size = min(Self.partCapacity, range.upperBound - start)
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
    count += range.count
  }
}

// Reading.
extension StoredCodes {
  package var partCount: Int { parts.count }

  package func count(ofPart number: Int) -> Int { parts[number].count }

  /// The numbers of all codes of some parts.
  package func numbers(ofParts range: Range<Int>) -> [UInt32] {
    range.flatMap { part in
      (0..<parts[part].count).map { UInt32(part * Self.partCapacity + $0) }
    }
  }

  /// The numbers of `size` codes, every one as likely as any other, none twice, in ascending order.
  package func sample(_ size: Int, seed: UInt64) -> [UInt32] {
    precondition(size <= count, "\(size) of \(count) codes")
    var random = SplitMix64(seed: seed)
    var (left, wanted) = (count, size)
    var numbers: [UInt32] = []
    numbers.reserveCapacity(size)
    // Source: Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S.
    for part in 0..<partCount {
      for position in 0..<parts[part].count {
        if Int.random(in: 0..<left, using: &random) < wanted {
          numbers.append(UInt32(part * Self.partCapacity + position))
          wanted -= 1
        }
        left -= 1
      }
    }
    return numbers
  }

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

  /// x ← the embedding that the code of that number stands for, D floats.
  package func decode(_ number: UInt32, into x: inout MutableSpan<Float>) {
    let (part, position) = place(number)
    let size = codec.codeSizeInBytes(width: width)
    let code = unsafe UnsafeRawBufferPointer(start: part.codes + position * size, count: size)
    unsafe codec.decode(
      RawSpan(_unsafeBytes: code), scale: scale(of: part, position), into: &x)
  }

  /// What the codes of those numbers stand for.
  package func vectors(_ numbers: [UInt32]) -> SampleVectors {
    let (stored, width) = (self, width)
    return SampleVectors(count: numbers.count, width: width) { range, out in
      for (position, place) in range.enumerated() {
        var row = out.part(position * width..<(position + 1) * width)
        stored.decode(numbers[place], into: &row)
      }
    }
  }

  /// Adds the code of that number to a block that is being built, under its row.
  package func append(_ number: UInt32, to builder: inout CodeBlockBuilder) {
    let (part, position) = place(number)
    let size = codec.codeSizeInBytes(width: width)
    let code = unsafe UnsafeRawBufferPointer(start: part.codes + position * size, count: size)
    unsafe builder.append(
      row: row(number), code: RawSpan(_unsafeBytes: code), scale: scale(of: part, position))
  }

  private func scale(of part: Part, _ position: Int) -> Float {
    if codec.scaleSizeInBytes == 0 { return 1 }
    return unsafe part.scales.loadUnaligned(fromByteOffset: 4 * position, as: Float.self)
  }

  /// Asks for the code of that number, which will be copied soon.
  func fetchAhead(_ number: UInt32) {
    let (part, position) = place(number)
    let size = codec.codeSizeInBytes(width: width)
    unsafe Kernels.fetchAhead(part.codes + position * size, byteCount: size)
  }

  /// The row of the code of that number.
  package func row(_ number: UInt32) -> UInt32 {
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
    case .int8, .binary: .int8
    case .float16: .float16
    case .float32: .float32
    }
  }
}
