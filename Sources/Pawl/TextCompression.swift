internal import CZstd
internal import LMDB

/// A passage's text, compressed: which dictionary, and a zstd frame without its four magic bytes.
struct CompressedText {
  /// 0: zstd without dictionary. 1-254: that dictionary. 255: the text as it is.
  var dictionary: UInt8
  var bytes: [UInt8]

  static let asItIs: UInt8 = 255
  /// No text at all: of a passage whose vector was made elsewhere.
  static let none = CompressedText(dictionary: asItIs, bytes: [])

  /// The longest header of a zstd frame, its magic bytes left out (RFC 8878, section 3.1.1).
  private static let longestHeader = 14

  /// Bytes of the text, as the frame's header says it; nil where it does not.
  static func decompressedSize(_ bytes: Span<UInt8>, dictionary: UInt8) -> Int? {
    if dictionary == asItIs { return bytes.count }
    var start = TextCompressor.magic
    for index in 0..<min(bytes.count, longestHeader) { start.append(bytes[index]) }
    // Larger than any text: also what zstd returns for a frame without size, or no frame.
    let size = unsafe ZSTD_getFrameContentSize(start, start.count)
    return size <= UInt64(TextDecompressor.longestText) ? Int(size) : nil
  }
}

/// A zstd dictionary, digested for both directions.
@safe final class TextDictionary: @unchecked Sendable {
  // Sendable: zstd reads digested dictionaries and never changes them.
  let id: UInt8
  fileprivate let compressing: OpaquePointer
  fileprivate let decompressing: OpaquePointer

  /// Good ratio for short texts at 100 MB/s; higher levels gain 2 % and cost half the speed.
  static let level: Int32 = 6

  /// - Returns: nil where the bytes are no dictionary or there is no memory.
  init?(id: UInt8, content: [UInt8]) {
    guard
      let compressing = unsafe content.withUnsafeBytes({
        unsafe ZSTD_createCDict($0.baseAddress, $0.count, Self.level)
      })
    else { return nil }
    guard
      let decompressing = unsafe content.withUnsafeBytes({
        unsafe ZSTD_createDDict($0.baseAddress, $0.count)
      })
    else {
      unsafe ZSTD_freeCDict(compressing)
      return nil
    }
    self.id = id
    unsafe self.compressing = compressing
    unsafe self.decompressing = decompressing
  }

  deinit {
    unsafe ZSTD_freeCDict(compressing)
    unsafe ZSTD_freeDDict(decompressing)
  }

  /// Trains a dictionary on texts that lie one behind another.
  ///
  /// - Returns: nil where the texts are too few or too much alike to learn from.
  static func train(_ texts: [UInt8], sizes: [Int], sizeInBytes: Int) -> [UInt8]? {
    var dictionary = [UInt8](repeating: 0, count: sizeInBytes)
    let size = unsafe ZDICT_trainFromBuffer(
      &dictionary, dictionary.count, texts, sizes, UInt32(sizes.count))
    guard ZDICT_isError(size) == 0 else { return nil }
    dictionary.removeLast(dictionary.count - size)
    return dictionary
  }
}

/// One thread's state for compressing texts.
@safe struct TextCompressor: ~Copyable {
  private let context: OpaquePointer?
  private let dictionary: TextDictionary?
  private var buffer: [UInt8] = []

  /// The magic number that every zstd frame starts with; it is not stored.
  fileprivate static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  init(dictionary: TextDictionary?) {
    self.dictionary = dictionary
    unsafe context = ZSTD_createCCtx()
    // The dictionary's number is in the record, and LMDB's values have checksums of their own.
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, TextDictionary.level)
    if let dictionary { unsafe ZSTD_CCtx_refCDict(context, dictionary.compressing) }
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  mutating func compress(_ text: String) -> CompressedText { compress(text.utf8.span) }

  mutating func compress(_ text: Span<UInt8>) -> CompressedText {
    let bound = ZSTD_compressBound(text.count)
    if buffer.count < bound { buffer = [UInt8](repeating: 0, count: bound) }
    return unsafe text.withUnsafeBytes { text in
      let size = unsafe ZSTD_compress2(
        context, &buffer, buffer.count, text.baseAddress, text.count)
      guard ZSTD_isError(size) == 0, size - Self.magic.count < text.count else {
        return CompressedText(dictionary: CompressedText.asItIs, bytes: unsafe Array(text))
      }
      return CompressedText(
        dictionary: dictionary?.id ?? 0, bytes: Array(buffer[Self.magic.count..<size]))
    }
  }
}

/// One thread's state for reading texts.
@safe struct TextDecompressor: ~Copyable {
  private let context: OpaquePointer?
  private var frame: [UInt8] = []

  /// Nothing longer than a line of a collection is ever stored.
  static let longestText = 16 << 20

  init() { unsafe context = ZSTD_createDCtx() }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// The text, or nil where the bytes are no frame, or name a dictionary that is not at hand.
  mutating func decompress(
    _ bytes: Span<UInt8>, dictionary id: UInt8, from dictionaries: [UInt8: TextDictionary]
  ) -> [UInt8]? {
    frame.removeAll(keepingCapacity: true)
    if id == CompressedText.asItIs {
      unsafe bytes.withUnsafeBufferPointer { unsafe frame.append(contentsOf: $0) }
      return frame
    }
    let dictionary = dictionaries[id]
    guard id == 0 || dictionary != nil else { return nil }
    frame.append(contentsOf: TextCompressor.magic)
    unsafe bytes.withUnsafeBufferPointer { unsafe frame.append(contentsOf: $0) }
    let size = unsafe ZSTD_getFrameContentSize(frame, frame.count)
    // Larger than any text: also what zstd returns for a frame without size, or no frame.
    guard size <= UInt64(Self.longestText) else { return nil }
    var text = [UInt8](repeating: 0, count: Int(size))
    let written =
      if let dictionary {
        unsafe ZSTD_decompress_usingDDict(
          context, &text, text.count, frame, frame.count, dictionary.decompressing)
      } else {
        unsafe ZSTD_decompressDCtx(context, &text, text.count, frame, frame.count)
      }
    return ZSTD_isError(written) == 0 && written == text.count ? text : nil
  }
}
