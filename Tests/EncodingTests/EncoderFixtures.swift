import FoundationEssentials

@testable import Encoding

/// Where the encoder's goldens and the base model lie, and how vectors are compared.
enum EncoderFixture {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static let environment = ProcessInfo.processInfo.environment

  /// The base model: $PAWL_MODEL, else what tools/setup makes.
  static let baseModel =
    environment["PAWL_MODEL"] ?? root.appending(path: "models/all-MiniLM-L6-v2").path
  static let hasBaseModel = FileManager.default.fileExists(
    atPath: baseModel + "/model.safetensors")

  /// A folder of real collections.
  static let data = environment["PAWL_TEST_DATA"]

  /// The small models of tools/goldens/encoder.
  static let tinyModels = ["plain", "odd", "cls", "bare", "shifted"]

  static func golden(_ name: String) -> String {
    root.appending(path: "Tests/EncodingTests/Goldens/encoder/\(name)").path
  }

  static func lines(_ path: String) throws -> [String] {
    lines(of: [UInt8](try Data(contentsOf: URL(filePath: path))))
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// What lies between line feeds; the last one ends the last line.
  static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The rows of a .npy file of float32, as its writer here makes it: version 1, row-major.
  static func vectors(_ path: String, width: Int) throws -> [[Float]] {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let floats = stride(from: start, to: bytes.count, by: 4).map { at in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << ($1 * 8) })
    }
    return stride(from: 0, to: floats.count, by: width).map { Array(floats[$0..<$0 + width]) }
  }

  static func encoder(
    _ path: String, numericPath: NumericPath = .float32, kernels: String? = nil,
    maxLength: Int? = nil
  ) throws -> TextEncoder {
    try TextEncoder(
      path: path, maxLength: maxLength, numericPath: numericPath,
      environment: kernels.map { ["PAWL_KERNEL": $0] } ?? [:])
  }
}

extension TextEncoder {
  /// The vectors of N texts, by that many threads.
  func encoded(_ texts: [String], workerCount: Int) -> [[Float]] {
    var embeddings = [Float](repeating: .nan, count: texts.count * width)
    var view = embeddings.mutableSpan
    encode(texts, workerCount: workerCount, into: &view)
    return (0..<texts.count).map { Array(embeddings[$0 * width..<($0 + 1) * width]) }
  }

  func tokens(of text: String) -> [Int32] {
    var tokens: [Int32] = []
    var scratch = TokenizerScratch()
    tokenizer.encode(text, maximumLength: maxLength, into: &tokens, scratch: &scratch)
    return tokens
  }
}

extension TransformerEncoder {
  func vector(ofTokens tokens: [Int32]) -> [Float] {
    var vector = [Float](repeating: .nan, count: configuration.width)
    var view = vector.mutableSpan
    var scratch = EncoderScratch()
    encode(tokens: tokens.span, offsets: [0, tokens.count].span, scratch: &scratch, into: &view)
    return vector
  }
}

/// How far vectors are from their reference.
struct Agreement: CustomStringConvertible {
  private(set) var lowestCosine = 1.0
  private(set) var largestDifference = 0.0
  /// The furthest that a length is from 1.
  private(set) var largestLengthError = 0.0

  mutating func add(_ found: [Float], _ expected: [Float]) {
    var (product, foundSquare, expectedSquare) = (0.0, 0.0, 0.0)
    for (f, e) in zip(found, expected) {
      let (f, e) = (Double(f), Double(e))
      product += f * e
      foundSquare += f * f
      expectedSquare += e * e
      // A NaN must not pass for agreement.
      largestDifference = (f - e).isNaN ? .infinity : max(largestDifference, abs(f - e))
    }
    lowestCosine = min(lowestCosine, product / (foundSquare * expectedSquare).squareRoot())
    largestLengthError = max(largestLengthError, abs(foundSquare.squareRoot() - 1))
  }

  var description: String {
    "lowest cosine 1 - \(1 - lowestCosine), largest difference \(largestDifference), "
      + "lengths within \(largestLengthError) of 1"
  }
}
