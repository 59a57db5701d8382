package import LinearAlgebra

/// A BERT-type encoder: token ids in, one unit vector a passage out.
///
/// Tokens of all passages lie one behind another without padding. Each output depends on its passage
/// alone, to the bit: whatever the batch, the thread count and the kernels.
///
/// Source: Devlin et al. 2019; pooling: Reimers & Gurevych 2019, section 3.
package final class TransformerEncoder: Sendable {
  package let configuration: TransformerConfiguration
  package let pooling: ModelDirectory.Pooling
  package let numericPath: NumericPath
  package let kernels: Kernels

  /// V × D.
  let words: FloatTensor
  /// positionCount × D: position embedding plus the embedding of token type 0.
  let positions: FloatTensor
  let embeddingNorm: LayerNorm
  /// The products' weights where the path has them rounded.
  package let packed: PackedWeights?
  let layers: [any TransformerLayer]

  /// Loads the weights of a model directory.
  ///
  /// - Parameter packed: the rounded weights, where they have been packed before.
  /// - Throws: `EncodingError` naming the tensor that is absent or does not fit.
  /// - Complexity: packing the layers' weights, unless that has been done; the word table stays mapped.
  package convenience init(
    _ model: ModelDirectory, _ path: NumericPath, packed: PackedWeights? = nil, kernels: Kernels
  ) throws(EncodingError) {
    try self.init(
      model.configuration, model.pooling, WeightFile(model), path, packed: packed,
      kernels: kernels)
  }

  /// Takes weights from anywhere.
  package init(
    _ shape: TransformerConfiguration, _ pooling: ModelDirectory.Pooling,
    _ weights: some WeightSource, _ path: NumericPath, packed: PackedWeights? = nil,
    kernels: Kernels
  ) throws(EncodingError) {
    let D = shape.width
    words = try weights.floats("embeddings.word_embeddings.weight", [shape.vocabularySize, D])
    positions = try Self.positions(weights, shape)
    embeddingNorm = try weights.layerNorm("embeddings.LayerNorm", width: D)
    switch path {
    case .float32:
      self.packed = nil
      layers = try Self.layers(shape) { index throws(EncodingError) in
        try Float32Layer(weights, index: index, shape)
      }
    case .int12:
      let packed = if let packed { packed } else { try PackedWeights(weights, shape) }
      self.packed = packed
      layers = try Self.layers(shape) { index throws(EncodingError) in
        try Int12Layer(packed, weights, index: index, shape)
      }
    }
    numericPath = path
    self.kernels = kernels
    configuration = shape
    self.pooling = pooling
  }

  private static func layers(
    _ shape: TransformerConfiguration,
    _ make: (Int) throws(EncodingError) -> any TransformerLayer
  ) throws(EncodingError) -> [any TransformerLayer] {
    var layers: [any TransformerLayer] = []
    for index in 0..<shape.layerCount { layers.append(try make(index)) }
    return layers
  }

  /// Position plus type embeddings: they are always added together.
  private static func positions(
    _ weights: some WeightSource, _ shape: TransformerConfiguration
  ) throws(EncodingError) -> FloatTensor {
    let D = shape.width
    let table = try weights.floats(
      "embeddings.position_embeddings.weight", [shape.positionCount, D])
    let types = try weights.floats("embeddings.token_type_embeddings.weight", [shape.typeCount, D])
    let (position, type) = (table.span, types.span)
    var sums = AlignedBuffer<Float>(repeating: 0, count: position.count)
    var view = sums.mutableSpan
    for index in 0..<position.count { view[index] = position[index] + type[index % D] }
    return FloatTensor(values: sums)
  }

  /// Encodes B passages.
  ///
  /// - Parameters:
  ///   - tokens: ids of all passages, one behind another; each passage has 1 to positionCount of them.
  ///   - offsets: B + 1 starts into `tokens`, the last one its end.
  ///   - embeddings: B × D, overwritten with unit vectors.
  /// - Complexity: about 2 · ΣT · (4·D² + 2·D·I) · L operations; allocates only where `scratch` grows.
  package func encode(
    tokens: Span<Int32>, offsets: Span<Int>, scratch: inout EncoderScratch,
    into embeddings: inout MutableSpan<Float>
  ) {
    let D = configuration.width
    let passageCount = offsets.count - 1
    let count = offsets[passageCount]
    scratch.reserve(tokens: count, configuration, numericPath)
    embed(tokens: tokens, offsets: offsets, &scratch)
    for layer in layers { layer.apply(kernels, configuration, offsets: offsets, &scratch) }
    for passage in 0..<passageCount {
      let (start, end) = (offsets[passage], offsets[passage + 1])
      let rows = pooling == .cls ? 1 : end - start
      let hidden = scratch.hidden.span.extracting(start * D..<(start + rows) * D)
      var embedding = embeddings.part(passage * D..<(passage + 1) * D)
      kernels.meanRows(hidden, rows: rows, into: &embedding)
      normalize(&embedding)
    }
  }

  private func embed(tokens: Span<Int32>, offsets: Span<Int>, _ scratch: inout EncoderScratch) {
    let D = configuration.width
    let (words, positions) = (words, positions)
    var hidden = scratch.hidden.mutableSpan
    for passage in 0..<offsets.count - 1 {
      let range = offsets[passage]..<offsets[passage + 1]
      var rows = hidden.part(range.lowerBound * D..<range.upperBound * D)
      kernels.embed(
        ids: tokens.extracting(range), words: words.span, positions: positions.span, width: D,
        into: &rows)
    }
    embeddingNorm.apply(
      kernels, &hidden, rows: offsets[offsets.count - 1], epsilon: configuration.layerNormEpsilon)
  }

  /// Brings a vector to unit length; a vector of zeros stays.
  private func normalize(_ vector: inout MutableSpan<Float>) {
    let length = kernels.dot(vector.span, vector.span).squareRoot()
    // The floor is the one that PyTorch's normalize has, so that tiny vectors agree too.
    let factor = 1 / max(length, 1e-12)
    for index in 0..<vector.count { vector[index] *= factor }
  }
}
