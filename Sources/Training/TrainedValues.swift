package import Encoding
package import LinearAlgebra

/// An encoder's parameters at some moment of a run, adapters merged: what is validated, and what is written.
package struct TrainedValues: WeightSource, Sendable {
  package let layout: ParameterLayout
  /// Floats of the layout, of nobody else.
  package let values: SharedFloats

  /// - Parameter trained: values of what is trained, as they were then.
  package init(_ encoder: TrainableEncoder, trained: SharedFloats) {
    layout = encoder.layout
    values = SharedFloats(count: encoder.layout.count)
    if let adapters = encoder.trained.adapters {
      values.copy(encoder.values)
      adapters.merge(trained, into: values, of: encoder.layout)
    } else {
      values.copy(trained)
    }
  }

  /// The parameters of a model.
  ///
  /// - Throws: `EncodingError` for a tensor that is missing or has another shape.
  package init(of model: ModelDirectory) throws {
    layout = ParameterLayout(model.configuration)
    values = SharedFloats(count: layout.count)
    let weights = try WeightFile(model)
    for tensor in layout.tensors {
      let source = try weights.floats(tensor.name, tensor.shape)
      // Sound: nobody else has it yet.
      var part = unsafe values.mutableSpan(tensor.range)
      part.copy(source.span)
    }
  }

  /// These with low-rank adapters in them.
  package func merged(with adapters: AdapterLayout, _ trained: SharedFloats) -> TrainedValues {
    let merged = SharedFloats(count: values.count)
    merged.copy(values)
    adapters.merge(trained, into: merged, of: layout)
    return TrainedValues(layout, merged)
  }

  private init(_ layout: ParameterLayout, _ values: SharedFloats) {
    self.layout = layout
    self.values = values
  }

  /// α of these and 1 − α of the parent's.
  ///
  /// Source: Wortsman et al. 2022, section 2.
  package func mixed(with parent: some WeightSource, share: Double) throws -> TrainedValues {
    let mixed = SharedFloats(count: values.count)
    for tensor in layout.tensors {
      let base = try parent.floats(tensor.name, tensor.shape)
      let (old, new) = (base.span, values.span(tensor.range))
      // Sound: nobody else has it yet.
      var part = unsafe mixed.mutableSpan(tensor.range)
      for index in 0..<part.count {
        let (from, to) = (Double(old[index]), Double(new[index]))
        part[index] = Float(from + share * (to - from))
      }
    }
    return TrainedValues(layout, mixed)
  }

  package func floats(_ name: String, _ shape: [Int]) throws(EncodingError) -> FloatTensor {
    guard let tensor = layout.tensors.first(where: { $0.name == name }), tensor.shape == shape
    else { throw .tensor(path: "the trained values", name: name, problem: "is missing") }
    let source = values.span(tensor.range)
    var copy = AlignedBuffer<Float>(repeating: 0, count: source.count)
    var view = copy.mutableSpan
    view.copy(source)
    return FloatTensor(values: copy)
  }
}
