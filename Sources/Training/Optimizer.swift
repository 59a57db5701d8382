package import LinearAlgebra

/// A rule by which values follow their gradients, its settings those of the papers.
package enum OptimizerKind: Sendable, Equatable {
  /// Source: Loshchilov & Hutter 2019, algorithm 2, in PyTorch's order of operations.
  case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// Source: Chen et al. 2023, algorithm 2.
  case lion(beta1: Double = 0.9, beta2: Double = 0.99)
}

/// Values, gradients and means in blocks of one layout, changed in one pass.
package struct Optimizer: Sendable {
  package let kind: OptimizerKind
  package let weightDecay: Double
  let values: SharedFloats
  let gradients: SharedFloats
  /// Of gradients, and for AdamW of their squares.
  package let first: SharedFloats
  package let second: SharedFloats
  private let kernels: Kernels
  private let workers: Workers
  private let items: [Item]

  /// What one worker changes at a time: few enough that all blocks' parts stay in the second-level cache.
  private struct Item: Sendable {
    let range: Range<Int>
    let isDecayed: Bool
  }
  private static let itemSize = 1 << 14

  package init(
    _ kind: OptimizerKind, weightDecay: Double, _ block: TrainedBlock, kernels: Kernels,
    workerCount: Int
  ) {
    self.kind = kind
    self.weightDecay = weightDecay
    values = block.values
    gradients = block.gradients
    self.kernels = kernels
    workers = Workers(count: workerCount)
    first = SharedFloats(count: values.count)
    first.fill(0)
    if case .adamW = kind {
      second = SharedFloats(count: values.count)
      second.fill(0)
    } else {
      second = SharedFloats(count: 0)
    }
    items = block.tensors.flatMap { tensor in
      stride(from: tensor.range.lowerBound, to: tensor.range.upperBound, by: Self.itemSize).map {
        Item(
          range: $0..<min($0 + Self.itemSize, tensor.range.upperBound),
          isDecayed: tensor.isDecayed)
      }
    }
  }

  /// √Σ g² over all tensors that are changed: the same for any number of workers.
  package func gradientNorm() -> Double {
    let squares = SharedDoubles(count: items.count)
    workers.forEach(items.count) { number, _ in
      var sum = 0.0
      // Sums of float32 over 1,024 numbers keep six digits.
      for start in stride(
        from: items[number].range.lowerBound, to: items[number].range.upperBound, by: 1_024)
      {
        let part = gradients.span(start..<min(start + 1_024, items[number].range.upperBound))
        sum += Double(kernels.dot(part, part))
      }
      squares[number] = sum
    }
    return (0..<items.count).reduce(0) { $0 + squares[$1] }.squareRoot()
  }

  /// Changes the values, and sets the gradients to zero.
  ///
  /// - Parameters:
  ///   - number: 1 for the first step.
  ///   - rate: the learning rate.
  ///   - gradientScale: what gradients are multiplied by: below 1 where they are clipped.
  /// - Complexity: memory traffic of 32 bytes a value for AdamW, 24 for Lion.
  package func step(number: Int, rate: Double, gradientScale: Double = 1) {
    workers.forEach(items.count) { place, _ in
      let item = items[place]
      let decay = item.isDecayed ? rate * weightDecay : 0
      // Sound: items do not overlap, and each is one worker's.
      var values = unsafe values.mutableSpan(item.range)
      var gradient = unsafe gradients.mutableSpan(item.range)
      var first = unsafe first.mutableSpan(item.range)
      switch kind {
      case .adamW(let beta1, let beta2, let epsilon):
        var second = unsafe second.mutableSpan(item.range)
        kernels.adamW(
          AdamWStep(
            number: number, rate: rate, decay: decay, beta1: beta1, beta2: beta2, epsilon: epsilon,
            gradientScale: gradientScale),
          gradient: gradient.span, values: &values, first: &first, second: &second)
      case .lion(let beta1, let beta2):
        kernels.lion(
          LionStep(
            rate: rate, decay: decay, beta1: beta1, beta2: beta2, gradientScale: gradientScale),
          gradient: gradient.span, values: &values, mean: &first)
      }
      gradient.update(repeating: 0)
    }
  }
}

/// One number an item, each written by one worker.
@safe private final class SharedDoubles: @unchecked Sendable {
  // Sendable: no two workers use one place.
  private let base: UnsafeMutableBufferPointer<Double>

  init(count: Int) {
    unsafe base = .allocate(capacity: count)
    unsafe base.initialize(repeating: 0)
  }

  deinit { unsafe base.deallocate() }

  subscript(index: Int) -> Double {
    get { unsafe base[index] }
    set { unsafe base[index] = newValue }
  }
}
