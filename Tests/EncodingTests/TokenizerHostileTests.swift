import FoundationEssentials
import Testing

@testable import Encoding

/// Files that no tokenizer should be made of: refused with the file, the reason and a remedy.
@Suite struct TokenizerHostileTests {
  /// The message for a tokenizer.json, or "accepted".
  private func refusal(_ json: String) -> String {
    do throws(TokenizerError) {
      _ = try TokenizerFixture.tokenizer(json)
      return "accepted"
    } catch {
      return error.description
    }
  }

  private typealias Fixture = TokenizerFixture

  private let again = " Get the model's files again."
  private let save = " Save the tokenizer again with `tokenizers`."
  private let other = " Use a model with a BERT WordPiece tokenizer."

  @Test("the fixture itself is accepted")
  func accepted() {
    #expect(refusal(Fixture.json()) == "accepted")
  }

  @Test("an unknown normalizer, pre-tokenizer, model or post-processor is refused by its name")
  func unknownKinds() {
    #expect(
      refusal(Fixture.json(normalizer: #"{"type":"NFKC"}"#))
        == "tokenizer.json: \"normalizer.type\" is \"NFKC\""
        + ", Pawl knows only \"BertNormalizer\"." + other)
    #expect(
      refusal(Fixture.json(normalizer: "null"))
        == "tokenizer.json: \"normalizer.type\" is absent"
        + ", Pawl knows only \"BertNormalizer\"." + other)
    #expect(
      refusal(Fixture.json(preTokenizer: #"{"type":"ByteLevel"}"#))
        == "tokenizer.json: \"pre_tokenizer.type\" is \"ByteLevel\""
        + ", Pawl knows only \"BertPreTokenizer\"." + other)
    #expect(
      refusal(Fixture.json(model: #""type":"BPE""#))
        == "tokenizer.json: \"model.type\" is \"BPE\""
        + ", Pawl knows only \"WordPiece\"." + other)
    #expect(
      refusal(Fixture.json(postProcessor: #"{"type":"ByteLevel"}"#))
        .hasPrefix("tokenizer.json: \"post_processor.type\" is \"ByteLevel\", Pawl knows only"))
    #expect(
      refusal(Fixture.json().replacing("\"1.0\"", with: "\"2.0\""))
        == "tokenizer.json: \"version\" is \"2.0\""
        + ", Pawl knows only \"1.0\"." + other)
  }

  @Test("settings that would change ids unseen are refused")
  func unknownSettings() {
    let normalizer =
      #"{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"#
      + #""strip_accents":null,"lowercase":true"#
    #expect(
      refusal(Fixture.json(normalizer: normalizer + #","folds_width":true}"#))
        .hasPrefix("tokenizer.json: \"normalizer.folds_width\" is set, Pawl knows only type,"))
    #expect(
      refusal(
        Fixture.json(normalizer: normalizer.replacing(#""clean_text":true,"#, with: "") + "}"))
        == "tokenizer.json: \"normalizer.clean_text\" should be true or false." + save)
    #expect(
      refusal(Fixture.json().replacing("_word\":5", with: "_word\":257"))
        .hasPrefix(
          "tokenizer.json: \"model.max_input_chars_per_word\" is 257"
            + ", Pawl knows only up to 256."))
    #expect(
      refusal(Fixture.json().replacing("_word\":5", with: "_word\":-1"))
        .hasPrefix("tokenizer.json: \"model.max_input_chars_per_word\" should be a number."))
    #expect(
      refusal(
        Fixture.json(added: #"[{"id":4,"content":"[MASK]","single_word":false,"normalized":true}]"#)
      )
      .hasPrefix(
        "tokenizer.json: \"added_tokens[0].normalized\" is true for \"[MASK]\""
          + ", Pawl knows only false."))
    #expect(
      refusal(
        Fixture.json(added: #"[{"id":14,"content":" x","single_word":false,"normalized":false}]"#)
      )
      .hasPrefix(
        "tokenizer.json: \"added_tokens[0].content\" is \" x\""
          + ", Pawl knows only tokens that neither"))
  }

  @Test("ids run from 0 without gap and repetition, and tokens are told apart by bytes")
  func vocabulary() {
    let json = Fixture.json()
    #expect(
      refusal(json.replacing("\"a\":5", with: "\"a\":14"))
        == """
        tokenizer.json: id 14 of the token "a" is not below 14, the number of tokens. Ids must run \
        from 0 without a gap: get the model's files again.
        """)
    #expect(
      refusal(json.replacing("\"a\":5", with: "\"a\":6"))
        == "tokenizer.json: id 6 of the token \"##a\" belongs to another token too." + again)
    #expect(
      refusal(json.replacing("\"ab\":7", with: "\"a\":7"))
        == """
        tokenizer.json: the token "a" has two ids, 5 and 7. Every token must occur once: get the \
        model's files again.
        """)
    #expect(
      refusal(json.replacing("\"a\":5", with: "\"a\":-5"))
        .hasSuffix("number -5 is out of range." + again))
    #expect(
      refusal(json.replacing("\"a\":5", with: "\"a\":4294967301"))
        .hasSuffix("number 4294967301 is out of range." + again))
    #expect(refusal(json.replacing("\"a\":5", with: "\"e\u{301}\":5")) == "accepted")
    #expect(refusal(json.replacing("\"a\":5", with: "\"\":5")) == "accepted")
  }

  @Test("special tokens must be in the vocabulary, with its ids")
  func specials() {
    let json = Fixture.json()
    #expect(
      refusal(json.replacing("unk_token\":\"[UNK]\"", with: "unk_token\":\"<unk>\""))
        == "tokenizer.json: the unknown token \"<unk>\" is not in the vocabulary." + again)
    #expect(
      refusal(json.replacing("[\"[SEP]\",3]", with: "[\"[SEP]\",30000]"))
        == "tokenizer.json: the token \"[SEP]\" has id 30000, expected 3." + again)
    #expect(
      refusal(json.replacing("[\"[SEP]\",3]", with: "[\"</s>\",3]"))
        == "tokenizer.json: the token \"</s>\" has id 3, expected one of the vocabulary's." + again)
    #expect(
      refusal(json.replacing("\"id\":4", with: "\"id\":5"))
        == "tokenizer.json: the token \"[MASK]\" has id 5, expected 4." + again)
    let twice = #"{"id":4,"content":"[MASK]","single_word":false,"normalized":false}"#
    #expect(
      refusal(Fixture.json(added: "[\(twice),\(twice)]"))
        .hasPrefix("tokenizer.json: the token \"[MASK]\" has two ids, 4 and 4."))
  }

  @Test("a template puts its tokens around one text of type 0, or is refused")
  func templates() throws {
    func template(_ single: String) -> String {
      Fixture.json(
        postProcessor: """
          {"type":"TemplateProcessing","single":\(single),"pair":[],"special_tokens":
          {"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"x":{"ids":[2],"tokens":[]}}}
          """)
    }
    let text = #"{"Sequence":{"id":"A","type_id":0}}"#
    let first = #"{"SpecialToken":{"id":"[CLS]","type_id":0}}"#
    #expect(try Fixture.tokenizer(template("[\(first),\(first),\(text)]")).ids("a") == [2, 2, 5])
    #expect(
      refusal(template("[\(first)]")).hasPrefix(
        "tokenizer.json: \"post_processor.single\" should be a list with Sequence A in it once."))
    #expect(
      refusal(template("[\(text.replacing("0", with: "1"))]")).hasPrefix(
        "tokenizer.json: \"post_processor.single\" is of type_id 1, Pawl knows only type_id 0."))
    #expect(
      refusal(template("[\(text.replacing("A", with: "B"))]")).hasPrefix(
        "tokenizer.json: \"post_processor.single\" is with a piece Sequence B, Pawl knows only"))
    #expect(
      refusal(template("[\(first.replacing("[CLS]", with: "x")),\(text)]")).hasPrefix(
        "tokenizer.json: \"post_processor.special_tokens.x\" should be tokens with their ids."))
  }

  @Test("broken JSON is refused with its place, duplicate keys at every level too")
  func brokenJSON() {
    let json = Fixture.json()
    #expect(
      refusal(json + "x")
        == "tokenizer.json: line 4, byte \(json.utf8.count): "
        + "more text after the end of the JSON value."
        + again)
    #expect(
      refusal(json.replacing("\"padding\":null", with: "\"version\":\"1.0\""))
        .contains("the key \"version\" occurs twice in one object"))
    #expect(
      refusal(
        json.replacing("\"type\":\"WordPiece\"", with: "\"type\":\"WordPiece\",\"type\":\"BPE\"")
      )
      .contains("the key \"type\" occurs twice in one object"))
    #expect(
      refusal("{\"version\":\"1.0\"}")
        == "tokenizer.json: \"model\" should be an object." + save)
  }

  @Test("a file that was damaged anywhere is accepted or refused, never a trap")
  func damagedFiles() {
    let bytes = Array(Fixture.json().utf8)
    var random = SplitMix(state: 7)
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0...Int(random.next() % 3) {
        let place = Int(random.next() % UInt64(damaged.count))
        switch random.next() % 3 {
        case 0: damaged[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: damaged.remove(at: place)
        default: damaged.replaceSubrange(place..<place, with: bytes[0..<min(place, 40)])
        }
      }
      do throws(TokenizerError) {
        let parts = try TokenizerJSON(damaged, file: "tokenizer.json")
        let tokenizer = try Tokenizer(parts)
        let ids = tokenizer.ids("a[MASK]b abcd \u{e9}\u{5b57}\u{fffd}")
        #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.tokenCount })
      } catch {
        #expect(error.description.hasPrefix("tokenizer.json: "))
      }
    }
  }

  private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
  }

  // MARK: Directories

  /// The message for a directory with these files, its path replaced by DIR.
  private func refusal(_ files: [String: [UInt8]]) throws -> String {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "pawl-tokenizer-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
    do throws(TokenizerError) {
      _ = try Tokenizer(directory: folder.path)
      return "accepted"
    } catch {
      return error.description.replacing(folder.path, with: "DIR")
    }
  }

  @Test("a directory without a tokenizer, or with a broken vocab.txt, says so")
  func directories() throws {
    #expect(
      try refusal([:])
        == "DIR: neither tokenizer.json nor vocab.txt is here. "
        + "Name a sentence-transformers directory of a BERT model."
    )
    let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
    #expect(try refusal(["vocab.txt": Array(vocabulary.utf8)]) == "accepted")
    #expect(
      try refusal(["vocab.txt": Array(vocabulary.utf8) + [0xFF]])
        == "DIR/vocab.txt:6: bytes that are not UTF-8." + again)
    #expect(
      try refusal(["vocab.txt": Array((vocabulary + "[CLS]\n").utf8)])
        .hasPrefix("DIR/vocab.txt: the token \"[CLS]\" has two ids, 2 and 5."))
    #expect(
      try refusal(["vocab.txt": Array(vocabulary.replacing("[MASK]", with: "m").utf8)])
        .hasPrefix("DIR/vocab.txt: the mask_token \"[MASK]\" is not in the vocabulary."))
    let configuration = #"{"tokenizer_class":"RobertaTokenizer"}"#
    #expect(
      try refusal([
        "vocab.txt": Array(vocabulary.utf8), "tokenizer_config.json": Array(configuration.utf8),
      ]).hasPrefix("DIR/tokenizer_config.json: \"tokenizer_class\" is \"RobertaTokenizer\", Pawl"))
    #expect(try refusal(["tokenizer.json": Array(Fixture.json().utf8)]) == "accepted")
    #expect(
      try refusal(["tokenizer.json": []])
        == "DIR/tokenizer.json: line 1, byte 0: expected an object, found the end of the text."
        + again)
  }

  @Test("what is no regular file is refused, and does not block")
  func irregularFiles() {
    #expect(throws: TokenizerError.unreadable(file: "/dev/zero", reason: "not a regular file")) {
      try TokenizerFile.read("/dev/zero")
    }
    #expect(throws: TokenizerError.unreadable(file: "/tmp", reason: "not a regular file")) {
      try TokenizerFile.read("/tmp")
    }
  }
}
