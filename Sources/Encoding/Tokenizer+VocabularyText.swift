/// Tokenizers of a time before `tokenizer.json`: a token a line, settings beside it.
extension Tokenizer {
  /// Makes a tokenizer of a `vocab.txt`, whose line numbers from 0 are the ids, and of the
  /// `tokenizer_config.json` beside it; what that leaves out is as in `transformers`.
  ///
  /// - Throws: as `init(directory:)`.
  convenience init(
    vocabulary: [UInt8], file: String, configuration: [UInt8]?, configurationFile: String
  ) throws(TokenizerError) {
    let options = try TokenizerConfiguration(configuration, file: configurationFile)
    let list = try Self.list(vocabulary, file: file)
    let table = try WordPieceVocabulary(list, settings: options.settings)

    var added: [AddedTokens.Token] = []
    for (role, text) in options.specialTokens {
      guard let id = table.id(of: text) else {
        throw .absentToken(file: file, token: text, role: role)
      }
      let token = AddedTokens.Token(bytes: Array(text.utf8), id: id)
      if !added.contains(token) { added.append(token) }
    }
    guard let first = table.id(of: options.firstToken), let last = table.id(of: options.lastToken)
    else { throw .absentToken(file: file, token: options.firstToken, role: "cls_token") }
    self.init(
      settings: options.settings, vocabulary: table, addedTokens: AddedTokens(added),
      tokenCount: table.tokenCount, leadingIDs: [first], trailingIDs: [last])
  }

  private static func list(_ bytes: [UInt8], file: String) throws(TokenizerError) -> WordPieceList {
    var list = WordPieceList(file: file)
    var index = 0
    while index < bytes.count {
      let line = list.ids.count
      let end = bytes[index...].firstIndex(of: 0x0A) ?? bytes.count
      let hasReturn = end > index && bytes[end - 1] == 0x0D
      let token = bytes[index..<(hasReturn ? end - 1 : end)]
      guard UTF8Bytes.isValid(token) else { throw .notUTF8(file: file, line: line + 1) }
      list.bytes.append(contentsOf: token)
      list.endToken(id: Int32(truncatingIfNeeded: line))
      index = end + 1
    }
    return list
  }
}
