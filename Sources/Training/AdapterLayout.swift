package import Encoding

/// Low-rank adapters: y = x·Wᵀ + b + (α/r)·(x·Aᵀ)·Bᵀ for some products, of which only A and B are trained.
///
/// Source: Hu et al. 2021, section 4.1.
package struct AdapterSettings: Sendable, Equatable {
  /// A product, by the end of its name.
  package enum Target: String, Sendable, CaseIterable {
    case query = "attention.self.query"
    case key = "attention.self.key"
    case value = "attention.self.value"
    case attentionOutput = "attention.output.dense"
    case intermediate = "intermediate.dense"
    case output = "output.dense"

    /// K and N of the product's weight, N × K.
    func widths(in shape: TransformerConfiguration) -> (inputs: Int, outputs: Int) {
      let (D, I) = (shape.width, shape.intermediateWidth)
      return (self == .output ? I : D, self == .intermediate ? I : D)
    }
  }

  /// r, and α.
  package var rank = 16
  package var alpha = 32.0
  /// Of the adapter's input.
  package var dropout = 0.05
  package var targets: [Target] = [.query, .value]

  package init() {}

  package var scale: Double { alpha / Double(rank) }
}

/// Where A and B of each adapter lie in one flat block of floats.
package struct AdapterLayout: Sendable {
  /// A: r × K. B: N × r.
  struct Place: Sendable {
    let a: Range<Int>
    let b: Range<Int>
  }

  package let settings: AdapterSettings
  /// Named as PEFT does, `base_model.model.` left out.
  package private(set) var tensors: [ParameterLayout.Tensor] = []
  package private(set) var count = 0
  private var places: [[AdapterSettings.Target: Place]] = []

  package init(_ shape: TransformerConfiguration, _ settings: AdapterSettings) {
    self.settings = settings
    for layer in 0..<shape.layerCount {
      var places: [AdapterSettings.Target: Place] = [:]
      for target in AdapterSettings.Target.allCases where settings.targets.contains(target) {
        let name = "encoder.layer.\(layer).\(target.rawValue)"
        let (inputs, outputs) = target.widths(in: shape)
        places[target] = Place(
          a: add(name + ".lora_A.weight", [settings.rank, inputs]),
          b: add(name + ".lora_B.weight", [outputs, settings.rank]))
      }
      self.places.append(places)
    }
  }

  func place(layer: Int, _ target: AdapterSettings.Target) -> Place? { places[layer][target] }

  private mutating func add(_ name: String, _ shape: [Int]) -> Range<Int> {
    let range = count..<count + shape.reduce(1, *)
    tensors.append(
      ParameterLayout.Tensor(name: name, shape: shape, range: range, isDecayed: true))
    count = range.upperBound
    return range
  }
}
