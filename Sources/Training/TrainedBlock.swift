internal import Encoding
package import LinearAlgebra

/// The floats that an optimizer changes: an encoder's parameters or its adapters, and their gradients.
package struct TrainedBlock: Sendable {
  /// Those that change, of all that have a place.
  package let tensors: [ParameterLayout.Tensor]
  package let values: SharedFloats
  /// Zeros at first.
  package let gradients: SharedFloats
  /// Where values are those of adapters.
  package let adapters: AdapterLayout?

  init(
    _ layout: ParameterLayout, values: SharedFloats, scope: TrainingScope,
    adapters: AdapterLayout?
  ) {
    self.adapters = adapters
    if let adapters {
      tensors = adapters.tensors
      self.values = SharedFloats(count: adapters.count)
      self.values.fill(0)
    } else {
      let start = layout.layers.indices.first { scope.trainsLayer($0) }
      let firstLayer = start.map { layout.layers[$0].qkv.weight.lowerBound } ?? layout.count
      let embeddingsEnd = layout.embeddingNorm.beta.upperBound
      tensors = layout.tensors.filter { tensor in
        tensor.range.lowerBound >= firstLayer
          || (scope.trainsEmbeddings && tensor.range.upperBound <= embeddingsEnd)
      }
      self.values = values
    }
    gradients = SharedFloats(count: self.values.count)
    gradients.fill(0)
  }

  /// The block of a `QueryAdapter`.
  init(queryAdapterOf width: Int, rank: Int) {
    adapters = nil
    let shapes = [("left", [rank, width]), ("right", [rank, width]), ("bias", [width])]
    var (tensors, count) = ([ParameterLayout.Tensor](), 0)
    for (name, shape) in shapes {
      let range = count..<count + shape.reduce(1, *)
      tensors.append(
        ParameterLayout.Tensor(name: name, shape: shape, range: range, isDecayed: name != "bias"))
      count = range.upperBound
    }
    self.tensors = tensors
    values = SharedFloats(count: count)
    values.fill(0)
    gradients = SharedFloats(count: count)
    gradients.fill(0)
  }

  /// Gives adapters their first values: B (of queries' adapters U) zeros, A (V) even in ±1/√K, so that at first
  /// nothing changes.
  ///
  /// Source: He et al. 2015, equation 14 for slope √5, as PEFT does.
  package func startAdapters(seed: UInt64) {
    for (number, tensor) in tensors.enumerated()
    where tensor.name.hasSuffix("lora_A.weight") || tensor.name == "right" {
      let limit = 1 / Float(tensor.shape[1]).squareRoot()
      // Sound: nobody else writes.
      var part = unsafe values.mutableSpan(tensor.range)
      let numbers = Kernels.random(part.count, key: RandomKey.mix(seed, UInt64(number)))
      for index in 0..<part.count {
        part[index] = limit * (Float(numbers[index] >> 8) / Float(1 << 23) - 1)
      }
    }
  }
}
