/// How the bytes of a file are packed: told by its first four bytes, never by its name.
package enum Compression: String, Sendable {
  case none = "plain"
  case gzip, zstd

  /// Sources: RFC 1952, section 2.3.1; RFC 8878, sections 3.1.1 and 3.1.2 (a file of several
  /// frames may begin with a skippable one).
  init(magic: [UInt8]) {
    switch magic {
    case _ where magic.starts(with: [0x1F, 0x8B, 0x08]): self = .gzip
    case [0x28, 0xB5, 0x2F, 0xFD]: self = .zstd
    case _ where magic.count == 4 && magic[0] & 0xF0 == 0x50 && magic[1...] == [0x2A, 0x4D, 0x18]:
      self = .zstd
    default: self = .none
    }
  }
}

/// What one step of a decompressor did.
struct DecompressionStep {
  var consumed = 0
  var produced = 0
}

/// Compressed data that makes no sense; `reason` is the library's or ours.
struct DecompressionFailure: Error {
  let reason: String
}

/// The decompressor of a file, or none.
enum Decompressor {
  case none
  case gzip(GzipDecompressor)
  case zstd(ZstdDecompressor)

  /// Whether the data may end here: between two members or frames.
  var mayEnd: Bool {
    switch self {
    case .none: true
    case .gzip(let gzip): gzip.isBetweenMembers
    case .zstd(let zstd): zstd.isBetweenFrames
    }
  }

  /// Takes some bytes and gives some; with no input left it gives what it still holds.
  func step(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionFailure) -> DecompressionStep {
    switch self {
    case .none: DecompressionStep()
    case .gzip(let gzip): try unsafe gzip.step(from: input, to: output)
    case .zstd(let zstd): try unsafe zstd.step(from: input, to: output)
    }
  }
}
