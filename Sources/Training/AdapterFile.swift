internal import Corpus
package import Encoding
internal import FoundationEssentials
package import LinearAlgebra

/// Adapters in PEFT's format: `adapter_config.json` and `adapter_model.safetensors` in a folder.
package enum AdapterFile {
  /// What PEFT puts before the names of the base model's tensors.
  private static let prefix = "base_model.model."

  private struct Configuration: Encodable {
    let base_model_name_or_path: String
    let bias = "none"
    let fan_in_fan_out = false
    let inference_mode = true
    let init_lora_weights = true
    let lora_alpha: Double
    let lora_dropout: Double
    let peft_type = "LORA"
    let r: Int
    let target_modules: String
    let task_type = "FEATURE_EXTRACTION"
  }

  /// - Parameters:
  ///   - values: floats of the layout.
  ///   - base: the name of the model that they belong to.
  ///   - folder: exists.
  package static func write(
    _ layout: AdapterLayout, _ values: SharedFloats, base: String, to folder: String
  ) throws {
    let settings = layout.settings
    let configuration = Configuration(
      base_model_name_or_path: base, lora_alpha: settings.alpha, lora_dropout: settings.dropout,
      r: settings.rank, target_modules: pattern(settings.targets))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    var file = try OutputFile(path: folder + "/adapter_config.json")
    let bytes = Array(try encoder.encode(configuration)) + [UInt8(ascii: "\n")]
    try file.write(bytes.span)
    try file.commit()
    var writer = try SafeTensorsWriter(
      path: folder + "/adapter_model.safetensors",
      entries: layout.tensors.map {
        SafeTensorsWriter.Entry(name: prefix + $0.name, shape: $0.shape)
      })
    for tensor in layout.tensors { try writer.append(values.span(tensor.range)) }
    try writer.commit()
  }

  /// The names of products as one pattern: PEFT takes "output.dense" for the end of "attention.output.dense",
  /// too.
  private static func pattern(_ targets: [AdapterSettings.Target]) -> String {
    let names = targets.map { $0.rawValue.replacing(".", with: #"\."#) }
    return #"encoder\.layer\.\d+\.("# + names.joined(separator: "|") + ")"
  }

  /// Reads adapters of a model of that shape.
  ///
  /// - Throws: `EncodingError` naming the setting that is unsupported or the tensor that does not fit.
  package static func read(
    _ folder: String, _ shape: TransformerConfiguration
  ) throws -> (layout: AdapterLayout, values: SharedFloats) {
    let path = folder + "/adapter_config.json"
    let configuration = try ModelFile(path: path)
    try configuration.require("peft_type", toBeOneOf: ["LORA"], default: "LORA")
    try configuration.require("bias", toBeOneOf: ["none"], default: "none")
    for flag in ["use_dora", "use_rslora", "fan_in_fan_out"] {
      guard try !configuration.flag(flag) else {
        throw EncodingError.unsupported(path: path, feature: "\"\(flag)\" is true")
      }
    }
    for patterns in ["rank_pattern", "alpha_pattern"] {
      guard case .object(let fields)? = configuration[patterns], !fields.isEmpty else { continue }
      throw EncodingError.unsupported(path: path, feature: "\"\(patterns)\" is not empty")
    }
    let file = try SafeTensors(path: folder + "/adapter_model.safetensors")
    var settings = AdapterSettings()
    settings.rank = try configuration.integer("r", in: 1...4_096)
    settings.alpha = try configuration.number("lora_alpha", in: 1e-6...1e6, default: 8)
    settings.dropout = try configuration.number("lora_dropout", in: 0...0.999, default: 0)
    // What has adapters is told by the tensors: patterns of names may say it in many ways.
    settings.targets = AdapterSettings.Target.allCases.filter { target in
      file["\(prefix)encoder.layer.0.\(target.rawValue).lora_A.weight"] != nil
    }
    let layout = AdapterLayout(shape, settings)
    guard file.entries.count == layout.tensors.count, !layout.tensors.isEmpty else {
      throw EncodingError.malformed(
        path: file.file.path,
        problem:
          "\(file.entries.count) tensors where adapters of \(settings.targets.count) products in "
          + "each of \(shape.layerCount) layers have \(layout.tensors.count)")
    }
    let values = SharedFloats(count: layout.count)
    for tensor in layout.tensors {
      let found = try file.floats(prefix + tensor.name, shape: tensor.shape)
      // Sound: nobody else has them yet.
      var place = unsafe values.mutableSpan(tensor.range)
      place.copy(found.span)
    }
    return (layout, values)
  }
}
