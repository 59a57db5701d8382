internal import Glibc

/// A whole file as read-only memory, mapped until the last holder lets go of it.
@safe package final class MappedFile: @unchecked Sendable {
  // Sendable: the pages are mapped read-only and never unmapped before deinit.
  private let base: UnsafeRawBufferPointer
  package let path: String

  /// Maps the file at `path`.
  ///
  /// - Throws: `EncodingError.unreadable`.
  package init(path: String) throws(EncodingError) {
    // Opening a pipe would wait for somebody to write into it.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(path: path, reason: Self.lastError()) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .unreadable(path: path, reason: Self.lastError())
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "not a regular file")
    }
    self.path = path
    let size = Int(status.st_size)
    guard size > 0 else {
      unsafe base = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .unreadable(path: path, reason: Self.lastError())
    }
    unsafe base = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    if let address = unsafe base.baseAddress {
      unsafe munmap(UnsafeMutableRawPointer(mutating: address), base.count)
    }
  }

  package var count: Int { unsafe base.count }

  package var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      // Sound: the mapping lives as long as self, which the span borrows.
      let span = unsafe RawSpan(_unsafeBytes: base)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Those bytes, copied.
  func copy(_ range: Range<Int>) -> [UInt8] {
    let part = bytes.extracting(range)
    return unsafe part.withUnsafeBytes { unsafe Array($0) }
  }

  /// Whether something is there: true also where that cannot be told, so that reading it says why.
  package static func exists(_ path: String) -> Bool {
    unsafe access(path, F_OK) == 0 || errno != ENOENT && errno != ENOTDIR
  }

  private static func lastError() -> String { unsafe String(cString: strerror(errno)) }
}

extension RawSpan {
  func littleEndianUInt16(at offset: Int) -> UInt16 {
    precondition(offset >= 0 && offset + 2 <= byteCount, "2 bytes at \(offset) of \(byteCount)")
    return UInt16(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  func littleEndianUInt64(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset + 8 <= byteCount, "8 bytes at \(offset) of \(byteCount)")
    return UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
