import Testing

@testable import Encoding

@Suite struct ModelDirectoryTests {
  @Test("shape, pooling and limit of the small models are read from every layout")
  func layouts() throws {
    let odd = try ModelDirectory(path: EncoderFixture.golden("odd"))
    let shape = odd.configuration
    #expect([shape.layerCount, shape.width, shape.headCount, shape.headWidth] == [3, 20, 2, 10])
    #expect([shape.intermediateWidth, shape.vocabularySize, shape.positionCount] == [36, 60, 24])
    #expect(shape.typeCount == 2 && shape.layerNormEpsilon == 1e-5)
    #expect(odd.pooling == .mean && odd.maxLength == 24)
    #expect(try ModelDirectory(path: EncoderFixture.golden("cls")).pooling == .cls)
    #expect(try ModelDirectory(path: EncoderFixture.golden("bare")).pooling == .mean)
    let shifted = try ModelDirectory(path: EncoderFixture.golden("shifted"))
    #expect(shifted.transformerPath == EncoderFixture.golden("shifted") + "/0_Transformer")
  }

  @Test("without any limit a text has as many tokens as there are positions, 512 at most")
  func defaultLimit() throws {
    let copy = try EncoderModelCopy()
    try copy.remove("sentence_bert_config.json")
    try copy.remove("tokenizer_config.json")
    #expect(try ModelDirectory(path: copy.path).maxLength == 24)
    try copy.replace(
      "\"max_position_embeddings\": 24", by: "\"max_position_embeddings\": 8192", in: "config.json")
    #expect(try ModelDirectory(path: copy.path).maxLength == 512)
  }

  @Test("the digest tells files that decide vectors from those that do not")
  func digest() throws {
    let copy = try EncoderModelCopy()
    let digest = try ModelDirectory(path: copy.path).digest()
    #expect(digest.utf8.count == 64)
    #expect(digest == (try ModelDirectory(path: EncoderFixture.golden("plain")).digest()))
    try copy.write("# A card", to: "README.md")
    #expect(digest == (try ModelDirectory(path: copy.path).digest()))
    for file in ["config.json", "1_Pooling/config.json", "tokenizer.json", "modules.json"] {
      let other = try EncoderModelCopy()
      try other.write(try other.bytes(of: file) + [0x0A], to: file)
      #expect(digest != (try ModelDirectory(path: other.path).digest()), "\(file)")
    }
  }

  @Test("the files that decide vectors are found in every layout")
  func decidingFiles() throws {
    #expect(
      try ModelDirectory(path: EncoderFixture.golden("shifted")).decidingFiles == [
        "0_Transformer/config.json", "0_Transformer/model.safetensors",
        "0_Transformer/sentence_bert_config.json", "0_Transformer/tokenizer.json",
        "0_Transformer/tokenizer_config.json", "1_Pooling/config.json", "modules.json",
      ])
    #expect(
      try ModelDirectory(path: EncoderFixture.golden("odd")).decidingFiles == [
        "1_Pooling/config.json", "config.json", "model.safetensors", "modules.json",
        "tokenizer_config.json", "vocab.txt",
      ])
  }

  @Test("SHA-256 gives the published values")
  func sha256() {
    #expect(
      hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  private func hex(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return SHA256.hex(of: unsafe bytes.span.bytes)
  }
}
