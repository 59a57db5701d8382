package import Encoding

/// Where each tensor of an encoder lies in one flat block of floats.
///
/// Values, gradients and the optimizer's means are blocks of this one layout, so a step of an optimizer is
/// one pass, whatever the tensors are. Queries', keys' and values' weights follow each other: they are one
/// product.
package struct ParameterLayout: Sendable {
  package struct Tensor: Sendable, Equatable {
    /// As transformers calls it.
    package let name: String
    /// Outputs × inputs, rows × D, or one size.
    package let shape: [Int]
    package let range: Range<Int>
    /// Whether weight decay is for it: for products' weights and tables, not for biases and norms.
    package let isDecayed: Bool
  }

  /// A norm's scale and shift.
  struct Norm: Sendable {
    let gamma: Range<Int>
    let beta: Range<Int>
  }

  /// A product's weight, N × K, and bias.
  struct Dense: Sendable {
    let weight: Range<Int>
    let bias: Range<Int>
  }

  struct Layer: Sendable {
    let qkv: Dense
    let attentionOutput: Dense
    let attentionNorm: Norm
    let up: Dense
    let down: Dense
    let outputNorm: Norm
  }

  package let shape: TransformerConfiguration
  /// In the order of their places, without gaps.
  package private(set) var tensors: [Tensor] = []
  /// Floats of a block.
  package private(set) var count = 0
  let words: Range<Int>
  let positions: Range<Int>
  let types: Range<Int>
  let embeddingNorm: Norm
  private(set) var layers: [Layer] = []

  package init(_ shape: TransformerConfiguration) {
    var builder = Builder()
    let (D, I) = (shape.width, shape.intermediateWidth)
    self.shape = shape
    words = builder.add("embeddings.word_embeddings.weight", [shape.vocabularySize, D])
    positions = builder.add("embeddings.position_embeddings.weight", [shape.positionCount, D])
    types = builder.add("embeddings.token_type_embeddings.weight", [shape.typeCount, D])
    embeddingNorm = builder.addNorm("embeddings.LayerNorm", D)
    for index in 0..<shape.layerCount {
      let names = TransformerLayerNames(index)
      layers.append(
        Layer(
          qkv: builder.addDense(names.qkv, from: D, to: D),
          attentionOutput: builder.addDense([names.attentionOutput], from: D, to: D),
          attentionNorm: builder.addNorm(names.attentionNorm, D),
          up: builder.addDense([names.up], from: D, to: I),
          down: builder.addDense([names.down], from: I, to: D),
          outputNorm: builder.addNorm(names.outputNorm, D)))
    }
    tensors = builder.tensors
    count = builder.count
  }

  private struct Builder {
    var tensors: [Tensor] = []
    var count = 0

    mutating func add(_ name: String, _ shape: [Int], isDecayed: Bool = true) -> Range<Int> {
      let range = count..<count + shape.reduce(1, *)
      tensors.append(Tensor(name: name, shape: shape, range: range, isDecayed: isDecayed))
      count = range.upperBound
      return range
    }

    mutating func addNorm(_ name: String, _ width: Int) -> Norm {
      Norm(
        gamma: add(name + ".weight", [width], isDecayed: false),
        beta: add(name + ".bias", [width], isDecayed: false))
    }

    /// Products of one input side by side: first all weights, then all biases.
    mutating func addDense(_ names: [String], from K: Int, to N: Int) -> Dense {
      let weights = names.map { add($0 + ".weight", [N, K]) }
      let biases = names.map { add($0 + ".bias", [N], isDecayed: false) }
      return Dense(
        weight: weights[0].lowerBound..<weights[names.count - 1].upperBound,
        bias: biases[0].lowerBound..<biases[names.count - 1].upperBound)
    }
  }
}
