import FoundationEssentials
import Testing

@testable import Encoding

/// Vectors against PyTorch's in float64 (tools/goldens/encoder).
@Suite struct EncoderGoldenTests {
  /// float32 through a few layers: PyTorch's own float32 is as far from its float64.
  private static let (lowestCosine, largestDifference) = (0.999_999, 2e-5)

  private func check(_ agreement: Agreement, _ name: String) {
    #expect(agreement.lowestCosine >= Self.lowestCosine, "\(name): \(agreement)")
    #expect(agreement.largestDifference <= Self.largestDifference, "\(name): \(agreement)")
    #expect(agreement.largestLengthError <= 1e-6, "\(name): \(agreement)")
  }

  @Test(
    "small models of every layout give the reference's vectors",
    arguments: EncoderFixture.tinyModels)
  func tinyModel(name: String) throws {
    let folder = EncoderFixture.golden(name)
    let encoder = try EncoderFixture.encoder(folder)
    let texts = try EncoderFixture.lines(folder + "/texts.txt")
    let expected = try EncoderFixture.vectors(folder + "/vectors.npy", width: encoder.width)
    #expect(texts.count == 8 && expected.count == 8)
    var agreement = Agreement()
    for (text, vector) in zip(texts, expected) { agreement.add(encoder.encode(text), vector) }
    check(agreement, name)
  }

  @Test(
    "by int12 small models are near the reference's vectors", arguments: EncoderFixture.tinyModels)
  func tinyModelInt12(name: String) throws {
    let folder = EncoderFixture.golden(name)
    let encoder = try EncoderFixture.encoder(folder, numericPath: .int12)
    let texts = try EncoderFixture.lines(folder + "/texts.txt")
    let expected = try EncoderFixture.vectors(folder + "/vectors.npy", width: encoder.width)
    var agreement = Agreement()
    for (text, vector) in zip(texts, expected) { agreement.add(encoder.encode(text), vector) }
    // Measured 7.7e-7 at most; a wrong row or bias leaves nothing of it.
    #expect(agreement.lowestCosine >= 0.999_99, "\(name): \(agreement)")
    print("EncoderGoldenTests: \(name) by int12: \(agreement)")
  }

  @Test(
    "texts are cut where each layout says",
    arguments: [
      ("plain", 16), ("odd", 24), ("cls", 20), ("bare", 24), ("shifted", 200),
    ])
  func limits(name: String, limit: Int) throws {
    #expect(try EncoderFixture.encoder(EncoderFixture.golden(name)).maxLength == limit)
  }

  @Test(
    "1,000 real texts of all lengths give the reference's vectors",
    .enabled(if: EncoderFixture.hasBaseModel, "needs the base model: tools/setup"),
    .enabled(if: EncoderFixture.data != nil, "needs PAWL_TEST_DATA"))
  func realTexts() throws {
    let encoder = try EncoderFixture.encoder(EncoderFixture.baseModel)
    let expected = try EncoderFixture.vectors(
      EncoderFixture.golden("vectors.npy"), width: encoder.width)
    let texts = try Self.texts(in: EncoderFixture.data ?? "")
    #expect(texts.count == 1_000 && expected.count == 1_000)
    var agreement = Agreement()
    for (vector, reference) in zip(encoder.encoded(texts, workerCount: 2), expected) {
      agreement.add(vector, reference)
    }
    check(agreement, "all-MiniLM-L6-v2")
    print("EncoderGoldenTests: 1,000 texts against float64: \(agreement)")
  }

  @Test(
    "by int12 they keep what the path promises: cosine .99998 on average, .9999 each",
    .enabled(if: EncoderFixture.hasBaseModel, "needs the base model: tools/setup"),
    .enabled(if: EncoderFixture.data != nil, "needs PAWL_TEST_DATA"))
  func int12() throws {
    let encoder = try EncoderFixture.encoder(EncoderFixture.baseModel, numericPath: .int12)
    let expected = try EncoderFixture.vectors(
      EncoderFixture.golden("vectors.npy"), width: encoder.width)
    let texts = try Self.texts(in: EncoderFixture.data ?? "")
    var sum = 0.0
    var agreement = Agreement()
    for (vector, reference) in zip(encoder.encoded(texts, workerCount: 2), expected) {
      agreement.add(vector, reference)
      sum += zip(vector, reference).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(agreement.lowestCosine >= 0.9999, "\(agreement)")
    #expect(sum / Double(texts.count) >= 0.99998, "\(agreement)")
    #expect(agreement.largestLengthError <= 1e-6, "\(agreement)")
    print("EncoderGoldenTests: int12, mean cosine \(sum / Double(texts.count)): \(agreement)")
  }

  /// The texts that texts.tsv names by file and line, each what follows the first tab.
  private static func texts(in folder: String) throws -> [String] {
    var files: [String: [ArraySlice<UInt8>]] = [:]
    return try EncoderFixture.lines(EncoderFixture.golden("texts.tsv")).map { line in
      let columns = line.split(separator: "\t").map(String.init)
      let (name, number) = (columns[0], Int(columns[1]) ?? 0)
      if files[name] == nil {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + name)))
        files[name] = EncoderFixture.lines(of: bytes)
      }
      let content = files[name]?[number - 1] ?? []
      var text = Array(content.drop { $0 != 0x09 }.dropFirst())
      if text.last == 0x0D { text.removeLast() }
      let digest = SHA256.hex(of: unsafe text.span.bytes)
      #expect(digest.hasPrefix(columns[3]), "\(name):\(number) is not the text of the golden")
      return String(decoding: text, as: UTF8.self)
    }
  }
}
