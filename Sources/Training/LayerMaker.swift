internal import Encoding
internal import LinearAlgebra

/// Puts together the layers of an encoder, which share the memory of one layer's gradients.
struct LayerMaker {
  private let layout: ParameterLayout
  private let adapters: AdapterLayout?
  private let scope: TrainingScope
  private let values: SharedFloats
  private let tape: Tape
  private let sums: BiasSums
  private let kernels: Kernels
  private let operands: Operands
  private let lowRank: [AdapterSettings.Target: (down: GradientOperands, up: GradientOperands)]

  private struct Operands {
    let qkv: GradientOperands
    let attentionOutput: GradientOperands
    let up: GradientOperands
    let down: GradientOperands
  }

  init(
    layout: ParameterLayout, adapters: AdapterLayout?, scope: TrainingScope, values: SharedFloats,
    tape: Tape, sums: BiasSums, capacity: Int, kernels: Kernels
  ) {
    self.layout = layout
    self.adapters = adapters
    self.scope = scope
    self.values = values
    self.tape = tape
    self.sums = sums
    self.kernels = kernels
    let (D, I) = (layout.shape.width, layout.shape.intermediateWidth)
    // Only pages that are written to take memory: with adapters alone none of these are.
    operands = Operands(
      qkv: GradientOperands(from: D, to: 3 * D, capacity: capacity),
      attentionOutput: GradientOperands(from: D, to: D, capacity: capacity),
      up: GradientOperands(from: D, to: I, capacity: capacity),
      down: GradientOperands(from: I, to: D, capacity: capacity))
    var lowRank: [AdapterSettings.Target: (down: GradientOperands, up: GradientOperands)] = [:]
    if let settings = adapters?.settings {
      for target in settings.targets {
        let (K, N) = target.widths(in: layout.shape)
        lowRank[target] = (
          GradientOperands(from: K, to: settings.rank, capacity: capacity),
          GradientOperands(from: settings.rank, to: N, capacity: capacity)
        )
      }
    }
    self.lowRank = lowRank
  }

  func layer(_ index: Int) -> TrainableLayer {
    let (place, shape) = (layout.layers[index], layout.shape)
    let places = sums.places
    func product(
      _ dense: ParameterLayout.Dense, _ biasSum: Range<Int>, _ operands: GradientOperands,
      _ targets: [AdapterSettings.Target]
    ) -> TrainableProduct {
      let (K, N) = (operands.inputWidth, operands.outputWidth)
      return TrainableProduct(
        kernels: kernels, weights: ProductWeights(from: K, to: N), place: dense, biasSum: biasSum,
        operands: scope.trainsLayer(index) ? operands : nil,
        adapters: targets.enumerated().compactMap { part, target in
          let width = N / targets.count
          return adapter(
            index, target, outputs: part * width..<(part + 1) * width, of: N, from: K)
        })
    }
    return TrainableLayer(
      kernels: kernels, shape: shape, index: index, place: place,
      inputNorm: index == 0 ? layout.embeddingNorm : layout.layers[index - 1].outputNorm,
      inputNormalized: index == 0
        ? tape.embeddingNormalized : tape.layers[index - 1].outputNormalized,
      values: values, tape: tape.layers[index], sums: sums, dropout: scope.dropout,
      qkv: product(place.qkv, places.qkvBias, operands.qkv, [.query, .key, .value]),
      attentionOutput: product(
        place.attentionOutput, places.attentionOutputBias, operands.attentionOutput,
        [.attentionOutput]),
      up: product(place.up, places.upBias, operands.up, [.intermediate]),
      down: product(place.down, places.downBias, operands.down, [.output]))
  }

  private func adapter(
    _ layer: Int, _ target: AdapterSettings.Target, outputs: Range<Int>, of N: Int, from K: Int
  ) -> LowRankProduct? {
    guard let adapters, let place = adapters.place(layer: layer, target),
      let operands = lowRank[target]
    else { return nil }
    let number = AdapterSettings.Target.allCases.firstIndex(of: target) ?? 0
    let rank = adapters.settings.rank
    return LowRankProduct(
      kernels: kernels, settings: adapters.settings, place: place,
      site: DropoutSite.layer(layer, 2 + number), outputs: outputs, hostWidth: N, inputWidth: K,
      down: ProductWeights(from: K, to: rank), up: ProductWeights(from: rank, to: outputs.count),
      downOperands: operands.down, upOperands: operands.up)
  }
}
