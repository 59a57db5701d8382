/// The parts of a `tokenizer.json`, its vocabulary already as a list: the tree of 30,522 tokens
/// would take longer to build than everything else.
struct TokenizerJSON {
  let file: String
  private(set) var list: WordPieceList
  private var root: [JSON.Member] = []
  private var model: [JSON.Member] = []

  init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
    self.file = file
    list = WordPieceList(file: file)
    var reader = JSONReader(bytes)
    do throws(JSONError) {
      try read(&reader)
      try reader.end()
    } catch {
      throw .malformed(file: file, error)
    }
    guard !model.isEmpty else {
      throw .missing(file: file, key: "model", expected: "an object")
    }
  }

  private mutating func read(_ reader: inout JSONReader) throws(JSONError) {
    var keys = JSONKeys()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard keys.insert(key, after: root) else { throw reader.duplicate(key) }
      if key == "model", try reader.isAtObject() {
        try readModel(&reader)
        root.append(JSON.Member(key: key, value: .null))
      } else {
        root.append(JSON.Member(key: key, value: try reader.value()))
      }
    }
  }

  private mutating func readModel(_ reader: inout JSONReader) throws(JSONError) {
    var keys = JSONKeys()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard keys.insert(key, after: model) else { throw reader.duplicate(key) }
      if key == "vocab", try reader.isAtObject() {
        try readVocabulary(&reader)
        model.append(JSON.Member(key: key, value: .null))
      } else {
        model.append(JSON.Member(key: key, value: try reader.value()))
      }
    }
  }

  /// Equal tokens are found when the list is made into a vocabulary.
  private mutating func readVocabulary(_ reader: inout JSONReader) throws(JSONError) {
    try reader.beginObject()
    while try reader.beginMember() {
      try reader.string(appendingTo: &list.bytes)
      try reader.endKey()
      list.endToken(id: try reader.smallInteger())
    }
  }

  /// The value of a key of the whole file.
  func member(_ key: String) -> JSON? {
    JSON.object(root)[key]
  }

  // MARK: Settings

  /// Normalizer, pre-tokenizer and model: each of BERT's kind, with the settings that kind has.
  func settings() throws(TokenizerError) -> TokenizerSettings {
    let model = JSON.object(model)
    try expect(member("version"), "version", "1.0")
    try expect(model["type"], "model.type", "WordPiece")
    try expect(member("pre_tokenizer")?["type"], "pre_tokenizer.type", "BertPreTokenizer")
    let normalizer = member("normalizer") ?? .null
    try expect(normalizer["type"], "normalizer.type", "BertNormalizer")
    try expectKeys(
      normalizer, "normalizer",
      ["type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"])
    try expectKeys(
      model, "model",
      ["type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"])

    var settings = TokenizerSettings()
    settings.cleansText = try flag(normalizer, "normalizer", "clean_text")
    settings.separatesIdeographs = try flag(normalizer, "normalizer", "handle_chinese_chars")
    settings.lowercases = try flag(normalizer, "normalizer", "lowercase")
    // Left open, accents are stripped where text is lowered.
    let strips = normalizer["strip_accents"] ?? .null
    settings.stripsAccents =
      strips.isNull
      ? settings.lowercases : try flag(normalizer, "normalizer", "strip_accents")
    settings.unknownToken = try text(model, "model", "unk_token")
    settings.continuationPrefix = try text(model, "model", "continuing_subword_prefix")
    settings.longestWordInScalars = try longestWord(model)
    return settings
  }

  private func longestWord(_ model: JSON) throws(TokenizerError) -> Int {
    let key = "max_input_chars_per_word"
    guard let length = model[key]?.integer, length >= 0 else {
      throw .missing(file: file, key: "model.\(key)", expected: "a number")
    }
    guard length <= TokenizerSettings.longestWordLimit else {
      throw .unsupported(
        file: file, key: "model.\(key)", found: "\(length)",
        supported: "up to \(TokenizerSettings.longestWordLimit)")
    }
    return length
  }

  private func expect(
    _ value: JSON?, _ key: String, _ supported: String
  ) throws(TokenizerError) {
    guard value?.string == supported else {
      let found = value?.string.map { "\"\($0)\"" } ?? "absent"
      throw .unsupported(file: file, key: key, found: found, supported: "\"\(supported)\"")
    }
  }

  private func expectKeys(
    _ object: JSON, _ name: String, _ known: [String]
  ) throws(TokenizerError) {
    for member in object.members ?? [] where !known.contains(member.key) {
      throw .unsupported(
        file: file, key: "\(name).\(member.key)", found: "set",
        supported: known.joined(separator: ", "))
    }
  }

  private func flag(_ object: JSON, _ name: String, _ key: String) throws(TokenizerError) -> Bool {
    guard let flag = object[key]?.bool else {
      throw .missing(file: file, key: "\(name).\(key)", expected: "true or false")
    }
    return flag
  }

  private func text(_ object: JSON, _ name: String, _ key: String) throws(TokenizerError) -> String
  {
    guard let text = object[key]?.string else {
      throw .missing(file: file, key: "\(name).\(key)", expected: "a string")
    }
    return text
  }
}
