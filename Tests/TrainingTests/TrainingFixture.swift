import FoundationEssentials
import LinearAlgebra

@testable import Encoding
@testable import Training

/// Where goldens lie, and small models to train.
enum TrainingFixture {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func golden(_ name: String) -> String {
    root.appending(path: "Tests/TrainingTests/Goldens/\(name)").path
  }

  /// The base model: $PAWL_MODEL, else what tools/setup makes.
  static let baseModel =
    ProcessInfo.processInfo.environment["PAWL_MODEL"]
    ?? root.appending(path: "models/all-MiniLM-L6-v2").path

  /// A small model of tools/goldens/encoder.
  static func model(_ name: String) throws -> ModelDirectory {
    try ModelDirectory(
      path: root.appending(path: "Tests/EncodingTests/Goldens/encoder/\(name)").path)
  }

  static func encoder(
    _ name: String, kernels: String? = nil, workerCount: Int = 2, tokenCapacity: Int = 1_024
  ) throws -> TrainableEncoder {
    try TrainableEncoder(
      model(name), kernels: kernels.map { try Kernels(named: $0) } ?? .best,
      workerCount: workerCount, tokenCapacity: tokenCapacity)
  }

  static func texts(_ name: String) throws -> [String] {
    try String(contentsOf: URL(filePath: model(name).path + "/texts.txt"), encoding: .utf8)
      .split(separator: "\n").map(String.init)
  }

  /// Tokens of texts, one behind another, and B + 1 starts.
  static func tokens(
    _ texts: [String], _ name: String
  ) throws -> (tokens: [Int32], offsets: [Int]) {
    let directory = try model(name)
    let tokenizer = try Tokenizer(directory: directory.transformerPath)
    var scratch = TokenizerScratch()
    var (tokens, offsets): ([Int32], [Int]) = ([], [0])
    for text in texts {
      tokenizer.encode(
        text, maximumLength: directory.maxLength, into: &tokens, scratch: &scratch)
      offsets.append(tokens.count)
    }
    return (tokens, offsets)
  }
}

extension SharedFloats {
  func array(_ range: Range<Int>) -> [Float] {
    let part = span(range)
    return part.indices.map { part[$0] }
  }
}

/// The largest difference, as a share of the root mean square of what is expected.
///
/// Relative to a tensor's size, not to each number: numbers that are nearly zero are sums that cancel out.
func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
  precondition(found.count == expected.count, "\(found.count) numbers for \(expected.count)")
  var (largest, square) = (0.0, 0.0)
  for (f, e) in zip(found, expected) {
    let difference = abs(Double(f) - Double(e))
    // A NaN must not pass.
    largest = difference.isNaN ? .infinity : max(largest, difference)
    square += Double(e) * Double(e)
  }
  let size = (square / Double(expected.count)).squareRoot()
  return size == 0 ? largest : largest / size
}
