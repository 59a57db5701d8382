internal import CZlib

/// Decompresses gzip members, one after the other.
@safe final class GzipDecompressor {
  // On the heap, since zlib keeps the address of the structure and compares it.
  private let stream: UnsafeMutablePointer<z_stream>
  private var memberCount = 0

  /// Whether the data may end here.
  private(set) var isBetweenMembers = true

  init() throws(DecompressionFailure) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let gzipOnly: Int32 = 16 + MAX_WBITS
    let result = unsafe inflateInit2_(
      stream, gzipOnly, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      throw DecompressionFailure(reason: "zlib refuses to start, code \(result)")
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  func step(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionFailure) -> DecompressionStep {
    if isBetweenMembers {
      guard let byte = unsafe input.first else { return DecompressionStep() }
      // Tapes and some tools pad with zeros after the last member; gzip(1) accepts that too.
      if byte == 0 && memberCount > 0 {
        return unsafe DecompressionStep(consumed: input.prefix { $0 == 0 }.count)
      }
      guard byte == 0x1F, unsafe inflateReset(stream) == Z_OK else {
        throw DecompressionFailure(reason: "other bytes follow the last gzip member")
      }
      isBetweenMembers = false
      memberCount += 1
    }
    return try unsafe inflateMore(from: input, to: output)
  }

  private func inflateMore(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionFailure) -> DecompressionStep {
    let inputCount = UInt32(clamping: input.count)
    let outputCount = UInt32(clamping: output.count)
    // zlib only reads through next_in; its type lacks the const.
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = inputCount
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = outputCount
    let result = unsafe inflate(stream, Z_NO_FLUSH)
    switch result {
    case Z_STREAM_END: isBetweenMembers = true
    case Z_OK, Z_BUF_ERROR: break  // Z_BUF_ERROR: no progress without more input
    default:
      let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      throw DecompressionFailure(reason: reason ?? "zlib code \(result)")
    }
    return unsafe DecompressionStep(
      consumed: Int(inputCount - stream.pointee.avail_in),
      produced: Int(outputCount - stream.pointee.avail_out))
  }
}
