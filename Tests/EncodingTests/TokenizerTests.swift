import Testing

@testable import Encoding

/// Cutting words, on a vocabulary small enough to check by hand.
@Suite struct TokenizerTests {
  // [PAD] 0 [UNK] 1 [CLS] 2 [SEP] 3 [MASK] 4 a 5 ##a 6 ab 7 ##b 8 abc 9 ##cd 10 . 11 é 12 字 13
  private let tokenizer: Tokenizer

  init() throws {
    tokenizer = try TokenizerFixture.tokenizer(TokenizerFixture.json())
  }

  @Test(
    "a word is the longest token that begins it, then the longest that go on, or unknown",
    arguments: [
      ("", [2, 3]), ("a", [2, 5, 3]), ("ABC", [2, 9, 3]), ("aba", [2, 7, 6, 3]),
      // "abc" begins it, and then there is no "##d", though "ab ##cd" would do.
      ("abcd", [2, 1, 3]), ("aab", [2, 5, 6, 8, 3]), ("ba", [2, 1, 3]),
      ("a.b", [2, 5, 11, 1, 3]), ("a..", [2, 5, 11, 11, 3]), ("!", [2, 1, 3]),
      ("á", [2, 5, 3]), ("a字a", [2, 5, 13, 5, 3]),
    ] as [(String, [Int32])])
  func longestMatch(text: String, ids: [Int32]) {
    #expect(tokenizer.ids(text) == ids)
  }

  @Test("an id leads back to its token as the vocabulary writes it")
  func tokenText() {
    let tokens = tokenizer.ids("abcab.é").map { tokenizer.token(of: $0) }
    #expect(tokens == ["[CLS]", "abc", "##a", "##b", ".", "[UNK]", "[SEP]"])
    for id in 0..<Int32(tokenizer.tokenCount) {
      #expect(tokenizer.token(of: id).flatMap { tokenizer.id(of: $0) } == id)
    }
    #expect(tokenizer.token(of: -1) == nil)
    #expect(tokenizer.token(of: Int32(tokenizer.tokenCount)) == nil)
  }

  @Test("a word of more scalars than the limit is one unknown token, whatever its length")
  func longWords() {
    #expect(tokenizer.ids("aaaaa") == [2, 5, 6, 6, 6, 6, 3])
    #expect(tokenizer.ids("aaaaaa") == [2, 1, 3])
    #expect(tokenizer.ids("a\u{301}a\u{301}a\u{301}aaa a") == [2, 1, 5, 3])
    let long = String(repeating: "a\u{302e}\u{1D165}字".replacing("字", with: "ö"), count: 500_000)
    #expect(tokenizer.ids(long + " a") == [2, 1, 5, 3])
  }

  @Test("an added token counts as it is written, wherever it stands")
  func addedTokens() {
    #expect(tokenizer.ids("a[MASK]a [mask]") == [2, 5, 4, 5, 1, 1, 1, 3])
    #expect(tokenizer.ids("[[MASK]") == [2, 1, 4, 3])
    #expect(tokenizer.ids("[MAS") == [2, 1, 1, 3])
    #expect(tokenizer.ids("aaaaaaaa[MASK]") == [2, 1, 4, 3])
  }

  @Test(
    "of several added tokens at one place the longest counts, also where they begin with letters")
  func longestAddedToken() throws {
    let tokenizer = try TokenizerFixture.tokenizer(
      TokenizerFixture.json(
        added: """
          [{"id":9,"content":"abc","single_word":false,"normalized":false},
          {"id":7,"content":"ab","single_word":false,"normalized":false},
          {"id":14,"content":"éa","single_word":false,"normalized":false}]
          """))
    #expect(tokenizer.tokenCount == 15)
    #expect(tokenizer.ids("aabcab") == [2, 5, 9, 7, 3])
    #expect(tokenizer.ids("ABC aéaé") == [2, 9, 5, 14, 1, 3])
  }

