import FoundationEssentials

@testable import Encoding

/// Where goldens and models lie, and tokenizers that need no model.
enum TokenizerFixture {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let baseModel = root.appending(path: "models/all-MiniLM-L6-v2").path
  static let hasBaseModel = FileManager.default.fileExists(
    atPath: baseModel + "/tokenizer.json")

  /// A folder of real collections, from PAWL_TEST_DATA.
  static let data = ProcessInfo.processInfo.environment["PAWL_TEST_DATA"]

  static func golden(_ name: String) throws -> [UInt8] {
    let path = root.appending(path: "Tests/EncodingTests/Goldens/tokenizer/\(name)")
    return [UInt8](try Data(contentsOf: path))
  }

  static func goldenLines(_ name: String) throws -> [String] {
    lines(of: try golden(name)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// What lies between line feeds; the last one ends the last line.
  static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The vocabulary of tools/goldens/tokenizer that makes every normalised scalar visible.
  static func scalarVocabulary() throws -> WordPieceVocabulary {
    var list = WordPieceList(file: "all scalars")
    for name in specials { list.append(name, id: Int32(list.ids.count)) }
    for scalar: UInt32 in 0..<0x110000 where scalar & 0x1F_F800 != 0xD800 {
      UTF8Bytes.write(scalar) { list.bytes.append($0) }
      list.endToken(id: Int32(list.ids.count))
      list.bytes.append(contentsOf: [0x23, 0x23])
      UTF8Bytes.write(scalar) { list.bytes.append($0) }
      list.endToken(id: Int32(list.ids.count))
    }
    return try WordPieceVocabulary(list, settings: TokenizerSettings())
  }

  static let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

  /// The settings of tools/goldens/tokenizer, in its order.
  static let allSettings: [TokenizerSettings] = [
    settings(true, true, true, true), settings(true, true, false, false),
    settings(false, false, true, false), settings(false, true, false, true),
    settings(true, false, false, true),
  ]

  private static func settings(
    _ cleans: Bool, _ separates: Bool, _ strips: Bool, _ lowercases: Bool
  ) -> TokenizerSettings {
    var settings = TokenizerSettings()
    settings.cleansText = cleans
    settings.separatesIdeographs = separates
    settings.stripsAccents = strips
    settings.lowercases = lowercases
    return settings
  }

  static func scalarTokenizer(
    _ vocabulary: WordPieceVocabulary, _ settings: TokenizerSettings
  ) -> Tokenizer {
    let added = specials.enumerated().map {
      AddedTokens.Token(bytes: Array($0.element.utf8), id: Int32($0.offset))
    }
    return Tokenizer(
      settings: settings, vocabulary: vocabulary, addedTokens: AddedTokens(added),
      tokenCount: vocabulary.tokenCount, leadingIDs: [2], trailingIDs: [3])
  }

  /// A tokenizer.json of a few tokens, with places for what a test wants to break.
  static func json(
    tokens: [String] = specials + ["a", "##a", "ab", "##b", "abc", "##cd", ".", "é", "字"],
    normalizer: String =
      #"{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"#
      + #""strip_accents":null,"lowercase":true}"#,
    model: String = ###""type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","###
      + #""max_input_chars_per_word":5"#,
    added: String = #"[{"id":4,"content":"[MASK]","single_word":false,"normalized":false}]"#,
    preTokenizer: String = #"{"type":"BertPreTokenizer"}"#,
    postProcessor: String =
      #"{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]}"#
  ) -> String {
    let vocabulary = tokens.enumerated().map { "\"\($0.element)\":\($0.offset)" }
    return """
      {"version":"1.0","truncation":{"max_length":1},"padding":null,"added_tokens":\(added),
      "normalizer":\(normalizer),"pre_tokenizer":\(preTokenizer),
      "post_processor":\(postProcessor),"decoder":null,
      "model":{\(model),"vocab":{\(vocabulary.joined(separator: ","))}}}
      """
  }

  static func tokenizer(_ json: String) throws(TokenizerError) -> Tokenizer {
    try Tokenizer(try TokenizerJSON(Array(json.utf8), file: "tokenizer.json"))
  }
}

extension Tokenizer {
  func ids(_ text: String, maximumLength: Int = 1 << 40) -> [Int32] {
    var scratch = TokenizerScratch()
    var ids: [Int32] = []
    encode(text, maximumLength: maximumLength, into: &ids, scratch: &scratch)
    return ids
  }
}

/// FNV-1a over ids as four bytes each, little-endian, and FF FF FF FF after each text.
struct IDDigest<Word: FixedWidthInteger & UnsignedInteger> {
  private(set) var value: Word
  private let prime: Word

  mutating func add(_ ids: [Int32]) {
    for id in ids { add(UInt32(bitPattern: id)) }
    add(.max)
  }

  private mutating func add(_ number: UInt32) {
    for shift: UInt32 in [0, 8, 16, 24] {
      value = (value ^ Word(truncatingIfNeeded: number >> shift & 0xFF)) &* prime
    }
  }

  var hex: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: Word.bitWidth / 4 - digits.count) + digits
  }
}

extension IDDigest<UInt32> {
  init() { self.init(value: 0x811C_9DC5, prime: 0x0100_0193) }
}

extension IDDigest<UInt64> {
  init() { self.init(value: 0xCBF2_9CE4_8422_2325, prime: 0x100_0000_01B3) }
}
