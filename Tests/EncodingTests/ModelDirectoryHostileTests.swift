import FoundationEssentials
import Testing

@testable import Encoding

/// Model directories whose settings are absent, wrong or unsupported: each is refused with the file,
/// the key, and what to do.
@Suite struct ModelDirectoryHostileTests {
  private static let damaged = "The file is damaged or not what its name says: get it again."
  private static let unsupported =
    "Pawl runs BERT-type encoders with mean or CLS pooling: use such a model."
  private static let remedy =
    "A model is a sentence-transformers directory with config.json, tokenizer.json or vocab.txt, "
    + "and model.safetensors; tools/setup gets the default one."

  /// What loading says after one replacement in one file.
  private func refusal(
    _ file: String, _ old: String, _ new: String, of model: String = "plain"
  ) throws -> String {
    let copy = try EncoderModelCopy(of: model)
    try copy.replace(old, by: new, in: file)
    return copy.refusal
  }

  @Test("the copies themselves are accepted", arguments: EncoderFixture.tinyModels)
  func accepted(name: String) throws {
    #expect(try EncoderModelCopy(of: name).refusal == "accepted")
  }

  @Test("an absent directory, config.json or weight file is named, with where to get it")
  func absentFiles() throws {
    let absent = "No such file or directory. \(Self.remedy)"
    #expect(
      throws: EncodingError.unreadable(
        path: "/nowhere/config.json", reason: "No such file or directory")
    ) { try ModelDirectory(path: "/nowhere") }
    for file in ["config.json", "model.safetensors", "1_Pooling/config.json"] {
      let copy = try EncoderModelCopy()
      try copy.remove(file)
      #expect(copy.refusal == "MODEL/\(file): \(absent)")
    }
  }

  @Test(
    "a folder in place of a file is refused",
    arguments: [
      "config.json", "modules.json", "model.safetensors", "sentence_bert_config.json",
      "tokenizer_config.json", "1_Pooling/config.json",
    ])
  func folders(file: String) throws {
    let copy = try EncoderModelCopy(of: file == "tokenizer_config.json" ? "cls" : "plain")
    try copy.makeFolder(file)
    #expect(copy.refusal == "MODEL/\(file): not a regular file. \(Self.remedy)")
  }

  @Test("an empty, cut or too large settings file is refused with the place")
  func brokenFiles() throws {
    let copy = try EncoderModelCopy()
    try copy.write("", to: "config.json")
    #expect(
      copy.refusal
        == "MODEL/config.json: line 1, byte 0: expected a value, found the end of the text. "
        + Self.damaged)
    try copy.write("{\n\"hidden_size\": 32,", to: "config.json")
    #expect(
      copy.refusal
        == "MODEL/config.json: line 2, byte 20: expected a string, found the end of the text. "
        + Self.damaged)
    try copy.write("[]", to: "config.json")
    #expect(copy.refusal == "MODEL/config.json: expected a JSON object. \(Self.damaged)")
    try copy.write([0x7B, 0x22, 0xFF, 0x22, 0x7D], to: "config.json")
    #expect(
      copy.refusal == "MODEL/config.json: line 1, byte 2: bytes that are not UTF-8. \(Self.damaged)"
    )
    try copy.write([UInt8](repeating: 0x20, count: (16 << 20) + 1), to: "config.json")
    #expect(
      copy.refusal
        == "MODEL/config.json: 16777217 bytes are more than settings have (16777216 at most). "
        + Self.damaged)
  }

  @Test(
    "each key of config.json that the shape needs must be there",
    arguments: [
      "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size",
      "max_position_embeddings",
    ])
  func absentKeys(key: String) throws {
    #expect(
      try refusal("config.json", "\"\(key)\"", "\"not_\(key)\"")
        == "MODEL/config.json: \"\(key)\" is missing. \(Self.damaged)")
  }

  @Test(
    "sizes that are zero, negative, fractions, texts or beyond all models are refused",
    arguments: [
      "0", "-32", "32.5", "\"32\"", "[32]", "true", "9223372036854775807", "1e300",
    ])
  func badSizes(size: String) throws {
    for (key, value, limit) in [
      ("num_hidden_layers", "2", "1 to 1000"), ("hidden_size", "32", "1 to 65536"),
      ("num_attention_heads", "4", "1 to 4096"), ("intermediate_size", "64", "1 to 1048576"),
      ("vocab_size", "60", "1 to 16777216"), ("type_vocab_size", "2", "1 to 65536"),
      ("max_position_embeddings", "24", "3 to 1048576"),
    ] {
      #expect(
        try refusal("config.json", "\"\(key)\": \(value),", "\"\(key)\": \(size),")
          == "MODEL/config.json: \"\(key)\" must be an integer from \(limit). \(Self.damaged)")
    }
  }

  @Test("a width that the heads do not divide is refused")
  func heads() throws {
    #expect(
      try refusal("config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5")
        == "MODEL/config.json: hidden_size 32 is not a multiple of num_attention_heads 5. "
        + Self.damaged)
  }

  @Test("an architecture that Pawl does not run is refused by its name")
  func architectures() throws {
    func refused(_ old: String, _ new: String, _ feature: String) throws {
      #expect(
        try refusal("config.json", old, new)
          == "MODEL/config.json: \(feature). \(Self.unsupported)")
    }
    try refused(
      #""hidden_act": "gelu""#, #""hidden_act": "relu""#,
      #""hidden_act" is "relu", only "gelu" is supported"#)
    try refused(
      #""model_type": "bert""#, #""model_type": "roberta""#,
      #""model_type" is "roberta", only "bert" is supported"#)
    try refused(
      "{", #"{"position_embedding_type": "relative_key","#,
      #""position_embedding_type" is "relative_key", only "absolute" is supported"#)
    try refused("{", #"{"is_decoder": true,"#, #""is_decoder" is true"#)
    #expect(
      try refusal("config.json", #""hidden_act": "gelu""#, #""hidden_act": 1"#)
        == "MODEL/config.json: \"hidden_act\" must be a string. \(Self.damaged)")
    #expect(
      try refusal("config.json", #""layer_norm_eps": 1e-12"#, #""layer_norm_eps": -1"#)
        == "MODEL/config.json: \"layer_norm_eps\" must be a number from 0.0 to 1.0. \(Self.damaged)"
    )
  }

  @Test("modules other than a transformer, a pooling and a normalisation are refused")
  func modules() throws {
    func refused(_ modules: [(String, String)], _ problem: String) throws {
      let copy = try EncoderModelCopy()
      let list = modules.map { #"{"type":"sentence_transformers.models.\#($0)","path":"\#($1)"}"# }
      try copy.write("[\(list.joined(separator: ","))]", to: "modules.json")
      #expect(copy.refusal == "MODEL/modules.json: \(problem)")
    }
    try refused(
      [("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense")],
      "the module \"sentence_transformers.models.Dense\" is unknown. \(Self.unsupported)")
    for (modules, names) in [
      ([("Transformer", "")], "Transformer"), ([], ""),
      ([("Pooling", "1_Pooling"), ("Transformer", "")], "Pooling, Transformer"),
      (
        [("Transformer", ""), ("Pooling", "1_Pooling"), ("Pooling", "1_Pooling")],
        "Transformer, Pooling, Pooling"
      ),
    ] {
      try refused(
        modules,
        "the modules are [\(names)], not Transformer, Pooling and perhaps Normalize. "
          + Self.unsupported)
    }
    for folder in ["..", ".", "/etc", "a/b", #"a\u0000"#] {
      let shown = folder.replacing(#"\u0000"#, with: "\u{FFFD}")
      try refused(
        [("Transformer", folder), ("Pooling", "1_Pooling")],
        "the path \"\(shown)\" is not a folder's name. \(Self.damaged)")
    }
    try refused(
      [("Transformer", ""), ("Pooling", "")],
      "the path \"\" is not a folder's name. \(Self.damaged)")
  }

  @Test("a modules.json of another form is refused")
  func moduleForms() throws {
    let copy = try EncoderModelCopy()
    try copy.write("{}", to: "modules.json")
    #expect(copy.refusal == "MODEL/modules.json: expected an array of modules. \(Self.damaged)")
    for form in ["[1]", #"[{"type":"Transformer"}]"#, #"[{"type":1,"path":""}]"#] {
      try copy.write(form, to: "modules.json")
      #expect(
        copy.refusal
          == "MODEL/modules.json: each module needs a \"type\" and a \"path\". \(Self.damaged)")
    }
  }

  @Test("pooling that Pawl does not do is refused by its name")
  func pooling() throws {
    func refused(_ pooling: String, _ problem: String) throws {
      let copy = try EncoderModelCopy()
      try copy.write(pooling, to: "1_Pooling/config.json")
      #expect(copy.refusal == "MODEL/1_Pooling/config.json: \(problem)")
    }
    try refused(
      #"{"pooling_mode_max_tokens":true}"#, "pooling by max_tokens. \(Self.unsupported)")
    try refused(
      #"{"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true}"#,
      "pooling by cls_token and mean_tokens. \(Self.unsupported)")
    try refused("{}", "pooling by no mode at all. \(Self.unsupported)")
    try refused(
      #"{"pooling_mode":"max"}"#,
      "\"pooling_mode\" is \"max\", only \"mean\" or \"cls\" is supported. \(Self.unsupported)")
    try refused(
      #"{"pooling_mode_mean_tokens":1}"#,
      "\"pooling_mode_mean_tokens\" must be true or false. \(Self.damaged)")
    try refused(
      #"{"pooling_mode":"mean","include_prompt":false}"#,
      "\"include_prompt\" is false. \(Self.unsupported)")
    for key in ["word_embedding_dimension", "embedding_dimension"] {
      try refused(
        "{\"pooling_mode\":\"mean\",\"\(key)\":31}",
        "\"\(key)\" is 31, config.json's hidden_size 32. \(Self.damaged)")
    }
  }

  @Test("a limit on length beyond the positions, or with no room for a token, is refused")
  func limits() throws {
    for limit in ["25", "2", "0", "-1", "1e3", "\"16\""] {
      #expect(
        try refusal("sentence_bert_config.json", "16", limit)
          == "MODEL/sentence_bert_config.json: \"max_seq_length\" must be an integer from 3 to 24. "
          + Self.damaged)
    }
    #expect(
      try refusal("tokenizer_config.json", "20", "2", of: "cls")
        == "MODEL/tokenizer_config.json: \"model_max_length\" must be a number from 3.0 to 1e+300. "
        + Self.damaged)
  }
}
