import LinearAlgebra
import Testing

@testable import Encoding
@testable import Training

/// Gradients against PyTorch's autograd in float64 (tools/goldens/training).
@Suite struct GradientGoldenTests {
  /// Numbers that the golden script makes, too.
  private static func direction(rows: Int, width: Int) -> [Float] {
    (0..<rows * width).map { Float(($0 * 37 + $0 / width * 11) % 17 - 8) / 8 }
  }

  @Test("the gradient of every tensor is PyTorch's", arguments: ["plain", "odd", "cls"])
  func gradients(name: String) throws {
    let encoder = try TrainingFixture.encoder(name)
    let golden = try SafeTensors(path: TrainingFixture.golden("gradients/\(name).safetensors"))
    let D = encoder.layout.shape.width
    let (tokens, offsets) = try TrainingFixture.tokens(TrainingFixture.texts(name), name)
    let B = offsets.count - 1
    let pooled = SharedFloats(count: B * D)
    encoder.forward(tokens: tokens, offsets: offsets, into: pooled)
    let expected = try golden.floats("pooled", shape: [B, D])
    // float32 through three layers.
    #expect(relativeError(pooled.array, expected.array) <= 2e-5)
    encoder.backward(
      tokens: tokens, offsets: offsets,
      pooledGradient: SharedFloats(Self.direction(rows: B, width: D)))
    var worst = 0.0
    for tensor in encoder.layout.tensors {
      let expected = try golden.floats(tensor.name, shape: tensor.shape).array
      let found = encoder.trained.gradients.array(tensor.range)
      // Keys' biases have no gradient: softmax does not see what all scores share.
      if tensor.name.hasSuffix("key.bias") {
        #expect(found.allSatisfy { abs($0) < 1e-3 }, "\(tensor.name)")
        continue
      }
      let error = relativeError(found, expected)
      worst = max(worst, error)
      #expect(error <= 1e-4, "\(tensor.name): \(error)")
    }
    print("GradientGoldenTests: \(name): largest relative error \(worst)")
  }
}

extension FloatTensor {
  var array: [Float] {
    let values = span
    return values.indices.map { values[$0] }
  }
}
