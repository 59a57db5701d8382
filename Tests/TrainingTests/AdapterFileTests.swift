import FoundationEssentials
import LinearAlgebra
import Testing

@testable import Encoding
@testable import Training

/// Adapters as PEFT writes and reads them (tools/goldens/training).
@Suite struct AdapterFileTests {
  @Test(
    "PEFT's adapters give PEFT's vectors, beside the products and merged",
    arguments: ["attention", "all"])
  func read(name: String) throws {
    let folder = TrainingFixture.golden("adapters/\(name)")
    let shape = try TrainingFixture.model("plain").configuration
    let (layout, values) = try AdapterFile.read(folder, shape)
    let texts = try TrainingFixture.texts("plain")
    let (tokens, offsets) = try TrainingFixture.tokens(texts, "plain")
    let expected = try SafeTensors(path: folder + "/pooled.safetensors")
      .floats("pooled", shape: [texts.count, shape.width]).array
    var scope = TrainingScope()
    scope.adapters = layout.settings
    scope.adapters?.dropout = 0
    let beside = try TrainableEncoder(
      TrainingFixture.model("plain"), scope: scope, kernels: .best, workerCount: 1,
      tokenCapacity: 512)
    beside.trained.values.copy(values)
    beside.pack()
    let merged = try TrainingFixture.encoder("plain")
    layout.merge(values, into: merged.values, of: merged.layout)
    merged.pack()
    for encoder in [beside, merged] {
      let pooled = SharedFloats(count: expected.count)
      encoder.forward(tokens: tokens, offsets: offsets, into: pooled)
      #expect(relativeError(pooled.array, expected) <= 2e-5)
    }
  }

  @Test("what is written has PEFT's names, shapes and numbers", arguments: ["attention", "all"])
  func write(name: String) throws {
    let golden = TrainingFixture.golden("adapters/\(name)")
    let shape = try TrainingFixture.model("plain").configuration
    let (layout, values) = try AdapterFile.read(golden, shape)
    let folder = FileManager.default.temporaryDirectory.path + "/pawl-adapter-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try AdapterFile.write(layout, values, base: "plain", to: folder)
    let theirs = try SafeTensors(path: golden + "/adapter_model.safetensors")
    let ours = try SafeTensors(path: folder + "/adapter_model.safetensors")
    #expect(Set(ours.entries.map(\.name)) == Set(theirs.entries.map(\.name)))
    for entry in theirs.entries {
      let found = try ours.floats(entry.name, shape: entry.shape).array
      #expect(try found == theirs.floats(entry.name, shape: entry.shape).array)
    }
    let (again, floats) = try AdapterFile.read(folder, shape)
    #expect(again.settings == layout.settings && floats.array == values.array)
  }
}
