extension Tokenizer {
  /// Reads the tokenizer of a model: `tokenizer.json`, or `vocab.txt` where that is absent.
  ///
  /// The limit on length that `tokenizer.json` may name is left to the caller, as is padding.
  /// - Parameter directory: of the model, in the sentence-transformers layout.
  /// - Throws: what Pawl does not know is refused by name; so is a vocabulary with a gap, a
  ///   repetition or without its special tokens.
  /// - Complexity: O(bytes of the files); some milliseconds for 30,522 tokens.
  package convenience init(directory: String) throws(TokenizerError) {
    let folder = directory.hasSuffix("/") ? directory : directory + "/"
    if let bytes = try TokenizerFile.read(folder + "tokenizer.json") {
      let parts = try TokenizerJSON(bytes, file: folder + "tokenizer.json")
      try self.init(parts)
      return
    }
    guard let vocabulary = try TokenizerFile.read(folder + "vocab.txt") else {
      throw .noTokenizer(directory: directory)
    }
    let configuration = try TokenizerFile.read(folder + "tokenizer_config.json")
    try self.init(
      vocabulary: vocabulary, file: folder + "vocab.txt",
      configuration: configuration, configurationFile: folder + "tokenizer_config.json")
  }

  /// Makes a tokenizer of the content of a `tokenizer.json`.
  convenience init(_ parts: consuming TokenizerJSON) throws(TokenizerError) {
    let file = parts.file
    let added = try parts.addedTokens()
    let template = try parts.template()
    let settings = try parts.settings()
    let vocabulary = try WordPieceVocabulary(parts.list, settings: settings)

    // An added token is one of the vocabulary, or comes after it.
    var tokenCount = vocabulary.tokenCount
    for token in added {
      let known = vocabulary.id(of: token.text)
      let expected = known ?? Int32(tokenCount)
      guard token.id == expected else {
        throw .wrongID(
          file: file, token: token.text, id: Int(token.id), expected: Int(expected))
      }
      if known == nil { tokenCount += 1 }
    }
    for special in template.leading + template.trailing {
      let known = vocabulary.id(of: special.text) ?? added.first { $0.text == special.text }?.id
      guard known == special.id else {
        throw .wrongID(
          file: file, token: special.text, id: Int(special.id), expected: known.map(Int.init))
      }
    }
    self.init(
      settings: settings, vocabulary: vocabulary, addedTokens: AddedTokens(added),
      tokenCount: tokenCount, leadingIDs: template.leading.map(\.id),
      trailingIDs: template.trailing.map(\.id))
  }
}
