internal import LinearAlgebra

/// Weights of a BERT-type model by the names that transformers gives them.
package protocol WeightSource {
  /// - Throws: `EncodingError.tensor` where it is absent or does not fit.
  func floats(_ name: String, _ shape: [Int]) throws(EncodingError) -> FloatTensor
}

/// The weights in a model directory.
package struct WeightFile: WeightSource {
  private let tensors: SafeTensors
  /// `bert.` where the file was saved from a model with a head.
  private let prefix: String

  package init(_ model: ModelDirectory) throws(EncodingError) {
    tensors = try SafeTensors(path: model.transformerPath + "/model.safetensors")
    let probe = "bert.embeddings.word_embeddings.weight"
    prefix = tensors[probe] == nil ? "" : "bert."
  }

  package func floats(_ name: String, _ shape: [Int]) throws(EncodingError) -> FloatTensor {
    try tensors.floats(prefix + name, shape: shape)
  }
}

extension WeightSource {
  func layerNorm(_ name: String, width: Int) throws(EncodingError) -> LayerNorm {
    LayerNorm(
      gamma: try floats(name + ".weight", [width]), beta: try floats(name + ".bias", [width]))
  }

  /// Weights (outputs × inputs) and biases of layers of one shape, checked against the file.
  func parts(
    _ names: [String], from inputs: Int, to outputs: Int
  ) throws(EncodingError) -> [(weight: FloatTensor, bias: FloatTensor)] {
    var parts: [(weight: FloatTensor, bias: FloatTensor)] = []
    for name in names {
      let weight = try floats(name + ".weight", [outputs, inputs])
      parts.append((weight, try floats(name + ".bias", [outputs])))
    }
    return parts
  }

  /// Layers of one input side by side, as one.
  func linear(_ names: [String], from inputs: Int, to outputs: Int) throws(EncodingError) -> Linear
  {
    // All of them are checked against the file before memory of a size from config.json is taken.
    let parts = try parts(names, from: inputs, to: outputs)
    var linear = Linear(inputWidth: inputs, outputWidth: outputs * names.count)
    for part in parts { linear.append(weight: part.weight.span, bias: part.bias.span) }
    return linear
  }
}

/// What transformers calls the parts of a layer.
package struct TransformerLayerNames: Sendable {
  package let qkv: [String]
  package let attentionOutput: String
  package let attentionNorm: String
  package let up: String
  package let down: String
  package let outputNorm: String

  package init(_ index: Int) {
    let name = "encoder.layer.\(index)."
    qkv = ["query", "key", "value"].map { name + "attention.self." + $0 }
    attentionOutput = name + "attention.output.dense"
    attentionNorm = name + "attention.output.LayerNorm"
    up = name + "intermediate.dense"
    down = name + "output.dense"
    outputNorm = name + "output.LayerNorm"
  }
}
