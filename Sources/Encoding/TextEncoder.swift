internal import Dispatch
package import LinearAlgebra
internal import Synchronization

/// Texts in, unit vectors out: a model directory's tokenizer and transformer together.
///
/// The vector of a text depends on the text alone, to the bit: whatever is encoded beside it and by
/// however many threads.
package final class TextEncoder: Sendable {
  package let directory: ModelDirectory
  package let tokenizer: Tokenizer
  /// Tokens of the longest text, [CLS] and [SEP] included; what is longer is cut.
  package let maxLength: Int
  package let transformer: TransformerEncoder

  package var kernels: Kernels { transformer.kernels }

  package var width: Int { directory.configuration.width }

  /// Tokens in one pass: enough to use each block of weights some dozen times while it is in cache, few
  /// enough that the last pass of a batch ends soon after its neighbour's. Of rounded weights half the bytes
  /// come from memory, and what lies between the products should stay in the second-level cache.
  var batchTokens: Int { transformer.numericPath == .int12 ? 128 : 512 }

  /// The weights of the products where the numeric path has them rounded.
  package var packedWeights: PackedWeights? { transformer.packed }

  /// Loads a model.
  ///
  /// - Parameters:
  ///   - maxLength: overrides the model's own limit; at most its number of positions.
  ///   - packed: the rounded weights, where they have been packed before.
  /// - Throws: `EncodingError` naming what is wrong with the directory.
  package init(
    _ directory: ModelDirectory, maxLength: Int? = nil, numericPath: NumericPath,
    packed: PackedWeights? = nil, environment: [String: String]
  ) throws {
    self.directory = directory
    try directory.require(maxLength: maxLength)
    self.maxLength = maxLength ?? directory.maxLength
    tokenizer = try Tokenizer(directory: directory.transformerPath)
    try Self.check(tokenizer, directory, maxLength: self.maxLength)
    transformer = try TransformerEncoder(
      directory, numericPath, packed: packed, kernels: Kernels(environment: environment))
  }

  /// Another transformer of the same shape behind this one's tokenizer.
  ///
  /// - Parameter maxLength: nil: as the other's.
  package init(_ other: TextEncoder, transformer: TransformerEncoder, maxLength: Int? = nil) {
    precondition(other.transformer.configuration == transformer.configuration)
    directory = other.directory
    self.maxLength = maxLength ?? other.maxLength
    tokenizer = other.tokenizer
    self.transformer = transformer
  }

  /// Loads the model at `path`.
  package convenience init(
    path: String, maxLength: Int? = nil, numericPath: NumericPath, environment: [String: String]
  ) throws {
    try self.init(
      ModelDirectory(path: path), maxLength: maxLength, numericPath: numericPath,
      environment: environment)
  }

  /// Whether every text becomes at least one token, at most `maxLength`, and only ids of the model.
  private static func check(
    _ tokenizer: Tokenizer, _ directory: ModelDirectory, maxLength: Int
  ) throws(EncodingError) {
    let vocabularySize = directory.configuration.vocabularySize
    guard tokenizer.tokenCount <= vocabularySize else {
      throw .malformed(
        path: directory.transformerPath + "/config.json",
        problem: "\"vocab_size\" is \(vocabularySize), the tokenizer has "
          + "\(tokenizer.tokenCount) tokens")
    }
    let frame = tokenizer.leadingIDs.count + tokenizer.trailingIDs.count
    guard frame > 0, frame < maxLength else {
      throw .malformed(
        path: directory.transformerPath,
        problem: "the tokenizer puts \(frame) tokens around each text, where 1 to "
          + "\(maxLength - 1) have room")
    }
    guard !directory.lowercasesText || tokenizer.settings.lowercases else {
      throw .unsupported(
        path: directory.transformerPath + "/sentence_bert_config.json",
        feature: "\"do_lower_case\" is true, the tokenizer keeps capitals")
    }
  }

  /// Encodes one text on the calling thread.
  ///
  /// - Returns: D floats of unit length.
  package func encode(_ text: String) -> [Float] {
    var worker = EncodingWorker()
    worker.append(text, row: 0, to: self)
    var embedding = [Float](repeating: 0, count: width)
    worker.run(on: self) { _, values in
      for index in 0..<values.count { embedding[index] = values[index] }
    }
    return embedding
  }

  /// Encodes N texts, `workerCount` threads side by side.
  ///
  /// - Parameters:
  ///   - embeddings: N × D, overwritten with unit vectors.
  ///   - progress: told, on any of the threads, how many texts are encoded so far.
  /// - Complexity: about 21 million operations a token for all-MiniLM-L6-v2; memory a worker for
  ///   a pass and its longest text.
  package func encode(
    _ texts: [String], workerCount: Int, into embeddings: inout MutableSpan<Float>,
    progress: @Sendable (Int) -> Void = { _ in }
  ) {
    precondition(
      embeddings.count >= texts.count * width,
      "\(embeddings.count) floats for \(texts.count) embeddings of \(width)")
    let next = Atomic(0)
    let finished = Atomic(0)
    let rows = SharedRows(&embeddings, width: width)
    // A worker takes the next text as soon as it has room: nobody waits for a longer neighbour.
    DispatchQueue.concurrentPerform(iterations: max(1, min(workerCount, texts.count))) { _ in
      var worker = EncodingWorker()
      while true {
        let row = next.add(1, ordering: .relaxed).oldValue
        if row < texts.count { worker.append(texts[row], row: row, to: self) }
        if row >= texts.count || worker.isFull(for: self) {
          // Sound: `next` gives each row to one worker only.
          let count = worker.run(on: self) { row, values in unsafe rows.write(values, row: row) }
          progress(finished.add(count, ordering: .relaxed).newValue)
        }
        if row >= texts.count { return }
      }
    }
  }
}

