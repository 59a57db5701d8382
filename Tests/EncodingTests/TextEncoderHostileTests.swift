import FoundationEssentials
import Glibc
import Testing

@testable import Encoding

/// Models whose parts do not fit each other.
@Suite struct TextEncoderHostileTests {
  private static let damaged = "The file is damaged or not what its name says: get it again."
  private static let foreign =
    "The file does not belong to this config.json, or is damaged: get both again."
  private static let unsupported =
    "Pawl runs BERT-type encoders with mean or CLS pooling: use such a model."
  private static let weights = "model.safetensors"

  private func refusal(
    _ file: String, _ old: String, _ new: String, of model: String = "plain"
  ) throws -> String {
    let copy = try EncoderModelCopy(of: model)
    try copy.replace(old, by: new, in: file)
    return copy.refusal
  }

  @Test(
    "a tensor that is missing is named",
    arguments: [
      "embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight",
      "embeddings.token_type_embeddings.weight", "embeddings.LayerNorm.bias",
      "encoder.layer.0.attention.self.query.weight", "encoder.layer.1.attention.self.value.bias",
      "encoder.layer.0.attention.output.dense.weight",
      "encoder.layer.1.attention.output.LayerNorm.weight",
      "encoder.layer.0.intermediate.dense.bias", "encoder.layer.1.output.dense.weight",
      "encoder.layer.1.output.LayerNorm.bias",
    ])
  func missing(name: String) throws {
    // Of equal length, so that the header stays as long as it says.
    let other = "X" + name.dropFirst()
    #expect(
      try refusal(Self.weights, "\"\(name)\"", "\"\(other)\"")
        == "MODEL/model.safetensors: tensor \"\(name)\" is missing. \(Self.foreign)")
  }

  @Test("a prefix that only some names have is a missing tensor")
  func halfPrefixed() throws {
    #expect(
      try refusal(
        Self.weights, "\"bert.embeddings.LayerNorm.bias\"", "\"best.embeddings.LayerNorm.bias\"",
        of: "cls")
        == "MODEL/model.safetensors: tensor \"bert.embeddings.LayerNorm.bias\" is missing. "
        + Self.foreign)
  }

  @Test("a tensor of another shape than config.json gives is refused")
  func shapes() throws {
    func refused(_ key: String, _ old: Int, _ new: Int, _ problem: String) throws {
      #expect(
        try refusal("config.json", "\"\(key)\": \(old),", "\"\(key)\": \(new),")
          == "MODEL/model.safetensors: tensor \(problem). \(Self.foreign)")
    }
    try refused(
      "vocab_size", 60, 61,
      "\"embeddings.word_embeddings.weight\" has shape [60, 32] where config.json needs [61, 32]")
    try refused(
      "max_position_embeddings", 24, 23,
      "\"embeddings.position_embeddings.weight\" has shape [24, 32] where config.json needs [23, 32]"
    )
    try refused(
      "type_vocab_size", 2, 1,
      "\"embeddings.token_type_embeddings.weight\" has shape [2, 32] where config.json needs [1, 32]"
    )
    try refused(
      "intermediate_size", 64, 65,
      "\"encoder.layer.0.intermediate.dense.weight\" has shape [64, 32] where config.json needs "
        + "[65, 32]")
    try refused(
      "num_hidden_layers", 2, 3,
      "\"encoder.layer.2.attention.self.query.weight\" is missing")
  }

  @Test("weights that are integers or float64 are refused")
  func types() throws {
    let (name, old) = ("embeddings.LayerNorm.bias", "\"dtype\":\"F32\",\"shape\":[32]")
    for type in ["I32", "F64"] {
      let copy = try EncoderModelCopy()
      let shape = type == "F64" ? "[16]" : "[32]"
      try copy.replace(
        "\"\(name)\":{\(old)", by: "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape)",
        in: Self.weights)
      let problem =
        type == "F64"
        ? "has shape [16] where config.json needs [32]"
        : "is of type I32, not F32, F16 or BF16"
      #expect(
        copy.refusal == "MODEL/model.safetensors: tensor \"\(name)\" \(problem). \(Self.foreign)")
    }
  }

  @Test(
    "an infinity or a NaN among the weights is found in each type of float",
    arguments: [
      ("plain", "", [0, 0, 0x80, 0x7F]), ("plain", "", [1, 0, 0x80, 0xFF]),
      ("cls", "bert.", [0, 0x7C]), ("cls", "bert.", [1, 0xFC]),
      ("bare", "", [0x80, 0x7F]), ("bare", "", [0xC0, 0xFF]),
    ] as [(String, String, [UInt8])])
  func notFinite(model: String, prefix: String, value: [UInt8]) throws {
    let copy = try EncoderModelCopy(of: model)
    var bytes = try copy.bytes(of: Self.weights)
    bytes.replaceSubrange((bytes.count - value.count)..., with: value)
    try copy.write(bytes, to: Self.weights)
    let last = model == "plain" ? 1 : 0
    #expect(
      copy.refusal
        == "MODEL/model.safetensors: tensor \"\(prefix)encoder.layer.\(last).output.LayerNorm.bias\" "
        + "holds a value that is not finite. \(Self.foreign)")
  }

  @Test("a tokenizer with ids beyond the vocabulary is refused")
  func vocabulary() throws {
    let copy = try EncoderModelCopy(of: "odd")
    try copy.write(try copy.bytes(of: "vocab.txt") + Array("dog\n".utf8), to: "vocab.txt")
    #expect(
      copy.refusal
        == "MODEL/config.json: \"vocab_size\" is 60, the tokenizer has 61 tokens. \(Self.damaged)")
  }

  @Test("a tokenizer that lowercases less than the model asks for is refused")
  func capitals() throws {
    let copy = try EncoderModelCopy()
    try copy.replace("false", by: "true", in: "sentence_bert_config.json")
    #expect(copy.refusal == "accepted")
    try copy.replace("\"lowercase\": true", by: "\"lowercase\": false", in: "tokenizer.json")
    #expect(
      copy.refusal
        == "MODEL/sentence_bert_config.json: \"do_lower_case\" is true, the tokenizer keeps "
        + "capitals. \(Self.unsupported)")
  }

  @Test(
    "a limit that a caller asks for must have room for a token, and positions",
    arguments: [
      -1, 0, 2, 25, Int.max,
    ])
  func limits(limit: Int) throws {
    let path = EncoderFixture.golden("plain")
    #expect(throws: EncodingError.maxLength(limit, most: 24)) {
      try EncoderFixture.encoder(path, maxLength: limit)
    }
    #expect(try EncoderFixture.encoder(path, maxLength: 24).maxLength == 24)
  }

  @Test("no memory is taken for sizes that the file does not have")
  func hugeSizes() async {
    await #expect(processExitsWith: .success) {
      // More than the process has mapped, less than any of the sizes below.
      var limit = rlimit(rlim_cur: 4 << 30, rlim_max: 4 << 30)
      guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else {
        exit(2)
      }
      // The embeddings are there; a layer would take 3 · 65,536² floats.
      let copy = try EncoderModelCopy(of: "bare")
      try copy.write(
        #"{"num_hidden_layers":1000,"hidden_size":65536,"num_attention_heads":4096,"#
          + #""intermediate_size":1048576,"vocab_size":60,"max_position_embeddings":3,"#
          + #""type_vocab_size":1}"#, to: "config.json")
      var (header, end) = ("{", 0)
      for (name, rows) in [
        ("word_embeddings.weight", 60), ("position_embeddings.weight", 3),
        ("token_type_embeddings.weight", 1), ("LayerNorm.weight", 0), ("LayerNorm.bias", 0),
      ] {
        let bytes = max(rows, 1) * 131_072
        let shape = rows == 0 ? "[65536]" : "[\(rows),65536]"
        header += "\(end == 0 ? "" : ",")\"embeddings.\(name)\":{\"dtype\":\"F16\",\"shape\":"
        header += "\(shape),\"data_offsets\":[\(end),\(end + bytes)]}"
        end += bytes
      }
      header += "}"
      let length = (0..<8).map { UInt8(header.utf8.count >> ($0 * 8) & 255) }
      try copy.write(
        length + Array(header.utf8) + [UInt8](repeating: 0, count: end), to: "model.safetensors")
      let expected =
        "MODEL/model.safetensors: tensor \"encoder.layer.0.attention.self.query.weight\" is missing"
      exit(copy.refusal.hasPrefix(expected) ? 0 : 1)
    }
  }
}
