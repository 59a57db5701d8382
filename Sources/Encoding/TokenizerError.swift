/// Why a tokenizer cannot be read from a model's directory.
///
/// A text is never refused: what is no UTF-8 counts as U+FFFD.
package enum TokenizerError: Error, Equatable {
  case noTokenizer(directory: String)
  case unreadable(file: String, reason: String)
  case tooLarge(file: String, limitInBytes: Int)
  case malformed(file: String, JSONError)
  case notUTF8(file: String, line: Int)
  /// A key that must be there is absent or holds something of another kind.
  case missing(file: String, key: String, expected: String)
  /// A setting that Pawl does not know or does not follow.
  case unsupported(file: String, key: String, found: String, supported: String)
  case duplicateToken(file: String, token: String, ids: [Int])
  case duplicateID(file: String, token: String, id: Int)
  case idOutOfRange(file: String, token: String, id: Int, tokenCount: Int)
  case absentToken(file: String, token: String, role: String)
  case wrongID(file: String, token: String, id: Int, expected: Int?)
  case collidingTokens(file: String, token: String)
}

extension TokenizerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noTokenizer(let directory):
      """
      \(directory): neither tokenizer.json nor vocab.txt is here. Name a sentence-transformers \
      directory of a BERT model.
      """
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason). Check the path and its permissions."
    case .tooLarge(let file, let limit):
      "\(file): larger than \(limit >> 20) MiB, which no tokenizer is. Get the model's files again."
    case .malformed(let file, let error):
      "\(file): \(error). Get the model's files again."
    case .notUTF8(let file, let line):
      "\(file):\(line): bytes that are not UTF-8. Get the model's files again."
    case .missing(let file, let key, let expected):
      "\(file): \"\(key)\" should be \(expected). Save the tokenizer again with `tokenizers`."
    case .unsupported(let file, let key, let found, let supported):
      """
      \(file): \"\(key)\" is \(found), Pawl knows only \(supported). Use a model with a BERT \
      WordPiece tokenizer.
      """
    case .duplicateToken(let file, let token, let ids):
      """
      \(file): the token \"\(token)\" has two ids, \
      \(ids.map(String.init).joined(separator: " and ")). Every token must \
      occur once: get the model's files again.
      """
    case .duplicateID(let file, let token, let id):
      """
      \(file): id \(id) of the token \"\(token)\" belongs to another token too. Get the model's \
      files again.
      """
    case .idOutOfRange(let file, let token, let id, let count):
      """
      \(file): id \(id) of the token \"\(token)\" is not below \(count), the number of tokens. Ids \
      must run from 0 without a gap: get the model's files again.
      """
    case .absentToken(let file, let token, let role):
      "\(file): the \(role) \"\(token)\" is not in the vocabulary. Get the model's files again."
    case .wrongID(let file, let token, let id, let expected):
      """
      \(file): the token \"\(token)\" has id \(id), expected \
      \(expected.map(String.init) ?? "one of the vocabulary's"). Get the model's files again.
      """
    case .collidingTokens(let file, let token):
      """
      \(file): hundreds of tokens, \"\(token)\" among them, were chosen to have one hash. Do not \
      trust this model.
      """
    }
  }
}
