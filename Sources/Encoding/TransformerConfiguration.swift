/// The shape of a BERT-type encoder, as config.json gives it.
package struct TransformerConfiguration: Equatable, Sendable {
  /// L, the number of layers.
  package let layerCount: Int
  /// D, the width of a hidden state and of an embedding.
  package let width: Int
  /// H, the number of attention heads; D is a multiple of it.
  package let headCount: Int
  /// The width of a feed-forward layer.
  package let intermediateWidth: Int
  /// V, the number of rows of the word embedding table.
  package let vocabularySize: Int
  /// Positions with an embedding, hence the longest passage in tokens.
  package let positionCount: Int
  /// Rows of the token type table; only row 0 is used.
  package let typeCount: Int
  /// ε of every LayerNorm.
  package let layerNormEpsilon: Float

  package var headWidth: Int { width / headCount }

  /// - Throws: `EncodingError` naming the key that is absent, out of range or unsupported.
  package init(directory: String) throws(EncodingError) {
    let file = try ModelFile(path: directory + "/config.json")
    try file.require("model_type", toBeOneOf: ["bert"], default: "bert")
    try file.require("hidden_act", toBeOneOf: ["gelu"], default: "gelu")
    try file.require("position_embedding_type", toBeOneOf: ["absolute"], default: "absolute")
    guard try !file.flag("is_decoder") else {
      throw .unsupported(path: file.path, feature: "\"is_decoder\" is true")
    }
    layerCount = try file.integer("num_hidden_layers", in: 1...1_000)
    width = try file.integer("hidden_size", in: 1...65_536)
    headCount = try file.integer("num_attention_heads", in: 1...4_096)
    intermediateWidth = try file.integer("intermediate_size", in: 1...1_048_576)
    vocabularySize = try file.integer("vocab_size", in: 1...16_777_216)
    positionCount = try file.integer("max_position_embeddings", in: 3...1_048_576)
    typeCount = try file.integer("type_vocab_size", in: 1...65_536, default: 2)
    layerNormEpsilon = Float(try file.number("layer_norm_eps", in: 0...1, default: 1e-12))
    guard width % headCount == 0 else {
      throw .malformed(
        path: file.path,
        problem: "hidden_size \(width) is not a multiple of num_attention_heads \(headCount)")
    }
  }
}
