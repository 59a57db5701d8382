internal import Glibc

/// The bytes of a file in order: plain, gzip or zstd, from a file or from a pipe.
///
/// A pipe or standard input ("-", "/dev/stdin") is spooled first, so everything can be read twice.
/// Exactly the bytes that the file had when it was opened are read; a file that has another size or
/// modification time at the end was changed meanwhile, and that is an error.
@safe package struct ByteSource: ~Copyable {
  /// The path as messages name it.
  package let path: String
  package let compression: Compression
  /// Size of the file, as it is packed.
  package let sizeInBytes: Int64
  /// Bytes of the file that were read since the start, as they are packed: for progress.
  package private(set) var position: Int64 = 0

  private let file: Descriptor
  private let stateAtOpen: FileState
  private var decompressor: Decompressor
  // Bytes of the file that the decompressor has not taken: `packed[packedStart..<packedEnd]`.
  private let packed: UnsafeMutableRawBufferPointer
  private var packedStart = 0
  private var packedEnd = 0

  /// Opens `path` and looks at its first bytes.
  ///
  /// Blocks on a named pipe until it has a writer, and spools it to its end.
  package init(path: String) throws(CorpusError) {
    // Everything that throws comes first: a half-made noncopyable value cannot be given up.
    let file = try Self.open(path: path)
    let state = try file.state()
    let compression = try Self.compression(of: file)
    let decompressor = try Self.decompressor(for: compression, path: path)
    // Not the path of `file`: of a pipe, that is the spool.
    self.path = path == "-" ? "/dev/stdin" : path
    self.compression = compression
    self.decompressor = decompressor
    stateAtOpen = state
    sizeInBytes = state.sizeInBytes
    unsafe packed = .allocate(byteCount: compression == .none ? 0 : 1 << 20, alignment: 64)
    self.file = file
  }

  deinit {
    unsafe packed.deallocate()
  }

  /// Goes back to the first byte.
  package mutating func rewind() throws(CorpusError) {
    position = 0
    packedStart = 0
    packedEnd = 0
    decompressor = try Self.decompressor(for: compression, path: path)
  }

  /// Fills up to `buffer.count` bytes and says how many; 0 means the end, reached in good order.
  @unsafe package mutating func read(
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(CorpusError) -> Int {
    let count =
      switch decompressor {
      case .none: try unsafe readFile(into: buffer)
      case .gzip, .zstd: try unsafe unpack(into: buffer)
      }
    if count == 0 { try checkUnchanged() }
    return count
  }
}

// MARK: - Reading

extension ByteSource {
  /// Reads no further than the size at open, so that a file that keeps growing still ends.
  private mutating func readFile(
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(CorpusError) -> Int {
    let wanted = min(Int64(buffer.count), sizeInBytes - position)
    guard wanted > 0 else { return 0 }
    let count = try unsafe file.read(
      into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)]), at: position)
    position += Int64(count)
    return count
  }

  private mutating func unpack(
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(CorpusError) -> Int {
    while true {
      if packedStart == packedEnd {
        packedStart = 0
        packedEnd = try unsafe readFile(into: packed)
      }
      let isAtEnd = packedStart == packedEnd
      if isAtEnd && decompressor.mayEnd { return 0 }
      let step: DecompressionStep
      do {
        step = try unsafe decompressor.step(
          from: UnsafeRawBufferPointer(rebasing: packed[packedStart..<packedEnd]), to: buffer)
      } catch {
        throw .damaged(path: path, compression: compression, reason: error.reason)
      }
      packedStart += step.consumed
      if step.produced > 0 { return step.produced }
      if isAtEnd && !decompressor.mayEnd {
        try checkUnchanged()  // A file that shrank is better told as such.
        throw .truncated(path: path, compression: compression)
      }
      if !isAtEnd && step.consumed == 0 {
        throw .damaged(path: path, compression: compression, reason: "it leads nowhere")
      }
    }
  }

  private func checkUnchanged() throws(CorpusError) {
    let state = try file.state()
    guard state == stateAtOpen, position == sizeInBytes else {
      throw .changedWhileRead(
        path: path, sizeAtOpen: stateAtOpen.sizeInBytes, sizeNow: state.sizeInBytes)
    }
  }
}

// MARK: - Opening

extension ByteSource {
  private static func open(path: String) throws(CorpusError) -> Descriptor {
    let isStandardInput = path == "-" || path == "/dev/stdin"
    let file =
      isStandardInput
      ? try Descriptor(duplicating: STDIN_FILENO, path: "/dev/stdin")
      : try Descriptor(path: path, flags: O_RDONLY)
    switch try file.state().kind {
    case .directory: throw .isDirectory(path: file.path)
    // Standard input may be a file of which a part was read already; the rest is what was meant.
    case .regular where lseek(file.number, 0, SEEK_CUR) == 0: return file
    case .regular, .other: return try spool(file)
    }
  }

  private static func compression(
    of file: borrowing Descriptor
  ) throws(CorpusError) -> Compression {
    let magic = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 4)
    defer { unsafe magic.deallocate() }
    let count = try unsafe file.read(into: magic, at: 0)
    return unsafe Compression(magic: Array(magic[..<count]))
  }

  private static func decompressor(
    for compression: Compression, path: String
  ) throws(CorpusError) -> Decompressor {
    do {
      switch compression {
      case .none: return .none
      case .gzip: return .gzip(try GzipDecompressor())
      case .zstd: return .zstd(try ZstdDecompressor())
      }
    } catch {
      throw .damaged(path: path, compression: compression, reason: error.reason)
    }
  }
}