extension TextEncoder {
  /// The vectors of N texts: N × D floats, row-major.
  ///
  /// - Parameters:
  ///   - prefix: put before each text.
  ///   - progress: told, on any of the threads, how many texts are encoded so far.
  package func encode(
    _ texts: [String], prefix: String = "", workerCount: Int,
    progress: @Sendable (Int) -> Void = { _ in }
  ) -> [Float] {
    var embeddings = [Float](repeating: 0, count: texts.count * width)
    var view = embeddings.mutableSpan
    encode(
      prefix.isEmpty ? texts : texts.map { prefix + $0 }, workerCount: workerCount, into: &view,
      progress: progress)
    return embeddings
  }
}

/// One thread's tokens and scratch memory.
package struct EncodingWorker: ~Copyable {
  private var tokens: [Int32] = []
  private var offsets: [Int] = [0]
  private var rows: [Int] = []
  private var embeddings: [Float] = []
  private var scratch = EncoderScratch()
  private var tokenizerScratch = TokenizerScratch()

  package init() {}

  package func isFull(for encoder: TextEncoder) -> Bool { tokens.count >= encoder.batchTokens }

  package mutating func append(_ text: String, row: Int, to encoder: TextEncoder) {
    encoder.tokenizer.encode(
      text, maximumLength: encoder.maxLength, into: &tokens, scratch: &tokenizerScratch)
    offsets.append(tokens.count)
    rows.append(row)
  }

  /// Encodes what was appended and hands over each embedding with its row; how many there were.
  @discardableResult
  package mutating func run(
    on encoder: TextEncoder, _ consume: (Int, Span<Float>) -> Void
  ) -> Int {
    let (D, count) = (encoder.width, rows.count)
    if count == 0 { return 0 }
    if embeddings.count < count * D {
      embeddings = [Float](repeating: 0, count: count * D)
    }
    Self.encode(encoder.transformer, tokens, offsets, &scratch, into: &embeddings)
    for (index, row) in rows.enumerated() {
      consume(row, embeddings.span.extracting(index * D..<(index + 1) * D))
    }
    tokens.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    offsets.append(0)
    rows.removeAll(keepingCapacity: true)
    return count
  }

  /// Takes the parts of a worker one by one: their spans may not overlap in `self`.
  private static func encode(
    _ transformer: TransformerEncoder, _ tokens: [Int32], _ offsets: [Int],
    _ scratch: inout EncoderScratch, into embeddings: inout [Float]
  ) {
    var output = embeddings.mutableSpan
    transformer.encode(
      tokens: tokens.span, offsets: offsets.span, scratch: &scratch, into: &output)
  }
}

/// Rows of a matrix that several threads write, each row one of them.
@safe private struct SharedRows: @unchecked Sendable {
  // Sendable: `write` is only called for rows that belong to the calling thread alone.
  private let base: UnsafeMutableBufferPointer<Float>
  private let width: Int

  /// The caller keeps `matrix` alive and untouched until the last write.
  init(_ matrix: inout MutableSpan<Float>, width: Int) {
    unsafe base = matrix.withUnsafeMutableBufferPointer { unsafe $0 }
    self.width = width
  }

  @unsafe func write(_ values: Span<Float>, row: Int) {
    let capacity = unsafe base.count
    precondition(row >= 0 && values.count == width && (row + 1) * width <= capacity)
    for index in 0..<width { unsafe base[row * width + index] = values[index] }
  }
}
