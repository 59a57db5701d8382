import LinearAlgebra
import Testing

@testable import Encoding
@testable import Training

/// Gradients against central differences of a plain encoder in float64.
@Suite struct GradientDifferenceTests {
  private static let texts = ["The cat.", "x1 y", "cat cat the", "zebra."]

  private static func direction(_ index: Int) -> Double { Double((index * 37) % 17 - 8) / 8 }

  /// What differs from a plain full training.
  struct Case: CustomTestStringConvertible, Sendable {
    let model: String
    var targets: [AdapterSettings.Target] = []
    var adapterDropout = 0.0
    var dropout = 0.0

    var testDescription: String {
      "\(model) \(targets.map(\.rawValue)) \(adapterDropout) \(dropout)"
    }

    var scope: TrainingScope {
      var scope = TrainingScope()
      scope.dropout = dropout
      if !targets.isEmpty {
        var settings = AdapterSettings()
        settings.rank = 3
        settings.alpha = 5
        settings.dropout = adapterDropout
        settings.targets = targets
        scope.adapters = settings
      }
      return scope
    }
  }

  static let cases = [
    Case(model: "plain"), Case(model: "odd"), Case(model: "cls"), Case(model: "odd", dropout: 0.2),
    Case(model: "odd", targets: [.query, .value]),
    Case(model: "plain", targets: AdapterSettings.Target.allCases),
    Case(
      model: "odd", targets: AdapterSettings.Target.allCases, adapterDropout: 0.3, dropout: 0.1),
    Case(model: "cls", targets: [.key, .output], adapterDropout: 0.5),
  ]

  private static let key: UInt64 = 99

  /// 0 or 1 / (1 − rate) for each number, as that step's masks have it.
  private final class Masks {
    private let rate: Float
    private var numbers: [Int: [UInt32]] = [:]

    init(rate: Double) { self.rate = Float(rate) }

    func factor(_ site: Int, _ row: Int, _ column: Int, _ width: Int) -> Double {
      if rate == 0 { return 1 }
      let stream =
        numbers[site] ?? Kernels.random(1 << 14, key: RandomKey.mix(key, UInt64(site)))
      numbers[site] = stream
      return Double(stream[row * width + column]) >= Double(rate) * 4_294_967_296
        ? 1 / (1 - Double(rate)) : 0
    }
  }

  @Test("gradients are the slopes of the loss", arguments: cases)
  func slopes(_ test: Case) throws {
    let encoder = try TrainableEncoder(
      TrainingFixture.model(test.model), scope: test.scope, kernels: .best, workerCount: 2,
      tokenCapacity: 512)
    let block = encoder.trained
    encoder.trained.startAdapters(seed: 5)
    // B is zero at first, and A would have no slope.
    if block.adapters != nil {
      var values = unsafe block.values.mutableSpan(0..<block.values.count)
      for index in 0..<values.count where values[index] == 0 {
        values[index] = Float(Self.direction(index)) / 4
      }
      encoder.pack()
    }
    let (tokens, offsets) = try TrainingFixture.tokens(Self.texts, test.model)
    let D = encoder.layout.shape.width
    let pooled = SharedFloats(count: Self.texts.count * D)
    let context = PassContext(dropoutKey: Self.key)
    encoder.forward(tokens: tokens, offsets: offsets, context: context, into: pooled)
    let directions = (0..<pooled.count).map { Float(Self.direction($0)) }
    encoder.backward(
      tokens: tokens, offsets: offsets, context: context,
      pooledGradient: SharedFloats(directions))

    var plain = PlainEncoder(
      layout: encoder.layout, pooling: encoder.pooling,
      values: encoder.values.array.map(Double.init))
    plain.dropout = Masks(rate: test.dropout).factor
    plain.adapterDropout = Masks(rate: test.adapterDropout).factor
    if let adapters = block.adapters {
      plain.adapters = (adapters, block.values.array.map(Double.init))
    }
    let expected = plain.pooled(tokens: tokens, offsets: offsets).flatMap(\.self)
    #expect(relativeError(pooled.array, expected.map(Float.init)) <= 2e-5)
    func loss(_ plain: PlainEncoder) -> Double {
      plain.pooled(tokens: tokens, offsets: offsets).flatMap(\.self).enumerated()
        .reduce(0) { $0 + $1.element * Self.direction($1.offset) }
    }
    // Errors of float64 are 1e-16 / step, those of the slope step²: 1e-5 makes both some 1e-10.
    let step = 1e-5
    for tensor in block.tensors {
      let gradient = block.gradients.array(tensor.range)
      let size = (gradient.reduce(0) { $0 + Double($1) * Double($1) } / Double(gradient.count))
        .squareRoot()
      // Numbers of every tensor; of tables those that the texts use.
      let used = gradient.indices.filter { gradient[$0] != 0 }
      for choice in 0..<min(4, used.count) {
        let place = used[(choice * 7_919 + 13) % used.count]
        let index = tensor.range.lowerBound + place
        func shifted(_ by: Double) -> Double {
          var moved = plain
          if block.adapters != nil {
            moved.adapters?.values[index] += by
          } else {
            moved.values[index] += by
          }
          return loss(moved)
        }
        let slope = (shifted(step) - shifted(-step)) / (2 * step)
        // Keys' biases have no slope but rounding.
        let tolerance = tensor.name.hasSuffix("key.bias") ? 1e-3 : 1e-4 * max(size, 1e-3)
        #expect(
          abs(slope - Double(gradient[place])) <= tolerance,
          "\(tensor.name)[\(place)]: slope \(slope), gradient \(gradient[place]), size \(size)")
      }
    }
  }
}
