public import Encoding

/// A model directory by itself, without a store: what `pawl tokenize` and `pawl embed` need.
public final class Model: Sendable {
  private let encoder: TextEncoder

  /// D, the floats of a vector.
  public var width: Int { encoder.width }

  public init(
    directory: String, maxLength: Int? = nil, numericPath: NumericPath = .standard
  ) throws {
    encoder = try TextEncoder(
      path: directory, maxLength: maxLength, numericPath: numericPath,
      environment: Process.environment)
  }

  /// N × D unit vectors, row-major.
  public func embed(_ texts: [String]) -> [Float] {
    encoder.encode(texts, workerCount: Process.processorCount)
  }
}

/// A tokenizer by itself, which needs no weights.
public struct TextTokenizer: ~Copyable {
  private let tokenizer: Tokenizer
  private let maxLength: Int
  private var scratch = TokenizerScratch()

  public init(directory: String) throws {
    let model = try ModelDirectory(path: directory)
    tokenizer = try Tokenizer(directory: model.transformerPath)
    maxLength = model.maxLength
  }

  /// Appends the ids of a text, [CLS] and [SEP] included, cut at the model's limit.
  public mutating func encode(_ text: String, into ids: inout [Int32]) {
    tokenizer.encode(text, maximumLength: maxLength, into: &ids, scratch: &scratch)
  }
}
