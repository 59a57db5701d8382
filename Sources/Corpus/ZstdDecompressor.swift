internal import CZstd

/// Decompresses Zstandard frames, one after the other; skippable frames are skipped.
///
/// Memory stays below libzstd's own limit of a 128 MiB window: frames made with a longer one
/// (`zstd --ultra --long=28` and up) are refused.
@safe final class ZstdDecompressor {
  private let stream: OpaquePointer

  /// Whether the data may end here.
  private(set) var isBetweenFrames = true

  init() throws(DecompressionFailure) {
    guard let stream = unsafe ZSTD_createDStream() else {
      throw DecompressionFailure(reason: "no memory for the decompressor")
    }
    unsafe self.stream = stream
  }

  deinit {
    unsafe ZSTD_freeDStream(stream)
  }

  func step(
    from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) throws(DecompressionFailure) -> DecompressionStep {
    var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let result = unsafe ZSTD_decompressStream(stream, &target, &source)
    guard ZSTD_isError(result) == 0 else {
      throw DecompressionFailure(reason: unsafe String(cString: ZSTD_getErrorName(result)))
    }
    isBetweenFrames = result == 0
    return unsafe DecompressionStep(consumed: source.pos, produced: target.pos)
  }
}
