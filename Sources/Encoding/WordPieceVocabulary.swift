/// The tokens of a model, and the cut of a word into them.
///
/// Keyed by UTF-8 bytes. Immutable; about 2 MB for 30,522 tokens, built in some milliseconds.
struct WordPieceVocabulary: Sendable {
  /// All tokens behind each other, then `WordPieceBytes.padding`.
  private let blob: [UInt8]
  /// Every token as it is written.
  private let whole: WordPieceTable
  /// Those that continue a word, without their prefix.
  private let continuing: WordPieceTable
  /// Stands for a word that cannot be cut.
  private(set) var unknownID: Int32 = -1
  let tokenCount: Int

  /// Checks the tokens and builds the tables.
  ///
  /// - Throws: where ids do not run from 0 to the count without gap and repetition, where two
  ///   tokens are equal, and where the unknown token is absent.
  init(
    _ list: consuming WordPieceList, settings: TokenizerSettings
  ) throws(TokenizerError) {
    let file = list.file
    try list.checkIDs()
    list.bytes.append(contentsOf: repeatElement(0, count: WordPieceBytes.padding))
    blob = list.bytes
    tokenCount = list.ids.count

    let prefix = Array(settings.continuationPrefix.utf8)
    let isContinuing = list.tokens { $0.count > prefix.count && $0.starts(with: prefix) }
    var whole = WordPieceTable(capacity: list.ids.count)
    var continuing = WordPieceTable(capacity: isContinuing.count { $0 })
    for index in list.ids.indices {
      try whole.insert(index, of: list, without: 0)
      if isContinuing[index] { try continuing.insert(index, of: list, without: prefix.count) }
    }
    self.whole = whole
    self.continuing = continuing

    guard let unknown = id(of: settings.unknownToken) else {
      throw .absentToken(file: file, token: settings.unknownToken, role: "unknown token")
    }
    unknownID = unknown
  }

  /// The id of a token as it is written in the vocabulary.
  func id(of token: String) -> Int32? {
    let count = token.utf8.count
    let bytes = Array(token.utf8) + repeatElement(0, count: WordPieceBytes.padding)
    let id = unsafe whole.id(of: bytes.span.bytes, at: 0, count: count, blob: blob.span.bytes)
    return id < 0 ? nil : id
  }

  /// The token of an id as it is written in the vocabulary; nil where there is none.
  func token(of id: Int32) -> String? {
    whole.place(of: id).map { String(decoding: blob[$0], as: UTF8.self) }
  }

  /// Appends the tokens of a word: the word itself, or the longest that begins it and the longest
  /// that go on, or the unknown token where that comes to no end.
  ///
  /// - Parameters:
  ///   - word: normalised UTF-8, followed by at least `WordPieceBytes.padding` bytes.
  ///   - count: bytes of the word, > 0.
  /// - Complexity: O(count) for a token, else at most O(count × longest token).
  /// Source: Song et al. 2021, "Fast WordPiece Tokenization", section 3 (longest match first).
  @inline(__always)
  func append(_ word: Span<UInt8>, count: Int, to ids: inout [Int32]) {
    let word = unsafe word.bytes
    let id = unsafe whole.id(of: word, at: 0, count: count, blob: blob.span.bytes)
    if id >= 0 {
      ids.append(id)
    } else {
      appendPieces(word, count: count, to: &ids)
    }
  }

  @inline(never)
  private func appendPieces(_ word: RawSpan, count: Int, to ids: inout [Int32]) {
    let first = ids.count
    let blob = unsafe blob.span.bytes
    var piece = whole.longestID(of: word, at: 0, count: count, blob: blob)
    var start = 0
    while piece.length > 0 {
      ids.append(piece.id)
      start += piece.length
      if start == count { return }
      piece = continuing.longestID(of: word, at: start, count: count - start, blob: blob)
    }
    ids.removeSubrange(first...)
    ids.append(unknownID)
  }
}

extension WordPieceTable {
  /// Adds a token of the list without its first `prefix` bytes.
  fileprivate mutating func insert(
    _ index: Int, of list: borrowing WordPieceList, without prefix: Int
  ) throws(TokenizerError) {
    let start = list.starts[index] + prefix
    let id = list.ids[index]
    let insertion = insert(
      offset: start, count: list.starts[index + 1] - start, id: id,
      blob: unsafe list.bytes.span.bytes)
    switch insertion {
    case .inserted: break
    case .duplicate(let other):
      throw .duplicateToken(file: list.file, token: list.token(index), ids: [Int(other), Int(id)])
    case .tooManyCollisions:
      throw .collidingTokens(file: list.file, token: list.token(index))
    }
  }
}
