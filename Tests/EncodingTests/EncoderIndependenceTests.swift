import LinearAlgebra
import Testing

@testable import Encoding

/// A text has one vector, to the bit: whatever stands beside it, on any number of threads, by any
/// kernels.
@Suite struct EncoderIndependenceTests {
  /// Texts of many lengths, some of them twice, enough for several batches.
  private static let texts = (0..<150).map { index in
    (0..<(index * 7 % 41)).map { ["the", "cat", "ox", "zebra."][($0 + index) % 4] }
      .joined(separator: " ")
  }

  @Test(
    "alone, in a batch, in another order, on 1, 2 and 5 threads",
    arguments: EncoderFixture.tinyModels, NumericPath.allCases)
  func batches(name: String, numericPath: NumericPath) throws {
    let encoder = try EncoderFixture.encoder(
      EncoderFixture.golden(name), numericPath: numericPath)
    let texts = Self.texts
    let alone = texts.map { encoder.encode($0).map(\.bitPattern) }
    for workerCount in [1, 2, 5] {
      let together = encoder.encoded(texts, workerCount: workerCount)
      #expect(together.map { $0.map(\.bitPattern) } == alone, "\(workerCount) threads")
    }
    let reversed = encoder.encoded(texts.reversed(), workerCount: 1)
    #expect(reversed.reversed().map { $0.map(\.bitPattern) } == alone)
    #expect(encoder.encoded(["cat"], workerCount: 8) == [encoder.encode("cat")])
    #expect(encoder.encoded([], workerCount: 2).isEmpty)
  }

  @Test(
    "by portable, AVX2 and AVX-512 kernels",
    arguments: EncoderFixture.tinyModels, NumericPath.allCases)
  func kernels(name: String, numericPath: NumericPath) throws {
    let folder = EncoderFixture.golden(name)
    let oracle = try EncoderFixture.encoder(
      folder, numericPath: numericPath, kernels: "portable")
    let texts = Array(Self.texts.prefix(42))
    let expected = oracle.encoded(texts, workerCount: 1).map { $0.map(\.bitPattern) }
    for (name, encoder) in Self.twins(folder, numericPath) {
      let found = encoder.encoded(texts, workerCount: 1).map { $0.map(\.bitPattern) }
      #expect(found == expected, "\(name)")
    }
  }

  /// The model with each vector twin that this processor runs.
  private static func twins(
    _ folder: String, _ path: NumericPath
  ) -> [(name: String, TextEncoder)] {
    ["avx2", "avx512"].compactMap { name in
      do {
        return (
          name, try EncoderFixture.encoder(folder, numericPath: path, kernels: name)
        )
      } catch { return nil }
    }
  }

  /// Head groups of which the last is smaller, rows of two blocks and of three, both with a short last one.
  @Test("a wide model: int12 is near float32, and its bits are those of every kernel")
  func wide() throws {
    let model = try EncoderModelCopy(
      layers: 1, width: 528, heads: 11, intermediateWidth: 1_100, seed: 7)
    let exact = try EncoderFixture.encoder(model.path)
    let shape = exact.directory.configuration
    #expect(PackedWeights.headGroupSize(shape) == 3 && Int12Rows.blockWidth == 512)
    let oracle = try EncoderFixture.encoder(
      model.path, numericPath: .int12, kernels: "portable")
    let texts = Array(Self.texts.prefix(12))
    let expected = oracle.encoded(texts, workerCount: 2)
    var agreement = Agreement()
    for (found, reference) in zip(expected, exact.encoded(texts, workerCount: 2)) {
      agreement.add(found, reference)
    }
    #expect(agreement.lowestCosine >= 0.999_99, "\(agreement)")
    for (name, encoder) in Self.twins(model.path, .int12) {
      #expect(encoder.encoded(texts, workerCount: 2) == expected, "\(name)")
    }
    // Where the processor has instructions for them, the products of `avx512` are others.
    guard let kernels = Kernels.best.withInt12(named: "avx512") else { return }
    let transformer = try TransformerEncoder(
      oracle.directory, .int12, packed: oracle.packedWeights, kernels: kernels)
    for (text, vector) in zip(texts, expected) {
      #expect(transformer.vector(ofTokens: oracle.tokens(of: text)) == vector)
    }
  }

  @Test(
    "of the base model too",
    .enabled(if: EncoderFixture.hasBaseModel, "needs the base model: tools/setup"),
    arguments: NumericPath.allCases)
  func baseModel(numericPath: NumericPath) throws {
    let folder = EncoderFixture.baseModel
    let texts = ["A pawl lets a ratchet turn one way only.", "", "ratchet"]
    let oracle = try EncoderFixture.encoder(
      folder, numericPath: numericPath, kernels: "portable")
    let expected = texts.map { oracle.encode($0).map(\.bitPattern) }
    for (name, encoder) in Self.twins(folder, numericPath) {
      #expect(texts.map { encoder.encode($0).map(\.bitPattern) } == expected, "\(name)")
      let crowd = texts + Self.texts + texts
      let together = encoder.encoded(crowd, workerCount: 2).map { $0.map(\.bitPattern) }
      #expect(Array(together.prefix(3)) == expected, "\(name), in a batch")
      #expect(Array(together.suffix(3)) == expected, "\(name), in a batch")
    }
  }

  @Test(
    "an empty text and one of unknown tokens have unit vectors",
    arguments: EncoderFixture.tinyModels, NumericPath.allCases)
  func emptyText(name: String, numericPath: NumericPath) throws {
    let encoder = try EncoderFixture.encoder(
      EncoderFixture.golden(name), numericPath: numericPath)
    for text in ["", " \n\t", "123", "\u{0}", "\u{FEFF}"] {
      let square = encoder.encode(text).reduce(0) { $0 + Double($1) * Double($1) }
      #expect(abs(square - 1) <= 1e-6, "\(text.debugDescription)")
    }
  }
}
