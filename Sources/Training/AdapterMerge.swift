internal import Encoding
package import LinearAlgebra

extension AdapterLayout {
  /// values[W] += (α/r)·B·A for each adapter: the encoder that its product beside adapters is.
  ///
  /// - Parameters:
  ///   - adapters: floats of this layout.
  ///   - values: floats of `layout`; nobody else may use them.
  /// - Complexity: r multiplications a weight.
  package func merge(
    _ adapters: SharedFloats, into values: SharedFloats, of layout: ParameterLayout
  ) {
    let shape = layout.shape
    for (index, layer) in layout.layers.enumerated() {
      for target in AdapterSettings.Target.allCases {
        guard let place = place(layer: index, target) else { continue }
        let D2 = shape.width * shape.width
        let start =
          switch target {
          case .query: layer.qkv.weight.lowerBound
          case .key: layer.qkv.weight.lowerBound + D2
          case .value: layer.qkv.weight.lowerBound + 2 * D2
          case .attentionOutput: layer.attentionOutput.weight.lowerBound
          case .intermediate: layer.up.weight.lowerBound
          case .output: layer.down.weight.lowerBound
          }
        add(place, of: adapters, to: values, from: start)
      }
    }
  }

  private func add(
    _ place: Place, of adapters: SharedFloats, to values: SharedFloats, from start: Int
  ) {
    let rank = settings.rank
    let (a, b) = (adapters.span(place.a), adapters.span(place.b))
    let (K, N) = (a.count / rank, b.count / rank)
    for output in 0..<N {
      // Sound: the caller has them alone.
      var row = unsafe values.mutableSpan(start + output * K..<start + (output + 1) * K)
      for r in 0..<rank {
        let factor = Float(settings.scale * Double(b[output * rank + r]))
        Kernels.add(a.extracting(r * K..<(r + 1) * K), times: factor, to: &row)
      }
    }
  }
}
