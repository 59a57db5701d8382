import FoundationEssentials

@testable import Encoding

/// A copy of a small golden model that a test may break; removed when the test lets go of it.
final class EncoderModelCopy {
  let path: String

  init(of name: String = "plain") throws {
    path = FileManager.default.temporaryDirectory.path + "/pawl-model-\(UUID().uuidString)"
    try FileManager.default.copyItem(atPath: EncoderFixture.golden(name), toPath: path)
  }

  deinit {
    // What stays behind in the temporary folder is no failure of a test.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The small model's tokenizer before random weights of other sizes.
  convenience init(
    layers: Int, width D: Int, heads: Int, intermediateWidth I: Int, seed: UInt64
  ) throws {
    try self.init(of: "plain")
    for (name, old, new) in [
      ("num_hidden_layers", 2, layers), ("hidden_size", 32, D), ("num_attention_heads", 4, heads),
      ("intermediate_size", 64, I),
    ] { try replace("\"\(name)\": \(old),", by: "\"\(name)\": \(new),", in: "config.json") }
    try replace(
      "\"word_embedding_dimension\": 32", by: "\"word_embedding_dimension\": \(D)",
      in: "1_Pooling/config.json")
    var file = RandomTensors(seed: seed)
    for (name, rows) in [("word", 60), ("position", 24), ("token_type", 2)] {
      file.add("embeddings.\(name)_embeddings.weight", [rows, D], spread: 1)
    }
    file.addNorm("embeddings.LayerNorm", D)
    for layer in 0..<layers {
      let names = TransformerLayerNames(layer)
      for name in names.qkv + [names.attentionOutput] { file.addDense(name, outputs: D, inputs: D) }
      file.addDense(names.up, outputs: I, inputs: D)
      file.addDense(names.down, outputs: D, inputs: I)
      file.addNorm(names.attentionNorm, D)
      file.addNorm(names.outputNorm, D)
    }
    try write(file.bytes, to: "model.safetensors")
  }

  func bytes(of file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path + "/" + file)))
  }

  func write(_ bytes: [UInt8], to file: String) throws {
    try Data(bytes).write(to: URL(filePath: path + "/" + file))
  }

  func write(_ text: String, to file: String) throws {
    try write(Array(text.utf8), to: file)
  }

  func remove(_ file: String) throws {
    try FileManager.default.removeItem(atPath: path + "/" + file)
  }

  func makeFolder(_ file: String) throws {
    try remove(file)
    try FileManager.default.createDirectory(
      atPath: path + "/" + file, withIntermediateDirectories: false)
  }

  /// Replaces what must occur exactly once in a file, however long it is.
  func replace(_ old: String, by new: String, in file: String) throws {
    let (bytes, old) = (try bytes(of: file), Array(old.utf8))
    let places = (0...(bytes.count - old.count)).filter { bytes[$0..<$0 + old.count] == old[...] }
    guard places.count == 1 else { throw Mistake.occurrences(places.count) }
    let end = places[0] + old.count
    try write(Array(bytes[..<places[0]]) + Array(new.utf8) + Array(bytes[end...]), to: file)
  }

  enum Mistake: Error { case occurrences(Int) }

  /// What loading the model says, its folder written as MODEL; "accepted" where it loads. Both numeric paths
  /// must say the same.
  var refusal: String {
    let (first, second) = (refusal(.float32), refusal(.int12))
    return first == second ? first : "float32: \(first); int12: \(second)"
  }

  private func refusal(_ numericPath: NumericPath) -> String {
    do {
      _ = try EncoderFixture.encoder(path, numericPath: numericPath)
      return "accepted"
    } catch {
      return "\(error)".replacing(path, with: "MODEL")
    }
  }
}

/// A safetensors file of random float32.
private struct RandomTensors {
  private var entries: [String] = []
  private var data: [UInt8] = []
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Numbers spread evenly around `middle`, of standard deviation `spread`.
  mutating func add(_ name: String, _ shape: [Int], spread: Float, around middle: Float = 0) {
    let start = data.count
    for _ in 0..<shape.reduce(1, *) {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let unit = Float(state >> 40) / Float(1 << 23) - 1
      let bits = (middle + spread * Float(3).squareRoot() * unit).bitPattern
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        data.append(UInt8(truncatingIfNeeded: bits >> shift))
      }
    }
    entries.append(
      "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(start),\(data.count)]}"
    )
  }

  /// Weights of about 1/√inputs, so that no layer drowns another.
  mutating func addDense(_ name: String, outputs: Int, inputs: Int) {
    add(name + ".weight", [outputs, inputs], spread: 1.5 / Float(inputs).squareRoot())
    add(name + ".bias", [outputs], spread: 0.2)
  }

  mutating func addNorm(_ name: String, _ width: Int) {
    add(name + ".weight", [width], spread: 0.2, around: 1)
    add(name + ".bias", [width], spread: 0.2)
  }

  var bytes: [UInt8] {
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    return (0..<8).map { UInt8(header.count >> ($0 * 8) & 255) } + header + data
  }
}
