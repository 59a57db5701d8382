internal import LinearAlgebra

/// The weights of all layers' products, rounded to 12 bits and packed as the kernels read them.
///
/// They are one stretch of memory that can be written to a file and mapped again: for each layer, in the
/// order of `Product`, panels, scales and bias (`Int12LinearSize`), each from a multiple of 64 bytes.
package final class PackedWeights: Sendable {
  /// The products of a layer.
  enum Product: Int, CaseIterable {
    /// D → 3D: queries, keys and values in one, group of heads by group of heads.
    case qkv
    /// D → D.
    case attentionOutput
    /// D → I and back.
    case up, down

    func inputWidth(_ shape: TransformerConfiguration) -> Int {
      self == .down ? shape.intermediateWidth : shape.width
    }

    func outputWidth(_ shape: TransformerConfiguration) -> Int {
      switch self {
      case .qkv: 3 * shape.width
      case .attentionOutput, .down: shape.width
      case .up: shape.intermediateWidth
      }
    }
  }

  private enum Storage: ~Copyable, Sendable {
    case mapped(MappedFile, from: Int)
    case owned(AlignedBuffer<Int16>)
  }

  private let storage: Storage
  private let shape: TransformerConfiguration

  /// Rounds and packs the weights of a model.
  ///
  /// - Complexity: a few passes over the weights.
  init(_ weights: some WeightSource, _ shape: TransformerConfiguration) throws(EncodingError) {
    // All tensors are checked against the file before memory of a size from config.json is taken.
    var parts: [[Part]] = []
    for layer in 0..<shape.layerCount {
      for product in Product.allCases {
        parts.append(try Self.parts(weights, layer, product, shape))
      }
    }
    var memory = AlignedBuffer<Int16>(
      repeating: 0, count: Self.byteCount(shape) / MemoryLayout<Int16>.size)
    var view = memory.mutableSpan
    for layer in 0..<shape.layerCount {
      for product in Product.allCases {
        Self.pack(
          parts[layer * Product.allCases.count + product.rawValue],
          at: Self.place(layer, product, shape), into: &view)
      }
    }
    storage = .owned(memory)
    self.shape = shape
  }

  /// Weights that lie in a file from that byte, a multiple of 64, to its end; nil where the file has not as
  /// many bytes as the shape needs.
  package init?(
    _ file: MappedFile, from start: Int, _ shape: TransformerConfiguration
  ) {
    guard start % Self.alignment == 0, file.count == start + Self.byteCount(shape) else {
      return nil
    }
    storage = .mapped(file, from: start)
    self.shape = shape
  }

  /// What to write to a file.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      switch storage {
      case .mapped(let file, let start):
        let bytes = file.bytes.extracting(start..<file.count)
        return unsafe _overrideLifetime(bytes, borrowing: self)
      case .owned(let memory):
        // Sound: numbers are read as bytes, and self holds the memory.
        return unsafe _overrideLifetime(memory.span.bytes, borrowing: self)
      }
    }
  }

  /// The weights of one product of one layer.
  @_lifetime(borrow self)
  func linear(_ layer: Int, _ product: Product) -> Int12Linear {
    let place = Self.place(layer, product, shape)
    let bytes = bytes
    // Sound: every bit pattern is a number, and all places are multiples of 64.
    let linear = Int12Linear(
      inputWidth: product.inputWidth(shape), outputWidth: product.outputWidth(shape),
      panels: Span<Int16>(_bytes: bytes.extracting(place.panels)),
      scales: Span<Float>(_bytes: bytes.extracting(place.scales)),
      bias: Span<Float>(_bytes: bytes.extracting(place.bias)))
    return unsafe _overrideLifetime(linear, borrowing: self)
  }
}

extension PackedWeights {
  /// A cache line.
  private static let alignment = 64

  /// Where the numbers of one product are, in bytes.
  private struct Place {
    var panels = 0..<0
    var scales = 0..<0
    var bias = 0..<0

    init(from start: Int, inputWidth: Int, outputWidth: Int) {
      let size = Int12LinearSize(inputWidth: inputWidth, outputWidth: outputWidth)
      // Panels of 16 numbers in pairs: whole lines. So are 16 floats.
      panels = start..<start + size.panels * MemoryLayout<Int16>.size
      scales = panels.upperBound..<panels.upperBound + size.outputs * MemoryLayout<Float>.size
      bias = scales.upperBound..<scales.upperBound + size.outputs * MemoryLayout<Float>.size
    }
  }

