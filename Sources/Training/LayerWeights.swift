internal import Encoding
internal import LinearAlgebra

/// The products of one layer, packed from the current parameters for both directions.
final class LayerWeights: @unchecked Sendable {
  // Sendable: `pack` has it alone; between two calls of it everybody only reads.
  private(set) var qkv: Linear
  private(set) var attentionOutput: Linear
  private(set) var up: Linear
  private(set) var down: Linear
  /// From the gradient of a product's output to that of its input.
  private(set) var qkvBack: Linear
  private(set) var attentionOutputBack: Linear
  private(set) var upBack: Linear
  private(set) var downBack: Linear

  private let layer: ParameterLayout.Layer

  init(_ layout: ParameterLayout, layer: Int) {
    let (D, I) = (layout.shape.width, layout.shape.intermediateWidth)
    self.layer = layout.layers[layer]
    qkv = Linear(inputWidth: D, outputWidth: 3 * D)
    attentionOutput = Linear(inputWidth: D, outputWidth: D)
    up = Linear(inputWidth: D, outputWidth: I)
    down = Linear(inputWidth: I, outputWidth: D)
    qkvBack = Linear(inputWidth: 3 * D, outputWidth: D)
    attentionOutputBack = Linear(inputWidth: D, outputWidth: D)
    upBack = Linear(inputWidth: I, outputWidth: D)
    downBack = Linear(inputWidth: D, outputWidth: I)
  }

  /// Takes the weights from the block of parameters.
  func pack(_ values: SharedFloats) {
    qkv.replace(weight: values.span(layer.qkv.weight), bias: values.span(layer.qkv.bias))
    attentionOutput.replace(
      weight: values.span(layer.attentionOutput.weight),
      bias: values.span(layer.attentionOutput.bias))
    up.replace(weight: values.span(layer.up.weight), bias: values.span(layer.up.bias))
    down.replace(weight: values.span(layer.down.weight), bias: values.span(layer.down.bias))
    qkvBack.replaceTransposed(weight: values.span(layer.qkv.weight))
    attentionOutputBack.replaceTransposed(weight: values.span(layer.attentionOutput.weight))
    upBack.replaceTransposed(weight: values.span(layer.up.weight))
    downBack.replaceTransposed(weight: values.span(layer.down.weight))
  }
}
