internal import Glibc

/// The lines of a text file, one at a time, as bytes.
///
/// A line ends with byte 0x0A and nothing else; one CR before it is dropped; U+FEFF is dropped only
/// as the first character of the file; the last line needs no end. Lines count from 1.
/// Memory: a buffer of 1 MiB that grows to about the longest line, never beyond 17 MiB.
@safe package struct LineReader: ~Copyable {
  /// Longer lines are refused: 80 times the longest passage known, and a bound on memory.
  package static let maximumLineInBytes = 16 << 20

  package enum Step: Equatable {
    case line
    /// A line over the maximum. It cannot be read; the next step skips what is left of it.
    case tooLong
    case end
  }

  package let kind: FileKind
  /// Number of the current line.
  package private(set) var number = 0

  private var source: ByteSource
  private var buffer: UnsafeMutableRawBufferPointer
  // Bytes read and not yet handed out: `buffer[next..<filled]`. The line lies before `next`.
  private var filled = 0
  private var next = 0
  private var lineRange = 0..<0
  private var hasLineFeed = false
  private var isSkipping = false

  private static let chunkInBytes = 1 << 20

  /// Opens `path`; `kind` gives messages their words.
  package init(path: String, kind: FileKind) throws(CorpusError) {
    source = try ByteSource(path: path)
    self.kind = kind
    unsafe buffer = .allocate(byteCount: Self.chunkInBytes, alignment: 64)
  }

  deinit {
    unsafe buffer.deallocate()
  }

  package var path: String { source.path }
  /// Size of the file, as it is packed.
  package var sizeInBytes: Int64 { source.sizeInBytes }
  /// Bytes of the file that were read since the start, as they are packed: for progress.
  package var position: Int64 { source.position }

  /// The current line, without its end. Sound until the next call of a mutating method.
  @unsafe var line: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: buffer[lineRange])
  }

  /// Goes back to the first line.
  package mutating func rewind() throws(CorpusError) {
    try source.rewind()
    number = 0
    filled = 0
    next = 0
    lineRange = 0..<0
    hasLineFeed = false
    isSkipping = false
  }

  /// The error for a fault of the current line.
  package func error(_ fault: LineFault) -> CorpusError {
    .line(path: path, line: number, kind: kind, fault: fault)
  }

  /// Goes to the next line.
  package mutating func advance() throws(CorpusError) -> Step {
    if number == 0 { try readStart() }
    if isSkipping { try skipRestOfLine() }
    var scanned = next
    while true {
      if let lineFeed = lineFeed(from: scanned) {
        return take(upTo: lineFeed)
      }
      if filled - next > Self.maximumLineInBytes { return try takeOverlong() }
      scanned = filled - next
      let hasMore = try fill()
      scanned += next
      if !hasMore { return try takeLast() }
    }
  }
}

// MARK: - Ends of lines

extension LineReader {
  private func lineFeed(from start: Int) -> Int? {
    // Sound: start ≤ filled ≤ the buffer's count, and the answer lies in between.
    guard start < filled, let base = unsafe buffer.baseAddress,
      let found = unsafe memchr(base + start, 0x0A, filled - start)
    else { return nil }
    return unsafe UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
  }

  private mutating func take(upTo lineFeed: Int) -> Step {
    number += 1
    hasLineFeed = true
    var end = lineFeed
    if end > next, unsafe buffer[end - 1] == 0x0D { end -= 1 }
    let isTooLong = lineFeed - next > Self.maximumLineInBytes
    lineRange = isTooLong ? 0..<0 : next..<end
    next = lineFeed + 1
    return isTooLong ? .tooLong : .line
  }

  private mutating func takeOverlong() throws(CorpusError) -> Step {
    number += 1
    lineRange = next..<filled
    try refuseOldMacLineEnds()
    lineRange = 0..<0
    next = filled
    isSkipping = true
    return .tooLong
  }

  private mutating func takeLast() throws(CorpusError) -> Step {
    lineRange = next..<filled
    guard next < filled else { return .end }
    number += 1
    next = filled
    try refuseOldMacLineEnds()
    return .line
  }

  /// A file with carriage returns alone would be read as one line, with all texts in one.
  private func refuseOldMacLineEnds() throws(CorpusError) {
    if !hasLineFeed, firstIndex(of: 0x0D) != nil { throw .oldMacLineEnds(path: path) }
  }
}

// MARK: - The buffer

extension LineReader {
  /// Looks at the first bytes of the file: drops U+FEFF and refuses UTF-16.
  private mutating func readStart() throws(CorpusError) {
    while filled - next < 3, try fill() {}
    let start = unsafe Array(buffer[next..<min(next + 3, filled)])
    if start == [0xEF, 0xBB, 0xBF] { next += 3 }
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
      throw .utf16(path: path)
    }
  }

  private mutating func skipRestOfLine() throws(CorpusError) {
    isSkipping = false
    repeat {
      if let lineFeed = lineFeed(from: next) {
        next = lineFeed + 1
        hasLineFeed = true
        return
      }
      next = filled
    } while try fill()
  }

  /// Reads more bytes behind those that are left, which move to the front; false at the end.
  private mutating func fill() throws(CorpusError) -> Bool {
    let left = filled - next
    if unsafe left == buffer.count {
      // Twice the size each time: every byte of a long line moves about once.
      let capacity = unsafe min(buffer.count * 2, Self.maximumLineInBytes + Self.chunkInBytes)
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
      unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[next..<filled]))
      unsafe buffer.deallocate()
      unsafe buffer = larger
    } else if next > 0, let base = unsafe buffer.baseAddress {
      unsafe memmove(base, base + next, left)
    }
    next = 0
    filled = left
    let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[left...])
    let count = try unsafe source.read(into: free)
    filled += count
    return count > 0
  }
}
