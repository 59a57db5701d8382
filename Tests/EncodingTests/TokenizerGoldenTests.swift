import FoundationEssentials
import Testing

@testable import Encoding

/// Ids equal to those of Hugging Face `tokenizers`; tools/goldens/tokenizer makes the goldens.
@Suite struct TokenizerGoldenTests {
  @Test(
    "with the base model, the ids of the hard lines are the peer's",
    .enabled(if: TokenizerFixture.hasBaseModel))
  func hardLines() throws {
    let tokenizer = try Tokenizer(directory: TokenizerFixture.baseModel)
    let texts = try TokenizerFixture.goldenLines("torture.txt")
    let expected = try TokenizerFixture.goldenLines("torture.ids")
    #expect(texts.count >= 2000 && texts.count == expected.count)
    for (line, (text, ids)) in zip(texts, expected).enumerated() {
      let found = tokenizer.ids(text).map(String.init).joined(separator: " ")
      #expect(found == ids, "torture.txt:\(line + 1)")
    }
  }

  @Test("whatever the settings, every scalar and hard line is normalised and split as by the peer")
  func everyScalar() throws {
    let vocabulary = try TokenizerFixture.scalarVocabulary()
    let tokenizers = TokenizerFixture.allSettings.map {
      TokenizerFixture.scalarTokenizer(vocabulary, $0)
    }
    let blocks = try TokenizerFixture.goldenLines("scalars.fnv")
    #expect(blocks.count == 0x1100)
    for (block, expected) in blocks.enumerated() {
      let found = Self.digest(block: UInt32(block) << 8, tokenizers)
      #expect(found == expected, "U+\(String(block, radix: 16))00 ff.")
    }

    let texts = try TokenizerFixture.goldenLines("torture.txt")
    let digests = try TokenizerFixture.goldenLines("settings.fnv")
    #expect(texts.count == digests.count)
    for (line, (text, expected)) in zip(texts, digests).enumerated() {
      var digest = IDDigest<UInt32>()
      for tokenizer in tokenizers { digest.add(tokenizer.ids(text)) }
      #expect(digest.hex == expected, "torture.txt:\(line + 1)")
    }
  }

  /// Each of 256 scalars alone and between letters, with each of the settings.
  private static func digest(block: UInt32, _ tokenizers: [Tokenizer]) -> String {
    var digest = IDDigest<UInt32>()
    var scratch = TokenizerScratch()
    var ids: [Int32] = []
    for tokenizer in tokenizers {
      for value in block..<block + 256 {
        guard let scalar = Unicode.Scalar(value) else { continue }
        for text in ["\(scalar)", "a\(scalar)b"] {
          ids.removeAll(keepingCapacity: true)
          tokenizer.encode(text, maximumLength: 64, into: &ids, scratch: &scratch)
          digest.add(ids)
        }
      }
    }
    return digest.hex
  }

  @Test(
    "on real collections and queries every line's ids are the peer's",
    .enabled(if: TokenizerFixture.hasBaseModel && TokenizerFixture.data != nil))
  func realFiles() throws {
    let tokenizer = try Tokenizer(directory: TokenizerFixture.baseModel)
    let folder = URL(filePath: try #require(TokenizerFixture.data))
    var digests = try TokenizerFixture.goldenLines("files.fnv")[...]
    while let header = digests.popFirst() {
      let fields = header.split(separator: " ")
      let path = folder.appending(path: String(fields[0]))
      let lines = TokenizerFixture.lines(of: [UInt8](try Data(contentsOf: path)))
      try #require(lines.count == Int(fields[1]), "\(fields[0]) is another file")
      for start in stride(from: 0, to: lines.count, by: 1000) {
        let part = lines[start..<min(start + 1000, lines.count)]
        let found = Self.digest(part, afterTab: fields[2] == "T", tokenizer)
        #expect(found == digests.popFirst(), "\(header), lines \(start + 1) ff.")
      }
    }
  }

  private static func digest(
    _ lines: ArraySlice<ArraySlice<UInt8>>, afterTab: Bool, _ tokenizer: Tokenizer
  ) -> String {
    var digest = IDDigest<UInt64>()
    var scratch = TokenizerScratch()
    var ids: [Int32] = []
    for line in lines {
      let tab = line.firstIndex(of: 0x09) ?? line.endIndex - 1
      let text = afterTab ? line[(tab + 1)...] : line
      ids.removeAll(keepingCapacity: true)
      tokenizer.encode(text.span, maximumLength: 1 << 40, into: &ids, scratch: &scratch)
      digest.add(ids)
    }
    return digest.hex
  }

  @Test(
    "cut to a length, a text's ids are the first of all its ids, then [SEP]",
    .enabled(if: TokenizerFixture.hasBaseModel), arguments: [2, 3, 4, 7, 12])
  func truncation(length: Int) throws {
    let tokenizer = try Tokenizer(directory: TokenizerFixture.baseModel)
    for text in try TokenizerFixture.goldenLines("torture.txt") {
      let whole = tokenizer.ids(text)
      let cut = whole.count <= length ? whole : whole[..<(length - 1)] + whole.suffix(1)
      #expect(tokenizer.ids(text, maximumLength: length) == cut, "\(text)")
    }
  }
}
