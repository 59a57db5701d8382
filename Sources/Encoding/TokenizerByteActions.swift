/// What to do with each byte of a text: the tokenizer's settings for ASCII, as a table.
struct ByteActions: Sendable {
  enum Kind: UInt16 {
    case word, space, punctuation, dropped
    /// Part of a scalar beyond ASCII.
    case scalar
  }

  /// The byte to write in bits 0-7, `Kind` in 8-10, in bit 15 whether an added token may begin.
  struct Action {
    fileprivate(set) var rawValue: UInt16

    @inline(__always) var isWordByte: Bool { rawValue < 0x100 }
    @inline(__always) var byte: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
    @inline(__always) var mayBeginAddedToken: Bool { rawValue & 0x8000 != 0 }
    @inline(__always) var kind: Kind { Kind(rawValue: rawValue >> 8 & 7) ?? .dropped }
  }

  private var actions: InlineArray<256, UInt16>
  /// Ids of the words that one ASCII punctuation character makes.
  private var punctuationIDs: InlineArray<128, Int32>

  init(settings: TokenizerSettings, vocabulary: WordPieceVocabulary, addedTokens: AddedTokens) {
    actions = InlineArray(repeating: Kind.scalar.rawValue << 8)
    punctuationIDs = InlineArray(repeating: vocabulary.unknownID)
    for byte: UInt8 in 0..<0x80 {
      let kind = Self.kind(of: byte, settings: settings)
      let isLowered = settings.lowercases && byte >= 0x41 && byte <= 0x5A
      actions[Int(byte)] = kind.rawValue << 8 | UInt16(isLowered ? byte | 0x20 : byte)
      if kind == .punctuation,
        let id = vocabulary.id(of: String(Character(Unicode.Scalar(byte))))
      {
        punctuationIDs[Int(byte)] = id
      }
    }
    for byte in addedTokens.firstBytes { actions[Int(byte)] |= 0x8000 }
  }

  private static func kind(of byte: UInt8, settings: TokenizerSettings) -> Kind {
    switch byte {
    case 0x20, 0x09, 0x0A, 0x0D: .space
    // White space to the pre-tokenizer, but controls to the cleaner, which comes first.
    case 0x0B, 0x0C: settings.cleansText ? .dropped : .space
    case 0..<0x20, 0x7F: settings.cleansText ? .dropped : .word
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: .word
    default: .punctuation
    }
  }

  @inline(__always)
  subscript(byte: UInt8) -> Action { Action(rawValue: actions[Int(byte)]) }

  @inline(__always)
  func punctuationID(_ byte: UInt8) -> Int32 { punctuationIDs[Int(byte & 0x7F)] }
}
