#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Glibc)
  internal import Glibc
#endif

/// Reads the small files of a model whole.
enum TokenizerFile {
  /// Several times the largest tokenizer known (250,000 tokens: 17 MB).
  static let limitInBytes = 64 << 20

  /// The bytes of a regular file; nil where there is none of that name.
  ///
  /// - Throws: where it cannot be read or is larger than `limitInBytes`.
  static func read(_ path: String) throws(TokenizerError) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .unreadable(file: path, reason: reason(errno))
    }
    defer { close(descriptor) }

    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .unreadable(file: path, reason: reason(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(file: path, reason: "not a regular file")
    }
    guard status.st_size <= limitInBytes else {
      throw .tooLarge(file: path, limitInBytes: limitInBytes)
    }

    let size = Int(status.st_size)
    // Sound: the closure writes only inside the buffer and tells how much.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, let start = buffer.baseAddress {
        let step = unsafe Self.read(descriptor, start + count, size - count)
        guard step > 0 else { return }
        count += step
      }
    }
    guard bytes.count == size else {
      throw .unreadable(file: path, reason: "ended after \(bytes.count) of \(size) bytes")
    }
    return bytes
  }

  /// `read(2)`, gone on with after a signal.
  private static func read(
    _ descriptor: Int32, _ start: UnsafeMutablePointer<UInt8>, _ count: Int
  ) -> Int {
    while true {
      #if canImport(Darwin)
        let step = unsafe Darwin.read(descriptor, start, count)
      #else
        let step = unsafe Glibc.read(descriptor, start, count)
      #endif
      if step >= 0 || errno != EINTR { return step }
    }
  }

  private static func reason(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
  }
}