  private static func place(
    _ layer: Int, _ product: Product, _ shape: TransformerConfiguration
  ) -> Place {
    var start = layer * layerByteCount(shape)
    for other in Product.allCases {
      let place = Place(
        from: start, inputWidth: other.inputWidth(shape), outputWidth: other.outputWidth(shape))
      if other == product { return place }
      start = place.bias.upperBound
    }
    preconditionFailure("\(product) is a product of every layer")
  }

  private static func layerByteCount(_ shape: TransformerConfiguration) -> Int {
    Product.allCases.reduce(0) { sum, product in
      Place(
        from: sum, inputWidth: product.inputWidth(shape),
        outputWidth: product.outputWidth(shape)
      ).bias.upperBound
    }
  }

  /// Heads whose queries, keys and values lie side by side: three, or all where the panels of three would
  /// not be whole.
  static func headGroupSize(_ shape: TransformerConfiguration) -> Int {
    let size = 3
    let outputs = 3 * size * shape.headWidth
    return outputs % Int12Linear.outputAlignment == 0
      ? min(size, shape.headCount) : shape.headCount
  }

  /// Bytes of all layers.
  package static func byteCount(_ shape: TransformerConfiguration) -> Int {
    shape.layerCount * layerByteCount(shape)
  }

  /// Some outputs of a tensor.
  private struct Part {
    let weight: FloatTensor
    let bias: FloatTensor
    let outputs: Range<Int>
  }

  /// What a product is made of, in the order of its outputs.
  private static func parts(
    _ weights: some WeightSource, _ layer: Int, _ product: Product,
    _ shape: TransformerConfiguration
  ) throws(EncodingError) -> [Part] {
    let names = TransformerLayerNames(layer)
    let (K, N) = (product.inputWidth(shape), product.outputWidth(shape))
    let name: String
    switch product {
    case .qkv: return try qkvParts(weights, names, shape)
    case .attentionOutput: name = names.attentionOutput
    case .up: name = names.up
    case .down: name = names.down
    }
    return try weights.parts([name], from: K, to: N).map {
      Part(weight: $0.weight, bias: $0.bias, outputs: 0..<N)
    }
  }

  private static func qkvParts(
    _ weights: some WeightSource, _ names: TransformerLayerNames, _ shape: TransformerConfiguration
  ) throws(EncodingError) -> [Part] {
    let tensors = try weights.parts(names.qkv, from: shape.width, to: shape.width)
    let W = headGroupSize(shape) * shape.headWidth
    var parts: [Part] = []
    for start in stride(from: 0, to: shape.width, by: W) {
      let outputs = start..<min(start + W, shape.width)
      parts += tensors.map { Part(weight: $0.weight, bias: $0.bias, outputs: outputs) }
    }
    return parts
  }

  private static func pack(
    _ parts: [Part], at place: Place, into memory: inout MutableSpan<Int16>
  ) {
    let outputs = place.bias.count / MemoryLayout<Float>.size
    var scales = [Float](repeating: 0, count: outputs)
    var bias = scales
    var first = 0
    var panels = memory.part(place.panels.lowerBound / 2..<place.panels.upperBound / 2)
    for part in parts {
      let K = part.weight.span.count / part.bias.span.count
      var view = scales.mutableSpan
      let rows = part.outputs
      Kernels.pack(
        weight: part.weight.span.extracting(rows.lowerBound * K..<rows.upperBound * K),
        inputWidth: K, asOutputsFrom: first, panels: &panels, scales: &view)
      let offsets = part.bias.span
      for index in 0..<rows.count { bias[first + index] = offsets[rows.lowerBound + index] }
      first += rows.count
    }
    write(scales, at: place.scales.lowerBound / 2, into: &memory)
    write(bias, at: place.bias.lowerBound / 2, into: &memory)
  }

  private static func write(
    _ floats: [Float], at start: Int, into memory: inout MutableSpan<Int16>
  ) {
    for (index, value) in floats.enumerated() {
      let bits = value.bitPattern.littleEndian
      memory[start + 2 * index] = Int16(truncatingIfNeeded: bits)
      memory[start + 2 * index + 1] = Int16(truncatingIfNeeded: bits >> 16)
    }
  }
}
