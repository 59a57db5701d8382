/// The settings of a `tokenizer_config.json`, for a model that has no `tokenizer.json`.
struct TokenizerConfiguration {
  private(set) var settings = TokenizerSettings()
  /// Role and text of the tokens that are found in raw text.
  private(set) var specialTokens: [(role: String, text: String)] = []
  private(set) var firstToken = "[CLS]"
  private(set) var lastToken = "[SEP]"

  /// Classes that cut text the same way.
  private static let classes = [
    "BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast",
    "ElectraTokenizer", "ElectraTokenizerFast",
  ]

  /// - Parameter bytes: nil where there is no such file: everything is as in the first BERT.
  init(_ bytes: [UInt8]?, file: String) throws(TokenizerError) {
    var root = JSON.object([])
    if let bytes {
      do throws(JSONError) {
        root = try JSON.parse(bytes)
      } catch {
        throw .malformed(file: file, error)
      }
    }
    try Self.refuseUnknown(root, file)
    settings.lowercases = try Self.flag(root, "do_lower_case", file) ?? true
    settings.separatesIdeographs = try Self.flag(root, "tokenize_chinese_chars", file) ?? true
    settings.stripsAccents = try Self.flag(root, "strip_accents", file) ?? settings.lowercases
    settings.cleansText = try Self.flag(root, "clean_text", file) ?? true
    settings.unknownToken = try Self.token(root, "unk_token", file) ?? settings.unknownToken
    firstToken = try Self.token(root, "cls_token", file) ?? firstToken
    lastToken = try Self.token(root, "sep_token", file) ?? lastToken
    specialTokens = [
      ("unk_token", settings.unknownToken), ("cls_token", firstToken), ("sep_token", lastToken),
      ("pad_token", try Self.token(root, "pad_token", file) ?? "[PAD]"),
      ("mask_token", try Self.token(root, "mask_token", file) ?? "[MASK]"),
    ]
  }

  private static func refuseUnknown(_ root: JSON, _ file: String) throws(TokenizerError) {
    if let name = root["tokenizer_class"]?.string, !classes.contains(name) {
      throw .unsupported(
        file: file, key: "tokenizer_class", found: "\"\(name)\"",
        supported: classes.joined(separator: ", "))
    }
    if root["do_basic_tokenize"]?.bool == false {
      throw .unsupported(file: file, key: "do_basic_tokenize", found: "false", supported: "true")
    }
    if let never = root["never_split"], !never.isNull, never.array?.isEmpty != true {
      throw .unsupported(file: file, key: "never_split", found: "set", supported: "null")
    }
  }

  /// A flag; nil where it is absent or null.
  private static func flag(
    _ root: JSON, _ key: String, _ file: String
  ) throws(TokenizerError) -> Bool? {
    guard let value = root[key], !value.isNull else { return nil }
    guard let flag = value.bool else {
      throw .missing(file: file, key: key, expected: "true or false")
    }
    return flag
  }

  /// A token, written as a string or as an object with its content; nil where it is absent.
  private static func token(
    _ root: JSON, _ key: String, _ file: String
  ) throws(TokenizerError) -> String? {
    guard let value = root[key], !value.isNull else { return nil }
    guard let text = value.string ?? value["content"]?.string, !text.isEmpty else {
      throw .missing(file: file, key: key, expected: "a token")
    }
    return text
  }
}
