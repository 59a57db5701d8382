/// Added tokens, and the tokens around every text.
extension TokenizerJSON {
  /// The tokens that are found in the raw text, in the order of the file.
  ///
  /// `lstrip` and `rstrip` only take white space beside the token, which makes no ids anyway.
  func addedTokens() throws(TokenizerError) -> [AddedTokens.Token] {
    let entries = member("added_tokens")?.array ?? []
    guard entries.count <= AddedTokens.countLimit else {
      throw .unsupported(
        file: file, key: "added_tokens", found: "a list of \(entries.count)",
        supported: "up to \(AddedTokens.countLimit)")
    }
    var tokens: [AddedTokens.Token] = []
    for (index, entry) in entries.enumerated() {
      let token = try addedToken(entry, "added_tokens[\(index)]")
      if let other = tokens.first(where: { $0.bytes == token.bytes }) {
        throw .duplicateToken(file: file, token: token.text, ids: [Int(other.id), Int(token.id)])
      }
      tokens.append(token)
    }
    return tokens
  }

  private func addedToken(
    _ entry: JSON, _ name: String
  ) throws(TokenizerError) -> AddedTokens.Token {
    guard let content = entry["content"]?.string, !content.isEmpty else {
      throw .missing(file: file, key: "\(name).content", expected: "a string")
    }
    guard let id = entry["id"]?.integer, let id = Int32(exactly: id) else {
      throw .missing(file: file, key: "\(name).id", expected: "an id")
    }
    for key in ["normalized", "single_word"] where entry[key]?.bool != false {
      throw .unsupported(
        file: file, key: "\(name).\(key)", found: "\(entry[key]?.bool == true) for \"\(content)\"",
        supported: "false")
    }
    let edges = [content.unicodeScalars.first, content.unicodeScalars.last]
    if edges.contains(where: { $0?.properties.isWhitespace == true }) {
      throw .unsupported(
        file: file, key: "\(name).content", found: "\"\(content)\"",
        supported: "tokens that neither begin nor end with white space")
    }
    return AddedTokens.Token(bytes: Array(content.utf8), id: id)
  }

  /// The special tokens before and after every text.
  struct Template {
    var leading: [Special] = []
    var trailing: [Special] = []

    struct Special {
      let text: String
      let id: Int32
    }
  }

  /// What the post-processor puts around a single text.
  func template() throws(TokenizerError) -> Template {
    let processor = member("post_processor") ?? .null
    switch processor["type"]?.string {
    case "TemplateProcessing": return try template(processor)
    case "BertProcessing":
      return Template(
        leading: [try pair(processor, "cls")], trailing: [try pair(processor, "sep")])
    case let other:
      throw .unsupported(
        file: file, key: "post_processor.type", found: other.map { "\"\($0)\"" } ?? "absent",
        supported: "\"TemplateProcessing\" and \"BertProcessing\"")
    }
  }

  private func template(_ processor: JSON) throws(TokenizerError) -> Template {
    let key = "post_processor.single"
    var template = Template()
    var textCount = 0
    for piece in processor["single"]?.array ?? [] {
      guard let members = piece.members, members.count == 1,
        let type = members[0].value["type_id"]?.integer, let name = members[0].value["id"]?.string
      else { throw .missing(file: file, key: key, expected: "a list of pieces") }
      guard type == 0 else {
        throw .unsupported(
          file: file, key: key, found: "of type_id \(type)", supported: "type_id 0")
      }
      switch members[0].key {
      case "Sequence" where name == "A": textCount += 1
      case "SpecialToken":
        let specials = try specials(processor["special_tokens"]?[name], name)
        if textCount == 0 { template.leading += specials } else { template.trailing += specials }
      default:
        throw .unsupported(
          file: file, key: key, found: "with a piece \(members[0].key) \(name)",
          supported: "SpecialToken and Sequence A")
      }
    }
    guard textCount == 1 else {
      throw .missing(file: file, key: key, expected: "a list with Sequence A in it once")
    }
    return template
  }

  private func specials(
    _ entry: JSON?, _ name: String
  ) throws(TokenizerError) -> [Template.Special] {
    let ids = entry?["ids"]?.array ?? []
    let texts = entry?["tokens"]?.array ?? []
    guard !ids.isEmpty, ids.count == texts.count else {
      throw .missing(
        file: file, key: "post_processor.special_tokens.\(name)", expected: "tokens with their ids")
    }
    var specials: [Template.Special] = []
    for (id, text) in zip(ids, texts) { specials.append(try special(text, id, name)) }
    return specials
  }

  private func pair(_ processor: JSON, _ key: String) throws(TokenizerError) -> Template.Special {
    guard let pair = processor[key]?.array, pair.count == 2 else {
      throw .missing(
        file: file, key: "post_processor.\(key)", expected: "a token with its id")
    }
    return try special(pair[0], pair[1], key)
  }

  private func special(
    _ text: JSON, _ id: JSON, _ key: String
  ) throws(TokenizerError) -> Template.Special {
    guard let text = text.string, let id = id.integer, let id = Int32(exactly: id) else {
      throw .missing(file: file, key: "post_processor \(key)", expected: "a token with its id")
    }
    return Template.Special(text: text, id: id)
  }
}