  @Test("bytes that are no UTF-8 count as U+FFFD, which cleaning removes")
  func illFormed() throws {
    var scratch = TokenizerScratch()
    var ids: [Int32] = []
    let text: [UInt8] = [0x61, 0xFF, 0x62, 0xC3, 0x20, 0xED, 0xA0, 0x80, 0x61, 0xF0, 0x9F]
    tokenizer.encode(text.span, maximumLength: 9, into: &ids, scratch: &scratch)
    #expect(ids == [2, 7, 5, 3])
  }

  @Test("ids are appended to those at hand, and the scratch serves other tokenizers too")
  func reuse() throws {
    let other = try TokenizerFixture.tokenizer(
      TokenizerFixture.json(
        model: #""type":"WordPiece","unk_token":"[PAD]","continuing_subword_prefix":"","#
          + #""max_input_chars_per_word":2"#))
    var scratch = TokenizerScratch()
    var ids: [Int32] = [77]
    tokenizer.encode("aaaaa", maximumLength: 4, into: &ids, scratch: &scratch)
    other.encode("aa aaa.", maximumLength: 9, into: &ids, scratch: &scratch)
    #expect(ids == [77, 2, 5, 6, 3, 2, 5, 5, 0, 11, 3])
  }

  @Test("of a text of megabytes no more is read than fills the length")
  func longTexts() {
    let text = String(repeating: "ab ", count: 10_000_000)
    #expect(tokenizer.ids(text, maximumLength: 4) == [2, 7, 7, 3])
    let clock = ContinuousClock()
    let times = (0..<9).map { _ in
      clock.measure { #expect(tokenizer.ids(text, maximumLength: 256).count == 256) }
    }
    // 256 tokens take 10 µs, the whole text 100 ms; the best of nine, since others use the machine.
    #expect(times.min() ?? .zero < .milliseconds(20))
  }

  @Test("a vocab.txt gives the same ids, with the settings of its tokenizer_config.json")
  func vocabularyText() throws {
    let vocabulary = "[PAD]\n[UNK]\r\n[CLS]\n[SEP]\n[MASK]\na\n##a\nab\nAb\né\n"
    func make(_ configuration: String?) throws -> Tokenizer {
      try Tokenizer(
        vocabulary: Array(vocabulary.utf8), file: "vocab.txt",
        configuration: configuration.map { Array($0.utf8) },
        configurationFile: "tokenizer_config.json")
    }
    #expect(try make(nil).ids("Aba é[MASK]") == [2, 7, 6, 1, 4, 3])
    #expect(try make("{}").ids("Aba é") == [2, 7, 6, 1, 3])
    #expect(try make(#"{"do_lower_case":false}"#).ids("Aba é") == [2, 8, 6, 9, 3])
    #expect(try make(#"{"strip_accents":false}"#).ids("Aba É") == [2, 7, 6, 9, 3])
    let unknown = #"{"unk_token":{"content":"[PAD]"}}"#
    #expect(try make(unknown).ids("x") == [2, 0, 3])
  }

  @Test(
    "the base model's vocab.txt and tokenizer.json are one tokenizer",
    .enabled(if: TokenizerFixture.hasBaseModel))
  func bothFiles() throws {
    let folder = TokenizerFixture.baseModel
    let json = try Tokenizer(directory: folder)
    let text = try Tokenizer(
      vocabulary: TokenizerFile.read(folder + "/vocab.txt") ?? [], file: "vocab.txt",
      configuration: TokenizerFile.read(folder + "/tokenizer_config.json"),
      configurationFile: "tokenizer_config.json")
    #expect(json.settings == text.settings)
    #expect(json.tokenCount == 30522 && text.tokenCount == 30522)
    for line in try TokenizerFixture.goldenLines("torture.txt") {
      #expect(json.ids(line) == text.ids(line))
    }
  }
}
