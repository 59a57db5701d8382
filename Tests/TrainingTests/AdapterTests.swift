import LinearAlgebra
import Testing

@testable import Encoding
@testable import Training

@Suite struct AdapterTests {
  private static let texts = ["The cat.", "x1 y", "cat cat the", "zebra."]

  private static func scope(_ targets: [AdapterSettings.Target]) -> TrainingScope {
    var scope = TrainingScope()
    var settings = AdapterSettings()
    settings.dropout = 0
    settings.rank = 4
    settings.targets = targets
    scope.adapters = settings
    return scope
  }

  private static func pooled(_ encoder: TrainableEncoder, _ name: String) throws -> [Float] {
    let (tokens, offsets) = try TrainingFixture.tokens(texts, name)
    let pooled = SharedFloats(count: texts.count * encoder.layout.shape.width)
    encoder.forward(tokens: tokens, offsets: offsets, into: pooled)
    return pooled.array
  }

  @Test("adapters that were just started change nothing", arguments: ["plain", "odd"])
  func start(name: String) throws {
    let plain = try TrainingFixture.encoder(name)
    let encoder = try TrainableEncoder(
      TrainingFixture.model(name), scope: Self.scope(AdapterSettings.Target.allCases),
      kernels: .best, workerCount: 2, tokenCapacity: 512)
    encoder.trained.startAdapters(seed: 3)
    encoder.pack()
    let values = encoder.trained.values.array
    #expect(values.contains { $0 != 0 })
    #expect(try Self.pooled(encoder, name) == Self.pooled(plain, name))
  }

  @Test(
    "an encoder with merged adapters is the one beside adapters",
    arguments: ["plain", "odd", "cls"],
    [[AdapterSettings.Target.query, .value], AdapterSettings.Target.allCases])
  func merge(name: String, targets: [AdapterSettings.Target]) throws {
    let encoder = try TrainableEncoder(
      TrainingFixture.model(name), scope: Self.scope(targets), kernels: .best, workerCount: 2,
      tokenCapacity: 512)
    let layout = try #require(encoder.trained.adapters)
    var values = unsafe encoder.trained.values.mutableSpan(0..<encoder.trained.values.count)
    for index in 0..<values.count { values[index] = Float((index * 37) % 17 - 8) / 64 }
    encoder.pack()
    let beside = try Self.pooled(encoder, name)
    let plain = try TrainingFixture.encoder(name)
    #expect(try relativeError(Self.pooled(plain, name), beside) > 0.01)
    layout.merge(encoder.trained.values, into: plain.values, of: plain.layout)
    plain.pack()
    #expect(try relativeError(Self.pooled(plain, name), beside) <= 1e-5)
  }

  @Test("the parameters of an adapter are counted as the paper's")
  func count() throws {
    let shape = try ModelDirectory(path: TrainingFixture.model("plain").path).configuration
    let layout = AdapterLayout(shape, AdapterSettings())
    // 2 layers of 2 targets, each r · (K + N).
    #expect(layout.count == 2 * 2 * 16 * 64)
  }
}
